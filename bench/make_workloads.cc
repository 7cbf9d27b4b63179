// ingot_workloads DIR [W1 ...]: writes benchmark workloads as files of bare
// elements.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/workloads.h"
#include "codec/result.h"
#include "codec/sink.h"

namespace ingot {
namespace {

constexpr char kExamples[] =
    R"(W1 bf16, W2 fp32, W3 fp16, W5 fp8 e4m3; W4ft and W2ft are W1 and W2
fine-tuned. All rows have 4096 elements. The same size gives the same bytes
everywhere.

Examples:
  ingot_workloads build/workloads
  ingot_workloads --mib 64 build/workloads W1 W4ft
  ingot bench --dtype bf16 --columns 4096 build/workloads/W1.bf16)";

Status WriteWorkload(const Workload& workload, const std::string& folder,
                     uint64_t mebibytes) {
  const std::string path = folder + "/" + std::string(workload.file_name);
  INGOT_ASSIGN(const auto sink, CreateFileSink(path, {.overwrite = true}));
  for (int matrix = 0; matrix < workload.matrices; ++matrix) {
    INGOT_TRY(sink->Write(GenerateMatrix(workload, matrix, mebibytes)));
  }
  return sink->Commit();
}

}  // namespace
}  // namespace ingot

int main(int argc, char** argv) {
  CLI::App app("Write synthetic weights to measure coding with",
               "ingot_workloads");
  app.footer(ingot::kExamples);
  std::string folder;
  std::vector<std::string> names;
  uint64_t mebibytes = ingot::kDefaultWorkloadMebibytes;
  std::vector<std::string> known;
  for (const ingot::Workload& workload : ingot::AllWorkloads()) {
    known.emplace_back(workload.name);
  }
  app.add_option("DIR", folder, "An existing folder")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("WORKLOAD", names, "Those to write; all without")
      ->check(CLI::IsMember(known));
  app.add_option("--mib", mebibytes, "MiB of W1; 256 without")
      ->check(CLI::Range(1, 1 << 20));
  CLI11_PARSE(app, argc, argv);
  for (const std::string& name : names.empty() ? known : names) {
    const ingot::Status status =
        ingot::WriteWorkload(*ingot::FindWorkload(name), folder, mebibytes);
    if (!status.ok()) {
      std::fprintf(stderr, "ingot_workloads: %s\n",
                   status.error().message.c_str());
      return 1;
    }
  }
  return 0;
}
