#include <cstdio>
#include <nlohmann/json.hpp>

#include "daemon/app/commands.h"
#include "daemon/app/opened_store.h"
#include "daemon/ingest/compactor.h"

namespace ingot::app {
namespace {

nlohmann::json JsonOf(const ingest::CompactionReport& report) {
  return {{"files", report.files},
          {"packs", report.packs},
          {"raw_bytes", report.raw_bytes},
          {"stored_bytes", report.stored_bytes},
          {"saved_bytes",
           {{"copies", report.saved_by_copies},
            {"known_tensors", report.saved_by_known},
            {"deltas", report.saved_by_deltas},
            {"coding", report.saved_by_coding}}},
          {"failures", report.failures}};
}

void PrintReport(const ingest::CompactionReport& report) {
  const auto line = [](const char* what, double bytes) {
    std::printf("%-24s %12.1f MiB\n", what, bytes / (1 << 20));
  };
  std::printf("%llu files, %llu packs\n",
              static_cast<unsigned long long>(report.files),
              static_cast<unsigned long long>(report.packs));
  line("raw", static_cast<double>(report.raw_bytes));
  line("stored", static_cast<double>(report.stored_bytes));
  line("saved by whole copies", static_cast<double>(report.saved_by_copies));
  line("saved by known tensors", static_cast<double>(report.saved_by_known));
  line("saved by deltas", static_cast<double>(report.saved_by_deltas));
  line("saved by coding", static_cast<double>(report.saved_by_coding));
}

}  // namespace

Result<uint64_t> Compact(const std::string& data, int level, int delta_level,
                         bool json) {
  INGOT_ASSIGN(const OpenedStore opened, OpenStore(data));
  ingest::CompactorOptions options;
  options.level = level;
  options.delta_level = delta_level;
  ingest::CompactionReport report;
  const Status done =
      ingest::Compactor(opened.store.get(), options).Run(nullptr, &report);
  // What was done until an error is done.
  if (json) {
    std::printf("%s\n", JsonOf(report).dump().c_str());
  } else {
    PrintReport(report);
    for (const std::string& failure : report.failures) {
      std::printf("not packed: %s\n", failure.c_str());
    }
  }
  if (!done.ok()) return done.error();
  return report.failures.size();
}

}  // namespace ingot::app
