// ingot inspect: what a container holds and where its bytes go.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "codec/container_reader.h"
#include "codec/options.h"
#include "codec/source.h"
#include "tools/command.h"
#include "tools/container_report.h"
#include "tools/exit_code.h"
#include "tools/selection_report.h"
#include "tools/standard_streams.h"
#include "tools/tensor_place.h"

namespace ingot {
namespace {

constexpr char kInspectExamples[] =
    R"(For each file its format, and why it is stored as opaque bytes if it
should not be; for each tensor its method, raw and encoded bytes, size (encoded
/ raw) and bits per exponent and element; for the container its encoded bytes by
cause. Tensors below 4 KiB are literals, which count in the totals only. Reads
the index and block headers, never the tensors.

--explain decodes a tensor and runs the encoder's choice on it again: what
detectors ruled out and why, what scales and coders were estimated to take, and
what each method tried on its blocks took. Without --level it looks for the one
that gives what the container holds.

Examples:
  ingot inspect model.safetensors.ingot
  ingot inspect --json model.safetensors.ingot | jq '.files[].tensors[].name'
  ingot inspect --explain lm_head.weight model.safetensors.ingot
  ingot inspect --explain lm_head.weight --level 9 model.safetensors.ingot)";

struct InspectOptions {
  std::string path;
  std::string explain;
  std::string file;
  std::optional<int> level;
  bool explain_given = false;
  bool json = false;
};

Status Explain(ContainerReader* reader, const InspectOptions& options) {
  INGOT_ASSIGN(const TensorPlace place,
               FindTensor(*reader, options.explain, options.file));
  INGOT_ASSIGN(const SelectionReport report,
               MakeSelectionReport(reader, place, options.level));
  return Print(options.json ? SelectionAsJson(report)
                            : SelectionAsText(report));
}

Status Inspect(const InspectOptions& options) {
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(options.path));
  INGOT_ASSIGN(const std::unique_ptr<ContainerReader> reader,
               ContainerReader::Open(std::move(source), {.threads = 1}));
  if (options.explain_given) return Explain(reader.get(), options);
  INGOT_ASSIGN(const ContainerReport report, MakeReport(reader.get()));
  return Print(options.json ? ReportAsJson(report) : ReportAsText(report));
}

}  // namespace

void AddInspectCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* const command = app->add_subcommand(
      "inspect", "Tell what a container holds and where its bytes go");
  command->footer(kInspectExamples);
  command->add_option("FILE", options->path, "Container")->required();
  command->add_flag("--json", options->json, "JSON instead of tables");
  CLI::Option* const explain =
      command
          ->add_option("--explain", options->explain,
                       "Tell how this tensor's methods were chosen")
          ->option_text("TENSOR");
  command
      ->add_option("--level", options->level,
                   "Choose as this level does (1 to 9), for --explain")
      ->option_text("L")
      ->check(CLI::Range(kMinLevel, kMaxLevel))
      ->needs(explain);
  command
      ->add_option("--file", options->file,
                   "Path of the tensor's file, where there are several")
      ->option_text("PATH")
      ->needs(explain);
  command->callback([options, explain, run] {
    options->explain_given = explain->count() > 0;
    *run = [options] { return Report(Inspect(*options)); };
  });
}

}  // namespace ingot
