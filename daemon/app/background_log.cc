#include "daemon/app/background_log.h"

#include <string>

namespace ingot::app {
namespace {

void LogCompaction(const Status& done, const ingest::CompactionReport& report,
                   observe::Log* log) {
  for (const std::string& failure : report.failures) {
    log->Message(observe::LogLevel::kError, "not packed: " + failure);
  }
  if (!done.ok()) {
    log->Message(observe::LogLevel::kError, "packing: " + done.error().message);
  }
  if (report.files > 0) {
    log->Message(observe::LogLevel::kInfo,
                 "packed " + std::to_string(report.files) + " files, " +
                     std::to_string(report.raw_bytes) + " bytes in " +
                     std::to_string(report.stored_bytes));
  }
}

void LogCollection(const Status& done, const ingest::CollectionReport& report,
                   observe::Log* log) {
  for (const std::string& failure : report.failures) {
    log->Message(observe::LogLevel::kError, "not collected: " + failure);
  }
  if (!done.ok()) {
    log->Message(observe::LogLevel::kError,
                 "collecting: " + done.error().message);
  }
  log->Message(observe::LogLevel::kInfo,
               "collected: " + std::to_string(report.staged_files) +
                   " uploads, " + std::to_string(report.packs_retired) +
                   " packs retired, " + std::to_string(report.packs_repacked) +
                   " repacked, " + std::to_string(report.packs_removed) +
                   " removed, of " + std::to_string(report.removed_bytes) +
                   " bytes");
}

void LogScrub(const Status& done, const ingest::CheckReport& report,
              observe::Log* log) {
  for (const std::string& problem : report.problems) {
    log->Message(observe::LogLevel::kError, "damaged: " + problem);
  }
  if (!done.ok()) {
    log->Message(observe::LogLevel::kError,
                 "checking: " + done.error().message);
  }
}

}  // namespace

ingest::BackgroundEvents LogBackground(observe::Log* log) {
  ingest::BackgroundEvents events;
  events.packed = [log](const Status& done,
                        const ingest::CompactionReport& report) {
    LogCompaction(done, report, log);
  };
  events.collected = [log](const Status& done,
                           const ingest::CollectionReport& report) {
    LogCollection(done, report, log);
  };
  events.scrubbed = [log](const Status& done,
                          const ingest::CheckReport& report) {
    LogScrub(done, report, log);
  };
  return events;
}

}  // namespace ingot::app
