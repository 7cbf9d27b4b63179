// ingot patch make, apply and info.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "codec/container_reader.h"
#include "tools/command.h"
#include "tools/common_options.h"
#include "tools/exit_code.h"
#include "tools/patch.h"
#include "tools/standard_streams.h"
#include "tools/text.h"

namespace ingot {
namespace {

constexpr char kPatchExamples[] =
    R"(A patch holds what changed between two model files. It is a container
that needs the old file to be decoded, and says by SHA-256 which one that is.

Examples:
  ingot patch make v1.safetensors v2.safetensors -o v1-to-v2.patch
  ingot patch info v1-to-v2.patch
  ingot patch apply v1-to-v2.patch model.safetensors
"ingot patch make --help" and so on tell more.)";

constexpr char kMakeExamples[] =
    R"(Tensors are coded as what changed against those of the same name in OLD.
Everything of OLD that NEW lacks is gone, and may be anything: NEW is restored
byte for byte. With --shards N the patch can also be applied to the shards of
tensor-parallel runtimes, of which each holds an N-th of a tensor's rows, or
several; where N does not divide the rows, their common divisor does. That costs
64 bytes for each part.

Examples:
  ingot patch make v1.safetensors v2.safetensors     makes v2.safetensors.patch
  ingot patch make -7 -o p.patch step1.pt step2.pt   smaller, slower
  ingot patch make --shards 8 -o p.patch v1.safetensors v2.safetensors)";

constexpr char kApplyExamples[] =
    R"(TARGET must be the file that the patch was made from, whatever it is
called: its SHA-256 is compared first, that of the result at the end. Then the
result takes TARGET's place, with its permissions, in one step: whatever
happens, TARGET is the old file or the new one. One that is the new one already
is left alone (exit code 0). A link is replaced, not what it points to.

With --tensor TARGET is a shard, a file that holds rows A to B of that tensor
under its name; without --rows all of them. The patch was made with --shards.
Both options may be repeated, the n-th --rows belongs to the n-th --tensor. The
rows are compared with digests of OLD and NEW in the patch, unless it changes
nothing of the tensor; what else is in the shard stays. Rows are cut along the
first dimension; shards that hold columns cannot be patched. For safetensors,
GGUF and NPY.

Examples:
  ingot patch apply v1-to-v2.patch model.safetensors
  ingot patch apply -o v2.safetensors v1-to-v2.patch v1.safetensors
  ingot patch apply p.patch rank1.st --tensor lm_head --rows 16000:32000)";

constexpr uint64_t kMaxShards = 1024;

constexpr char kInfoExamples[] =
    R"(Which file the patch was made from, and which one it makes.

Examples:
  ingot patch info v1-to-v2.patch
  ingot patch info --json v1-to-v2.patch | jq -r .base.sha256)";

struct MakeOptions {
  MakePatchOptions make;
  LevelOption level;
  RawOption raw;
};

struct ApplyOptions {
  ApplyPatchOptions apply;
  std::vector<std::string> tensors;
  std::vector<std::string> rows;
};

struct InfoOptions {
  std::string patch;
  bool json = false;
};

Status Make(MakeOptions options) {
  MakePatchOptions& make = options.make;
  if (make.output.empty()) make.output = make.target + ".patch";
  make.encode.level = options.level.Get();
  make.raw = options.raw.Get();
  return MakePatch(make);
}

Status Apply(ApplyOptions options) {
  ApplyPatchOptions& apply = options.apply;
  if (!options.rows.empty() && options.rows.size() != options.tensors.size()) {
    return InvalidArgument("--rows: expected one for each --tensor, or none");
  }
  for (size_t i = 0; i < options.tensors.size(); ++i) {
    apply.shard.push_back({.name = options.tensors[i],
                           .rows = options.rows.empty()
                                       ? IndexRange{}
                                       : *ParseIndexRange(options.rows[i])});
  }
  INGOT_ASSIGN(const bool applied, ApplyPatch(apply));
  if (applied || apply.quiet) return {};
  return Print(Printable(apply.target) + ": already patched\n");
}

std::string InfoAsText(const ContainerReader& patch) {
  const Manifest& file = patch.files()[0];
  const BaseFile& base = patch.base_files()[0];
  std::string text = Printable(patch.name()) + ": patch of " +
                     Count(patch.size(), "byte") + ", size " +
                     Ratio(patch.size(), file.id.length) + "\n";
  const auto line = [&](const char* what, const std::string& name,
                        const ObjectId& id) {
    text += std::string(what) + Printable(name) + ": " +
            Count(id.length, "byte") + ", sha256 " + ToHex(id.digest) + "\n";
  };
  line("base   ", base.name, base.id);
  line("target ", file.info.path, file.id);
  if (patch.parts().empty()) return text + "for whole files only\n";
  return text + "for shards, too: " + Count(patch.parts().size(), "tensor") +
         "\n";
}

