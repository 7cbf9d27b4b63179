// ingot compress: a file, a folder or a stream into one container.

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/sink.h"
#include "codec/stream_encoder.h"
#include "formats/base_models.h"
#include "formats/encode_stream.h"
#include "tools/chain.h"
#include "tools/command.h"
#include "tools/common_options.h"
#include "tools/encode_tree.h"
#include "tools/exit_code.h"
#include "tools/input_tree.h"
#include "tools/output_folder.h"
#include "tools/progress.h"
#include "tools/standard_streams.h"

namespace ingot {
namespace {

constexpr char kCompressExamples[] =
    R"(PATH may be a folder: every regular file below it, links to files
followed, becomes one file of the container, named by its path relative to PATH.
Links to folders, dangling links and special files are left out with a line on
stderr; so are, silently, folders without files. Equal tensors are kept once.
Exit code 0 all the same: what was left out is no error.
With --base, tensors are coded as what changed against those of the same name,
dtype and row length there, and equal ones become references. The container then
needs these to be restored: any files that hold the same bytes.

With --chain PATH is the folder of a training run, and every file and folder in
it a checkpoint (or those that --match names). Each becomes a container in the
folder OUT (PATH.chain without), in the order of the numbers in their names: a
full one every K, the others coded against the one before, so that restoring one
reads K containers at most. Run it again as training goes on: it adds what is
new, at the end, and refuses checkpoints that have changed. It may be killed at
any moment; the next run completes the chain.

Examples:
  ingot compress --chain run42/               makes run42.chain/*.ingot
  ingot compress --chain --match 'checkpoint-*' --rm -o archive/run42 run42/
  ingot compress model.safetensors            makes model.safetensors.ingot
  ingot compress -1 -T2 -o out.ingot model/   a whole model repository
  ingot compress --dtype bf16 --columns 4096 weights.bin
  ingot compress --base llama/ llama-instruct/
  cat model.safetensors | ingot compress - > model.ingot)";

struct CompressOptions {
  std::string path;
  std::string output;
  LevelOption level;
  EncodeOptions encode = {.threads = 0};
  RawOption raw;
  std::vector<std::string> bases;
  unsigned max_depth = kDefaultMaxDepth;
  bool to_stdout = false;
  bool keep = false;
  bool force = false;
  bool quiet = false;
  bool remove = false;
  bool no_metadata = false;

  bool chain = false;
  unsigned keyframe = kDefaultKeyframe;
  std::string match;

  EncodeTreeOptions Tree() const {
    return {.raw = raw.Get(), .metadata = !no_metadata};
  }
  bool FromStdin() const { return path == "-"; }
  bool ToStdout() const {
    return to_stdout || output == "-" || (FromStdin() && output.empty());
  }
};

// PATH.ingot, beside PATH.
Result<std::string> DefaultOutput(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  const std::string last = path.substr(path.rfind('/') + 1);
  if (last.empty() || last == "." || last == "..") {
    return InvalidArgument(path +
                           ": has no name to call the output by (-o OUT)");
  }
  return path + ".ingot";
}

class Compression {
 public:
  explicit Compression(const CompressOptions& options) : options_(options) {}

  Status Run();

 private:
  Status ChooseOutput();
  Status CheckInput() const;
  // What --base names, without the input and the output.
  Status OpenBases();
  // Writes the container.
  Status Encode(Sink* sink);
  Result<ObjectId> EncodeStdin(StreamEncoder* encoder, Progress* progress);

  const CompressOptions& options_;
  std::string output_;  // empty: stdout
  InputTree tree_;
  std::unique_ptr<BaseModels> bases_;  // null without --base
  std::vector<ObjectId> ids_;          // of the files, as they were read
};

Status Compression::ChooseOutput() {
  if (options_.ToStdout()) return RefuseTerminal();
  if (!options_.output.empty()) {
    output_ = options_.output;
    return {};
  }
  INGOT_ASSIGN(output_, DefaultOutput(options_.path));
  return {};
}

Status Compression::CheckInput() const {
  if (options_.remove && (options_.FromStdin() || output_.empty())) {
    return InvalidArgument(
        "--rm: expected a file or folder as input and a file as output");
  }
  if (options_.FromStdin()) return {};
  if (options_.path.ends_with(".ingot") && !options_.force &&
      !tree_.is_folder) {
    return InvalidArgument(options_.path +
                           ": has the suffix .ingot already (-f compresses it "
                           "all the same)");
  }
  const std::optional<FileIdentity> target = IdentityOf(output_);
  if (!tree_.is_folder && target && *target == tree_.files[0].identity) {
    return InvalidArgument(output_ + ": is the input itself");
  }
  return {};
}

Status Compression::OpenBases() {
  if (options_.bases.empty()) return {};
  const auto exclude = [this](const std::string& path) {
    const std::optional<FileIdentity> identity = IdentityOf(path);
    if (!identity) return false;
    if (!output_.empty() && identity == IdentityOf(output_)) return true;
    return std::ranges::any_of(tree_.files, [&](const InputFile& file) {
      return file.identity == *identity;
    });
  };
  bases_ = std::make_unique<BaseModels>(
      BaseOptions{.raw = options_.raw.Get(),
                  .max_depth = options_.max_depth,
                  .threads = options_.encode.threads,
                  .exclude = exclude});
  for (const std::string& path : options_.bases) INGOT_TRY(bases_->Add(path));
  return {};
}

Status Compression::Run() {
  INGOT_TRY(ChooseOutput());
  if (!options_.FromStdin()) {
    // The output may lie in the folder; it must not swallow itself.
    std::vector<FileIdentity> excluded;
    const std::optional<FileIdentity> target =
        output_.empty() ? IdentityOf(STDOUT_FILENO) : IdentityOf(output_);
    if (target) excluded.push_back(*target);
    INGOT_ASSIGN(tree_, ScanInput(options_.path, excluded));
    for (const std::string& line : tree_.skipped) PrintMessage(line);
  }
  INGOT_TRY(CheckInput());
  INGOT_TRY(OpenBases());

  std::unique_ptr<Sink> sink;
  if (output_.empty()) {
    sink = MakeDescriptorSink(STDOUT_FILENO, std::string(kStdoutName));
  } else {
    // The container of a private file is as private.
    const bool single = !options_.FromStdin() && !tree_.is_folder;
    INGOT_ASSIGN(sink, CreateOutputFile(
                           output_, {.overwrite = options_.force,
                                     .mode = single ? tree_.files[0].mode & 0666
                                                    : 0666}));
  }
  INGOT_TRY(Encode(sink.get()));
  INGOT_TRY(sink->Commit());
  if (!options_.remove) return {};
  INGOT_TRY(CheckHolds(output_, ids_, options_.encode.threads, bases_.get(),
                       options_.quiet));
  return RemoveInput(tree_);
}

Status Compression::Encode(Sink* sink) {
  EncodeOptions encode = options_.encode;
  encode.references = bases_.get();
  INGOT_ASSIGN(const std::unique_ptr<StreamEncoder> encoder,
               StreamEncoder::Create(sink, encode));
  if (options_.FromStdin()) {
    Progress progress(std::string(kStdinName), std::nullopt, options_.quiet);
    INGOT_TRY(EncodeStdin(encoder.get(), &progress));
  } else {
    Progress progress(options_.path, tree_.TotalBytes(), options_.quiet);
    INGOT_ASSIGN(ids_, EncodeTree(tree_, options_.Tree(), encoder.get(),
                                  bases_.get(), &progress));
  }
  return encoder->Finish();
}

Result<ObjectId> Compression::EncodeStdin(StreamEncoder* encoder,
                                          Progress* progress) {
  const std::string name(kStdinName);
  return EncodeStream(
      [&name](MutableByteSpan out) {
        return ReadSome(STDIN_FILENO, name, out);
      },
      name, options_.raw.Get(), {}, encoder,
      [progress](uint64_t bytes) { progress->Add(bytes); }, bases_.get());
}

Status RunChain(const CompressOptions& options, bool keyframe_given) {
  if (options.FromStdin() || options.ToStdout() || options.force ||
      !options.bases.empty()) {
    return InvalidArgument(
        "--chain: expected a folder as input and as output, without -f and "
        "--base");
  }
  ChainOptions chain{.checkpoints = options.path,
                     .match = options.match,
                     .output = options.output,
                     .keyframe = std::nullopt,
                     .encode = options.encode,
                     .tree = options.Tree(),
                     .remove = options.remove,
                     .quiet = options.quiet};
  if (keyframe_given) chain.keyframe = options.keyframe;
  return CompressChain(chain);
}

}  // namespace

void AddCompressCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<CompressOptions>();
  CLI::App* const command =
      app->add_subcommand("compress", "Compress a file, a folder or a stream");
  command->footer(kCompressExamples);
  command->add_option("PATH", options->path, "File, folder, or - for stdin")
      ->required();
  AddLevelOption(command, &options->level);
  AddThreadsOption(command, &options->encode.threads);
  CLI::Option* const output =
      command
          ->add_option("-o,--output", options->output,
                       "Output; PATH.ingot without (stdout for -)")
          ->option_text("OUT");
  CLI::Option* const to_stdout =
      command->add_flag("-c,--stdout", options->to_stdout, "Write to stdout")
          ->excludes(output);
  CLI::Option* const chain =
      command
          ->add_flag("--chain", options->chain,
                     "PATH holds the checkpoints of a run: add the new ones to "
                     "a chain")
          ->excludes(to_stdout);
  CLI::Option* const keyframe =
      command
          ->add_option("--keyframe", options->keyframe,
                       "A full checkpoint every K, 1 to 17; 4, or what the "
                       "chain has, without")
          ->option_text("K")
          ->check(CLI::Range(1U, kMaxKeyframe))
          ->needs(chain);
  command
      ->add_option("--match", options->match,
                   "Only checkpoints of such names, as a shell matches")
      ->option_text("PATTERN")
      ->needs(chain);
  CLI::Option* const keep =
      command->add_flag("-k,--keep", options->keep, "Keep the input (default)");
  command->add_flag("-f,--force", options->force,
                    "Replace the output; compress *.ingot");
  command->add_flag("-q,--quiet", options->quiet, "No progress, no remarks");
  command
      ->add_flag("--rm", options->remove,
                 "Remove the input after the container has been verified")
      ->excludes(keep);
  AddRawOption(command, &options->raw);
  AddBaseOption(command,
                "Model file, container or folder that PATH resembles; may be "
                "repeated",
                &options->bases);
  command
      ->add_option("--max-depth", options->max_depth,
                   "Longest chain of containers that each need the next, this "
                   "one counted; 4 without. Deeper bases are not used")
      ->option_text("N")
      ->check(CLI::Range(1u, kMaxDepth));
  command->add_flag("--no-metadata", options->no_metadata,
                    "Do not record permissions and times");
  command->callback([options, keyframe, run] {
    options->encode.level = options->level.Get();
    const bool keyframe_given = keyframe->count() > 0;
    *run = [options, keyframe_given] {
      return Report(options->chain ? RunChain(*options, keyframe_given)
                                   : Compression(*options).Run());
    };
  });
}

}  // namespace ingot
