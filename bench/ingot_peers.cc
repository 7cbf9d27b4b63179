// ingot_peers: measures Ingot beside other codecs, and writes what the
// project's documents say about it: sizes, tables and plots.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/contender.h"
#include "bench/documents.h"
#include "bench/measure.h"
#include "bench/plots.h"
#include "bench/results.h"
#include "bench/text_files.h"
#include "bench/workloads.h"
#include "codec/tensor_codec.h"

namespace ingot {
namespace {

constexpr char kExamples[] =
    R"(Everything happens in memory on one thread, and every round trip is
compared. Speeds are ratios to memcpy of the whole workload, which runs in turn
with coding; medians of R runs. zstd-19, xz-9 and blosc-zstd-9 are measured on a
sample of each workload, the first rows of each of its matrices, but on all of
every file. blosc is told the size of an element. Deltas are the matter of
ingot_deltas.

Examples:
  ingot_peers                                   W1, W2, W3 and W5, as tables
  ingot_peers --workload W1 --codec ingot-3 --codec zstd-3 --runs 9
  ingot_peers --corpus models --json peers.json --csv bench/results.csv
  ingot_peers --from peers.json --plots bench --update README.md)";

struct Options {
  std::string corpus;
  std::vector<std::string> workloads;
  MeasureSettings measure;
  uint64_t sample_mebibytes = 16;
  bool no_workloads = false;
  std::vector<std::string> from;
  std::string json;
  std::string csv;
  std::string plots;
  std::vector<std::string> update;
};

// A line on stderr where that is a terminal.
void ShowProgress(std::string_view what) {
  if (isatty(STDERR_FILENO) != 1) return;
  std::fprintf(stderr, "\r\x1b[K%.*s", static_cast<int>(what.size()),
               what.data());
}

// "AMD EPYC 9R14"; empty where the system does not tell.
std::string ProcessorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return {};
}

Result<Results> MeasureAll(const Options& options) {
  Results results;
  INGOT_ASSIGN(results.kernel, ActiveKernelName());
  results.processor = ProcessorName();
  results.versions = PeerVersions();
  for (const std::string& name : options.workloads) {
    INGOT_ASSIGN(DataResult data,
                 MeasureWorkload(*FindWorkload(name), options.measure));
    results.data.push_back(std::move(data));
  }
  if (!options.corpus.empty()) {
    INGOT_ASSIGN(const std::vector<std::string> files,
                 ListFiles(options.corpus, options.measure.file_bytes));
    for (const std::string& file : files) {
      INGOT_ASSIGN(DataResult data,
                   MeasureFile(options.corpus, file, options.measure));
      results.data.push_back(std::move(data));
    }
  }
  ShowProgress("");
  return results;
}

Status WriteSizes(const std::string& path, const Results& results) {
  const std::string csv = ResultsToCsv(results);
  if (access(path.c_str(), F_OK) == 0) {
    INGOT_ASSIGN(const std::string text, ReadText(path));
    INGOT_ASSIGN(const std::vector<SizeRow> before, SizesFromCsv(text));
    INGOT_ASSIGN(const std::vector<SizeRow> after, SizesFromCsv(csv));
    for (const std::string& change : CompareSizes(before, after)) {
      std::fprintf(stderr, "%s\n", change.c_str());
    }
  }
  return WriteText(path, csv);
}

Status Run(const Options& options) {
  Results results;
  if (options.from.empty()) {
    INGOT_ASSIGN(results, MeasureAll(options));
  } else {
    for (const std::string& path : options.from) {
      INGOT_ASSIGN(const std::string json, ReadText(path));
      INGOT_ASSIGN(Results more, ResultsFromJson(json));
      std::move(more.data.begin(), more.data.end(),
                std::back_inserter(results.data));
      more.data = std::move(results.data);
      results = std::move(more);
    }
  }
  if (!options.json.empty()) {
    INGOT_TRY(WriteText(options.json, ResultsToJson(results)));
  }
  if (!options.csv.empty()) INGOT_TRY(WriteSizes(options.csv, results));
  if (!options.plots.empty()) {
    for (const Plot& plot : DrawPlots(results)) {
      INGOT_TRY(WriteText(options.plots + "/" + plot.file_name, plot.svg));
    }
  }
  for (const std::string& path : options.update) {
    INGOT_ASSIGN(std::string document, ReadText(path));
    INGOT_ASSIGN(document, UpdateDocument(results, std::move(document)));
    INGOT_TRY(WriteText(path, document));
  }
  for (const char* const section : {"workloads", "corpus", "files"}) {
    std::fputs((MarkdownSection(results, section) + "\n").c_str(), stdout);
  }
  return {};
}

}  // namespace
}  // namespace ingot

int main(int argc, char** argv) {
  CLI::App app("Measure Ingot beside other codecs", "ingot_peers");
  app.footer(ingot::kExamples);
  ingot::Options options;
  ingot::MeasureSettings& measure = options.measure;
  std::vector<std::string> known;
  for (const ingot::Workload& workload : ingot::AllWorkloads()) {
    known.emplace_back(workload.name);
  }
  app.add_option("--corpus", options.corpus,
                 "A folder whose files of at least 16 KiB are measured")
      ->check(CLI::ExistingDirectory);
  app.add_option("--workload", options.workloads,
                 "To measure; may be repeated; W1, W2, W3 and W5 without")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(known));
  app.add_flag("--no-workloads", options.no_workloads, "Only the corpus");
  app.add_option("--codec", measure.codecs,
                 "To measure; may be repeated; all without")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(ingot::ContenderNames()));
  app.add_option("--mib", measure.mebibytes, "MiB of W1; 256 without")
      ->check(CLI::Range(1, 960));
  app.add_option("--sample-mib", options.sample_mebibytes,
                 "MiB of a workload for slow peers; 16 without")
      ->check(CLI::Range(1, 960));
  app.add_option("--runs", measure.runs, "Runs behind a median; 5 without")
      ->check(CLI::Range(1, 1000));
  app.add_option("--from", options.from,
                 "Measure nothing; take the results from this JSON; may be "
                 "repeated")
      ->allow_extra_args(false)
      ->check(CLI::ExistingFile);
  app.add_option("--json", options.json, "Write all results");
  app.add_option("--csv", options.csv,
                 "Write the sizes, and say on stderr which ones changed");
  app.add_option("--plots", options.plots, "Draw SVG plots into this folder")
      ->check(CLI::ExistingDirectory);
  app.add_option("--update", options.update,
                 "Replace the tables in this document; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::ExistingFile);
  CLI11_PARSE(app, argc, argv);
  measure.sample_bytes = options.sample_mebibytes << 20;
  measure.progress = ingot::ShowProgress;
  if (options.workloads.empty()) options.workloads = {"W1", "W2", "W3", "W5"};
  if (options.no_workloads) options.workloads.clear();
  const ingot::Status status = ingot::Run(options);
  if (!status.ok()) {
    std::fprintf(stderr, "ingot_peers: %s\n", status.error().message.c_str());
    return 1;
  }
  return 0;
}
