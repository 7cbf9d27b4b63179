// ingot decompress: the files of a container, as they were.

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/container_reader.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "codec/stream_decoder.h"
#include "tools/command.h"
#include "tools/common_options.h"
#include "tools/exit_code.h"
#include "tools/progress.h"
#include "tools/restore_target.h"
#include "tools/standard_streams.h"

namespace ingot {
namespace {

constexpr char kDecompressExamples[] =
    R"(A container of one file is restored as FILE without .ingot, or as OUT.
Any other container becomes a folder of that name, as does OUT where it is a
folder or ends in a slash. Nothing is written where a file is in the way (-f
replaces files); of a container from stdin each file is checked when its turn
comes. Block checksums are compared; for SHA-256 use ingot verify. A pipe cannot
go back to a tensor that the container keeps once for several names, which is an
error (3); a FILE, or stdin redirected from one, can.
What the container takes from base models is looked for in every --base, then at
the path where the base last was, then beside FILE; by SHA-256, whatever it is
called. A pipe names no paths: it needs --base.

Examples:
  ingot decompress model.safetensors.ingot
  ingot decompress -o restored/ model.ingot
  ingot compress -c model | ssh host ingot decompress - -o model)";

constexpr std::string_view kSuffix = ".ingot";
constexpr size_t kPipeReadBytes = size_t{1} << 20;

struct DecompressOptions {
  std::string path;
  std::string output;
  std::vector<std::string> bases;
  int threads = 0;
  bool to_stdout = false;
  bool keep = false;
  bool force = false;
  bool quiet = false;

  bool FromStdin() const { return path == "-"; }
  bool ToStdout() const {
    return to_stdout || output == "-" || (FromStdin() && output.empty());
  }
};

// FILE without .ingot; empty for stdout.
Result<std::string> ChooseOutput(const DecompressOptions& options) {
  if (options.ToStdout()) {
    INGOT_TRY(RefuseTerminal());
    return std::string();
  }
  if (!options.output.empty()) return options.output;
  const std::string& path = options.path;
  const std::string stripped =
      path.ends_with(kSuffix) ? path.substr(0, path.size() - kSuffix.size())
                              : "";
  if (stripped.empty() || stripped.ends_with('/')) {
    return InvalidArgument(path +
                           ": expected a name that ends in .ingot (or -o OUT)");
  }
  return stripped;
}

// stdin as a Source where it is a whole file: that can follow references,
// which a stream cannot.
std::unique_ptr<Source> StdinAsFile() {
  struct stat info;
  if (fstat(STDIN_FILENO, &info) != 0 || !S_ISREG(info.st_mode) ||
      lseek(STDIN_FILENO, 0, SEEK_CUR) != 0) {
    return nullptr;
  }
  Result<std::unique_ptr<Source>> source = OpenFileSource("/dev/stdin");
  return source.ok() ? std::move(*source) : nullptr;
}

// Names the file that was being restored in the message.
Status While(const std::string& path, Status status) {
  if (status.ok() || path.empty()) return status;
  Error error = std::move(status).error();
  error.message += " (while restoring " + path + ")";
  return error;
}

Status RestoreFiles(ContainerReader* reader, bool quiet,
                    RestoreTarget* target) {
  INGOT_TRY(target->Expect(reader->files()));
  uint64_t total = 0;
  for (const Manifest& file : reader->files()) total += file.id.length;
  Progress progress(reader->name(), total, quiet);
  for (size_t i = 0; i < reader->files().size(); ++i) {
    const Manifest& file = reader->files()[i];
    INGOT_ASSIGN(Sink* const sink, target->Begin(file.info));
    const ByteConsumer consumer = [&](ByteSpan bytes) {
      progress.Add(bytes.size());
      return sink->Write(bytes);
    };
    INGOT_TRY(While(file.info.path,
                    reader->ReadFile(i, 0, file.id.length, consumer)));
    INGOT_TRY(target->End());
  }
  return target->Finish();
}

// Feeds some of stdin, or its end.
Status FeedStdin(std::vector<std::byte>* buffer, StreamDecoder* decoder) {
  INGOT_ASSIGN(const size_t got,
               ReadSome(STDIN_FILENO, std::string(kStdinName), *buffer));
  if (got == 0) {
    decoder->EndInput();
  } else {
    decoder->Feed(ByteSpan(*buffer).first(got));
  }
  return {};
}

Status RestoreStream(const DecompressOptions& options, BaseModels* bases,
                     RestoreTarget* target) {
  using Event = StreamDecoder::Event;
  StreamDecoder decoder(std::string(kStdinName),
                        {.threads = options.threads, .references = bases});
  Progress progress(std::string(kStdinName), std::nullopt, options.quiet);
  std::vector<std::byte> buffer(kPipeReadBytes);
  Sink* sink = nullptr;
  std::string path;
  for (;;) {
    const Result<Event> event = decoder.Next();
    if (!event.ok()) return While(path, event.error());
    switch (*event) {
      case Event::kNeedInput:
        INGOT_TRY(FeedStdin(&buffer, &decoder));
        break;
      case Event::kFileBegin: {
        path = decoder.file().path;
        INGOT_ASSIGN(sink, target->Begin(decoder.file()));
        break;
      }
      case Event::kRegion:
        break;
      case Event::kData:
        // An object outside of all files belongs to none.
        if (sink == nullptr) break;
        progress.Add(decoder.data().size());
        INGOT_TRY(sink->Write(decoder.data()));
        break;
      case Event::kFileEnd:
        INGOT_TRY(target->End());
        sink = nullptr;
        path.clear();
        break;
      case Event::kEnd:
        return target->Finish();
    }
  }
}

Status Decompress(const DecompressOptions& options) {
  INGOT_ASSIGN(const std::string output, ChooseOutput(options));
  std::unique_ptr<Source> source;
  if (options.FromStdin()) {
    source = StdinAsFile();
  } else {
    INGOT_ASSIGN(source, OpenFileSource(options.path));
  }
  RestoreTarget target(
      options.FromStdin() ? std::string(kStdinName) : options.path, output,
      options.force);
  INGOT_ASSIGN(const std::unique_ptr<BaseModels> bases,
               OpenBases(options.bases, options.threads));
  if (source == nullptr) return RestoreStream(options, bases.get(), &target);
  INGOT_ASSIGN(
      const std::unique_ptr<ContainerReader> reader,
      OpenContainer(std::move(source), options.FromStdin() ? "" : options.path,
                    {.threads = options.threads}, bases.get()));
  return RestoreFiles(reader.get(), options.quiet, &target);
}

}  // namespace

void AddDecompressCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<DecompressOptions>();
  CLI::App* const command =
      app->add_subcommand("decompress", "Restore the files of a container");
  command->footer(kDecompressExamples);
  command->add_option("FILE", options->path, "Container, or - for stdin")
      ->required();
  AddThreadsOption(command, &options->threads);
  AddBaseOption(command, kBaseHelp, &options->bases);
  CLI::Option* const output =
      command
          ->add_option("-o,--output", options->output,
                       "Output; FILE without .ingot if not given (stdout for "
                       "-)")
          ->option_text("OUT");
  command->add_flag("-c,--stdout", options->to_stdout, "Write to stdout")
      ->excludes(output);
  command->add_flag("-k,--keep", options->keep,
                    "Keep the container (always; for habits)");
  command->add_flag("-f,--force", options->force, "Replace existing files");
  command->add_flag("-q,--quiet", options->quiet, "No progress");
  command->callback([options, run] {
    *run = [options] { return Report(Decompress(*options)); };
  });
}

}  // namespace ingot