std::string InfoAsJson(const ContainerReader& patch) {
  using Json = nlohmann::ordered_json;
  const auto side = [](const std::string& name, const ObjectId& id) {
    Json json;
    json["name"] = name;
    json["bytes"] = id.length;
    json["sha256"] = ToHex(id.digest);
    return json;
  };
  const Manifest& file = patch.files()[0];
  Json json;
  json["patch"] = patch.name();
  json["bytes"] = patch.size();
  json["base"] = side(patch.base_files()[0].name, patch.base_files()[0].id);
  json["target"] = side(file.info.path, file.id);
  json["shard_tensors"] = Json::array();
  for (const TensorParts& tensor : patch.parts()) {
    Json entry;
    entry["name"] = tensor.name;
    entry["bytes"] = tensor.base.length;
    entry["part_bytes"] = tensor.part_bytes;
    json["shard_tensors"].push_back(std::move(entry));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Status Info(const InfoOptions& options) {
  INGOT_ASSIGN(const std::unique_ptr<ContainerReader> patch,
               OpenPatch(options.patch, 1, nullptr));
  return Print(options.json ? InfoAsJson(*patch) : InfoAsText(*patch));
}

void AddMake(CLI::App* patch, CommandRun* run) {
  auto options = std::make_shared<MakeOptions>();
  CLI::App* const command =
      patch->add_subcommand("make", "Write what changed from OLD to NEW");
  command->footer(kMakeExamples);
  command->add_option("OLD", options->make.base, "Model file")->required();
  command->add_option("NEW", options->make.target, "Model file")->required();
  AddLevelOption(command, &options->level);
  options->make.encode.threads = 0;
  AddThreadsOption(command, &options->make.encode.threads);
  command
      ->add_option("-o,--output", options->make.output,
                   "Output; NEW.patch without")
      ->option_text("PATCH");
  command
      ->add_option("--shards", options->make.shards,
                   "Shards that the patch may be applied to, each with an N-th "
                   "of the rows of tensors")
      ->option_text("N")
      ->check(CLI::Range(uint64_t{1}, kMaxShards));
  AddRawOption(command, &options->raw);
  command->add_flag("-f,--force", options->make.force, "Replace the output");
  command->add_flag("-q,--quiet", options->make.quiet, "No progress");
  command->callback(
      [options, run] { *run = [options] { return Report(Make(*options)); }; });
}

void AddApply(CLI::App* patch, CommandRun* run) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* const command =
      patch->add_subcommand("apply", "Make a file the new one, in one step");
  command->footer(kApplyExamples);
  command->add_option("PATCH", options->apply.patch, "Patch")->required();
  command->add_option("TARGET", options->apply.target, "The old file")
      ->required();
  AddThreadsOption(command, &options->apply.threads);
  command
      ->add_option("-o,--output", options->apply.output,
                   "Write the new file here and keep TARGET")
      ->option_text("OUT");
  CLI::Option* const tensor =
      command
          ->add_option("--tensor", options->tensors,
                       "A tensor that TARGET, a shard, holds; may be repeated")
          ->option_text("NAME")
          ->allow_extra_args(false);
  command
      ->add_option("--rows", options->rows,
                   "The rows that it holds of it, for each --tensor")
      ->option_text("A:B")
      ->allow_extra_args(false)
      ->check(CheckIndexRange)
      ->needs(tensor);
  command->add_flag("-f,--force", options->apply.force, "Replace OUT");
  command->add_flag("-q,--quiet", options->apply.quiet,
                    "No progress, no remarks");
  command->callback(
      [options, run] { *run = [options] { return Report(Apply(*options)); }; });
}

void AddInfo(CLI::App* patch, CommandRun* run) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* const command = patch->add_subcommand(
      "info", "Tell which files a patch was made from and for");
  command->footer(kInfoExamples);
  command->add_option("PATCH", options->patch, "Patch")->required();
  command->add_flag("--json", options->json, "JSON instead of text");
  command->callback(
      [options, run] { *run = [options] { return Report(Info(*options)); }; });
}

}  // namespace

void AddPatchCommand(CLI::App* app, CommandRun* run) {
  CLI::App* const command = app->add_subcommand(
      "patch", "Turn a model file into another by what changed");
  command->footer(kPatchExamples);
  command->require_subcommand(1);
  AddMake(command, run);
  AddApply(command, run);
  AddInfo(command, run);
}

}  // namespace ingot
