// ingot similar: which model files resemble which, and what deltas would take.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/sink.h"
#include "tools/command.h"
#include "tools/common_options.h"
#include "tools/exit_code.h"
#include "tools/input_tree.h"
#include "tools/output_folder.h"
#include "tools/progress.h"
#include "tools/similarity.h"
#include "tools/similarity_report.h"
#include "tools/standard_streams.h"

namespace ingot {
namespace {

constexpr char kSimilarExamples[] =
    R"(Compares every file with every other, tensor by tensor and with no regard
to names: renamed tensors, row ranges of tensors and tensors with rows appended
are recognized. PATH may be a model file, a container (all of whose files are
one) or a folder, each of whose files counts; there, files without elements of
any known dtype are left out. Samples of the tensors are read, never all of a
file; of containers, the blocks that hold them.

  alone      estimated size (encoded / raw) without a base
  with base  the same given the best base, from samples of the elements
  distance   the same from 128-byte sketches of the tensors, as stores keep
             them; unrelated bf16 tensors have 0.66
A best base saves a twentieth at least.

Examples:
  ingot similar base.safetensors finetune.safetensors
  ingot similar --tensors base.ingot finetune.safetensors
  ingot similar models/ --svg models.svg
  ingot similar --json models/ | jq '.files[] | {path, best_base}')";

struct SimilarOptions {
  std::vector<std::string> paths;
  RawOption raw;
  std::string svg;
  bool json = false;
  bool tensors = false;
  bool force = false;
  bool quiet = false;
};

struct Input {
  InputFile file;
  std::string name;
  bool in_folder = false;
};

class Comparison {
 public:
  explicit Comparison(const SimilarOptions& options) : options_(options) {}

  Status Run() {
    INGOT_TRY(FindInputs());
    // An existing image is in the way before the work, not after it.
    std::unique_ptr<Sink> svg;
    if (!options_.svg.empty()) {
      INGOT_ASSIGN(svg,
                   CreateFileSink(options_.svg, {.overwrite = options_.force}));
    }
    INGOT_TRY(OpenModels());
    INGOT_ASSIGN(const Similarity similarity, Compare());
    if (svg != nullptr) {
      INGOT_TRY(svg->Write(AsBytes(SimilarityAsSvg(similarity))));
      INGOT_TRY(svg->Commit());
    }
    return Print(options_.json
                     ? SimilarityAsJson(similarity, options_.tensors)
                     : SimilarityAsText(similarity, options_.tensors));
  }

 private:
  Status FindInputs() {
    for (const std::string& path : options_.paths) {
      INGOT_ASSIGN(InputTree tree, ScanInput(path, {}));
      for (const std::string& line : tree.skipped) PrintMessage(line);
      for (InputFile& file : tree.files) {
        const bool known = std::any_of(
            inputs_.begin(), inputs_.end(), [&file](const Input& input) {
              return input.file.identity == file.identity;
            });
        if (known) continue;
        // Names in one folder need not repeat it.
        const bool only = tree.is_folder && options_.paths.size() == 1;
        std::string name = only ? file.name : file.path;
        inputs_.push_back({.file = std::move(file),
                           .name = std::move(name),
                           .in_folder = tree.is_folder});
      }
    }
    return {};
  }

  Status OpenModels() {
    uint64_t total = 0;
    for (const Input& input : inputs_) total += input.file.size;
    Progress progress("sketches", total, options_.quiet);
    for (const Input& input : inputs_) {
      INGOT_ASSIGN(std::unique_ptr<SimilarityModel> model,
                   SimilarityModel::Open(input.file.path, input.name,
                                         options_.raw.Get()));
      progress.Add(input.file.size);
      if (input.in_folder && !model->has_elements()) continue;
      models_.push_back(std::move(model));
    }
    if (models_.size() < 2) {
      return InvalidArgument(options_.paths.front() +
                             ": expected two model files or more");
    }
    return {};
  }

  Result<Similarity> Compare() {
    uint64_t total = 0;
    for (const auto& model : models_) total += model->size();
    Progress progress("pairs", total, options_.quiet);
    return CompareModels(
        models_, [&](size_t done) { progress.Add(models_[done]->size()); });
  }

  const SimilarOptions& options_;
  std::vector<Input> inputs_;
  std::vector<std::unique_ptr<SimilarityModel>> models_;
};

}  // namespace

void AddSimilarCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<SimilarOptions>();
  CLI::App* const command = app->add_subcommand(
      "similar", "Tell which model files would make small deltas of which");
  command->footer(kSimilarExamples);
  command->add_option("PATH", options->paths, "Files, containers or folders")
      ->required();
  command->add_flag("--tensors", options->tensors,
                    "The tensors of each file and their bases, too");
  command->add_flag("--json", options->json, "JSON of all pairs");
  command
      ->add_option("--svg", options->svg,
                   "Draw all pairs and the family tree, too")
      ->option_text("FILE");
  command->add_flag("-f,--force", options->force, "Replace the image");
  command->add_flag("-q,--quiet", options->quiet, "No progress");
  AddRawOption(command, &options->raw);
  command->callback([options, run] {
    *run = [options] { return Report(Comparison(*options).Run()); };
  });
}

}  // namespace ingot
