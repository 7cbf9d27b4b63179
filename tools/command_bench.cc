// ingot bench: speed and size of coding, beside those of copying.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "codec/options.h"
#include "tools/bench_run.h"
#include "tools/command.h"
#include "tools/common_options.h"
#include "tools/exit_code.h"
#include "tools/standard_streams.h"
#include "tools/text.h"

namespace ingot {
namespace {

constexpr char kBenchExamples[] =
    R"(In memory: block coding and block checksums, without SHA-256 and without
input or output. GB/s are 1e9 raw bytes a second of wall-clock time: the median
of R runs after a warm-up, each of which copies, encodes and decodes in turn.
memcpy and non-temporal copy move the same bytes in one call on one thread. All
buffers are anonymous memory in 4 KiB pages, present before the clock starts
(with --huge-pages all are in huge pages); tensors begin at multiples of 64
bytes. size counts every byte of the complete container. Three times the file
must fit in memory.
With --base the bases lie in memory as well, and are not counted among the bytes
that memcpy moves; a file below 256 MiB is repeated, each copy with memory and
bases of its own. Four times that must fit in memory. "delta" is the size of the
objects that have a base, and "entropy" the order-0 entropy of all of their
differences given the base's exponent (within some percent, from above).

Examples:
  ingot bench model.safetensors
  ingot bench --level 1 --level 4 --runs 9 model.safetensors
  ingot bench --dtype bf16 --columns 4096 --json weights.bin
  ingot bench --base base.safetensors --level 3 finetune.safetensors)";

struct BenchOptions {
  std::vector<std::string> files;
  std::vector<int> levels;
  RawOption raw;
  BenchSettings settings;
  bool json = false;
};

using Json = nlohmann::ordered_json;

Json ResultJson(const BenchResult& result) {
  Json json = {{"file", result.file},
               {"level", result.level},
               {"threads", result.threads},
               {"kernel", result.kernel},
               {"raw_bytes", result.raw_bytes},
               {"copies", result.copies},
               {"encoded_bytes", result.encoded_bytes},
               {"size", result.size()},
               {"encode_gbps", result.encode_gbps},
               {"decode_gbps", result.decode_gbps},
               {"memcpy_gbps", result.memcpy_gbps},
               {"ntcopy_gbps", result.ntcopy_gbps},
               {"roundtrip_ok", result.roundtrip_ok}};
  if (result.delta) {
    json["delta_raw_bytes"] = result.delta->raw_bytes;
    json["delta_bytes"] = result.delta_bytes;
    json["delta_elements"] = result.delta->elements;
    json["delta_changed"] = result.delta->changed;
    json["entropy"] = result.delta->size();
  }
  return json;
}

std::string Times(double a, double b) {
  return b > 0 ? Decimal(a / b, 3) : "-";
}

std::vector<std::string> ResultRow(const BenchResult& result) {
  std::vector<std::string> row = {Printable(result.file),
                                  result.kernel,
                                  std::to_string(result.level),
                                  std::to_string(result.threads),
                                  std::to_string(result.raw_bytes),
                                  std::to_string(result.encoded_bytes),
                                  Ratio(result.encoded_bytes, result.raw_bytes),
                                  Decimal(result.encode_gbps, 2),
                                  Decimal(result.decode_gbps, 2),
                                  Decimal(result.memcpy_gbps, 2),
                                  Decimal(result.ntcopy_gbps, 2),
                                  Times(result.encode_gbps, result.memcpy_gbps),
                                  Times(result.decode_gbps, result.memcpy_gbps),
                                  result.roundtrip_ok ? "same" : "DIFFERENT"};
  if (result.delta) {
    const bool any = result.delta->raw_bytes > 0;
    row.push_back(Ratio(result.delta_bytes, result.delta->raw_bytes));
    row.push_back(any ? Decimal(result.delta->size(), 4) : "-");
  }
  return row;
}

std::string ResultsText(const std::vector<BenchResult>& results) {
  std::vector<std::vector<std::string>> rows = {
      {"file", "kernel", "level", "threads", "raw", "encoded", "size",
       "enc GB/s", "dec GB/s", "memcpy", "ntcopy", "enc/memcpy", "dec/memcpy",
       "round trip"}};
  if (!results.empty() && results[0].delta) {
    rows[0].insert(rows[0].end(), {"delta", "entropy"});
  }
  for (const BenchResult& result : results) rows.push_back(ResultRow(result));
  return Table(rows, 2);
}

std::string ResultsJson(const std::vector<BenchResult>& results) {
  Json json = Json::array();
  for (const BenchResult& result : results) {
    json.push_back(ResultJson(result));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Status Bench(const BenchOptions& options) {
  BenchSettings settings = options.settings;
  settings.raw = options.raw.Get();
  std::vector<BenchResult> results;
  for (const std::string& path : options.files) {
    INGOT_ASSIGN(BenchFile file, BenchFile::Load(path, settings));
    for (const int level : options.levels) {
      INGOT_ASSIGN(BenchResult result, file.Measure(level));
      results.push_back(std::move(result));
    }
  }
  INGOT_TRY(Print(options.json ? ResultsJson(results) : ResultsText(results)));
  for (const BenchResult& result : results) {
    if (!result.roundtrip_ok) {
      return Error{ErrorKind::kIo, result.file + ": level " +
                                       std::to_string(result.level) +
                                       ": the round trip changed bytes"};
    }
  }
  return {};
}

}  // namespace

void AddBenchCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* const command = app->add_subcommand(
      "bench", "Measure speed and size in memory, beside memcpy");
  command->footer(kBenchExamples);
  command->add_option("FILE", options->files, "Model files")->required();
  AddRawOption(command, &options->raw);
  AddBaseOption(command,
                "Model file, container or folder that FILE resembles; may be "
                "repeated",
                &options->settings.bases);
  command
      ->add_option("--level", options->levels,
                   "Level to measure; may be repeated; 1 and 3 without")
      ->option_text("L")
      ->allow_extra_args(false)
      ->check(CLI::Range(kMinLevel, kMaxLevel));
  AddThreadsOption(command, &options->settings.threads);
  command
      ->add_option("--runs", options->settings.runs,
                   "Runs behind a median; 5 without")
      ->option_text("R")
      ->check(CLI::Range(1, 1000));
  command->add_flag("--json", options->json, "JSON instead of a table");
  command->add_flag("--huge-pages", options->settings.huge_pages,
                    "Huge pages for all buffers");
  command->callback([options, run] {
    if (options->levels.empty()) options->levels = {1, 3};
    *run = [options] { return Report(Bench(*options)); };
  });
}

}  // namespace ingot
