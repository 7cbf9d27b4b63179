// ingot inspect: what a container holds and where its bytes go.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>

#include "codec/container_reader.h"
#include "codec/source.h"
#include "tools/command.h"
#include "tools/container_report.h"
#include "tools/exit_code.h"
#include "tools/standard_streams.h"

namespace ingot {
namespace {

constexpr char kExamples[] =
    R"(For each file its format, and why it is stored as opaque bytes if it
should not be; for each tensor its method, raw and encoded bytes, size (encoded
/ raw) and bits per exponent and element; for the container its encoded bytes by
cause. Tensors below 4 KiB are literals, which count in the totals only. Reads
the index and block headers, never the tensors.

Examples:
  ingot inspect model.safetensors.ingot
  ingot inspect --json model.safetensors.ingot | jq '.files[].tensors[].name')";

struct InspectOptions {
  std::string path;
  bool json = false;
};

Status Inspect(const InspectOptions& options) {
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(options.path));
  INGOT_ASSIGN(const std::unique_ptr<ContainerReader> reader,
               ContainerReader::Open(std::move(source), {.threads = 1}));
  INGOT_ASSIGN(const ContainerReport report, MakeReport(reader.get()));
  return Print(options.json ? ReportAsJson(report) : ReportAsText(report));
}

}  // namespace

void AddInspectCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* const command = app->add_subcommand(
      "inspect", "Tell what a container holds and where its bytes go");
  command->footer(kExamples);
  command->add_option("FILE", options->path, "Container")->required();
  command->add_flag("--json", options->json, "JSON instead of tables");
  command->callback([options, run] {
    *run = [options] { return Report(Inspect(*options)); };
  });
}

}  // namespace ingot
