// ingot: the command-line tool. Each subcommand is a file of its own, see
// command.h; this one parses, dispatches and catches what is left.

#include <CLI/CLI.hpp>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/tensor_codec.h"
#include "tools/command.h"
#include "tools/exit_code.h"
#include "tools/signals.h"
#include "tools/standard_streams.h"

namespace ingot {
namespace {

constexpr char kExamples[] =
    R"(Exit codes: 0 done; 1 error (input and output, something missing or in
the way); 2 usage; 3 corrupt or unsupported container; 4 somebody else
committed first; 5 the server cannot be reached.
INGOT_KERNEL=scalar|avx2|avx512|neon forces the kernels to use.

Examples:
  ingot compress model.safetensors
  ingot inspect model.safetensors.ingot
  ingot verify model.safetensors.ingot
  ingot decompress -o copy.safetensors model.safetensors.ingot
  ingot cat model.safetensors.ingot model.norm.weight --elements 0:16 | od -x
  ingot compress --chain run42/
  ingot patch make old.safetensors new.safetensors
  ingot similar models/
  ingot bench model.safetensors
  ingot push me/model models/llama/
  ingot pull me/model
"ingot COMMAND --help" tells more.)";

// --help and --version come as exceptions of the parser, too.
int ExplainParse(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {
    std::ostringstream text;
    app.exit(error, text, text);
    return Report(Print(text.str()));
  }
  std::string command = "ingot";
  const CLI::App* last = &app;
  while (!last->get_subcommands().empty()) {
    last = last->get_subcommands().front();
    command += " " + last->get_name();
  }
  // The parser would say no more than that a subcommand is missing.
  const std::vector<std::string> unknown = last->remaining();
  if (last->get_require_subcommand_min() > 0 && !unknown.empty()) {
    PrintMessage(unknown.front() + ": no such command or option (see " +
                 command + " --help)");
    return kExitUsage;
  }
  PrintMessage(std::string(error.what()) + " (see " + command + " --help)");
  return kExitUsage;
}

int Main(int argc, char** argv) {
  CLI::App app("Keeps model weights small without changing a bit of them.",
               "ingot");
  app.footer(kExamples);
  app.set_version_flag("--version", std::string("ingot ") + INGOT_VERSION);
  app.require_subcommand(1);
  CommandRun run;
  AddCompressCommand(&app, &run);
  AddDecompressCommand(&app, &run);
  AddVerifyCommand(&app, &run);
  AddInspectCommand(&app, &run);
  AddCatCommand(&app, &run);
  AddSimilarCommand(&app, &run);
  AddPatchCommand(&app, &run);
  AddBenchCommand(&app, &run);
  AddPushCommand(&app, &run);
  AddPullCommand(&app, &run);
  AddLsCommand(&app, &run);
  AddRmCommand(&app, &run);
  AddStatsCommand(&app, &run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ExplainParse(app, error);
  }
  if (Result<std::string_view> kernel = ActiveKernelName(); !kernel.ok()) {
    return Report(std::move(kernel).error());
  }
  InstallSignalHandlers();
  return run();
}

}  // namespace
}  // namespace ingot

int main(int argc, char** argv) {
  try {
    return ingot::Main(argc, argv);
  } catch (const std::bad_alloc&) {
    ingot::PrintMessage("out of memory");
  } catch (const std::exception& error) {
    ingot::PrintMessage(error.what());
  }
  return ingot::kExitError;
}
