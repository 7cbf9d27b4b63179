// ingot verify: compares everything in containers that can be compared.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/container_reader.h"
#include "codec/source.h"
#include "tools/command.h"
#include "tools/common_options.h"
#include "tools/exit_code.h"
#include "tools/progress.h"
#include "tools/standard_streams.h"
#include "tools/text.h"

namespace ingot {
namespace {

constexpr char kVerifyExamples[] =
    R"(Compares every record, every block checksum and the SHA-256 of every
object and file. What files need from elsewhere is looked for as ingot
decompress does it; where it is not found, everything else is compared, and the
exit code is 1. All FILEs are looked at; the exit code is the highest of theirs.

Examples:
  ingot verify model.safetensors.ingot
  ingot verify -q *.ingot && echo all good)";

struct VerifyOptions {
  std::vector<std::string> files;
  std::vector<std::string> bases;
  int threads = 0;
  bool quiet = false;
};

Status Verify(const std::string& path, const VerifyOptions& options) {
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(path));
  INGOT_ASSIGN(const std::unique_ptr<BaseModels> bases,
               OpenBases(options.bases, options.threads));
  INGOT_ASSIGN(
      const std::unique_ptr<ContainerReader> reader,
      OpenContainer(std::move(source), path,
                    {.threads = options.threads, .verify_digests = true},
                    bases.get()));
  uint64_t raw_bytes = 0;
  for (const Manifest& file : reader->files()) raw_bytes += file.id.length;
  uint64_t incomplete = 0;
  {
    Progress progress(path, raw_bytes, options.quiet);
    reader->SetProgress([&progress](uint64_t bytes) { progress.Set(bytes); });
    INGOT_TRY(reader->Verify(&incomplete));
  }
  if (options.quiet) return {};
  return Print(Printable(path) + ": ok, " +
               Count(reader->files().size(), "file") + ", " +
               Count(reader->object_count(), "object") + ", " +
               Count(raw_bytes, "byte") + "\n");
}

int VerifyAll(const VerifyOptions& options) {
  int code = kExitOk;
  for (const std::string& path : options.files) {
    code = std::max(code, Report(Verify(path, options)));
  }
  return code;
}

}  // namespace

void AddVerifyCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* const command = app->add_subcommand(
      "verify", "Compare a container with its checksums and SHA-256");
  command->footer(kVerifyExamples);
  command->add_option("FILE", options->files, "Containers")->required();
  AddThreadsOption(command, &options->threads);
  AddBaseOption(command, kBaseHelp, &options->bases);
  command->add_flag("-q,--quiet", options->quiet, "Say nothing of good ones");
  command->callback(
      [options, run] { *run = [options] { return VerifyAll(*options); }; });
}

}  // namespace ingot
