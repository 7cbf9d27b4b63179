#include "daemon/ingest/maintenance.h"

#include <algorithm>
#include <utility>

namespace ingot::ingest {

Maintenance::Maintenance(store::Store* store, CompactorOptions compactor,
                         CollectorOptions collector, StoredObjects* readers)
    : store_(store),
      compacting_(std::move(compactor)),
      collecting_(collector),
      readers_(readers),
      compactor_(store, compacting_) {}

Status Maintenance::Compact(bool retry, CompactionReport* report) {
  const std::lock_guard lock(mutex_);
  if (retry) compactor_.ForgetFailures();
  return compactor_.Run(&stop_, report);
}

Status Maintenance::Compact(const CompactorOptions& options,
                            CompactionReport* report) {
  const std::lock_guard lock(mutex_);
  return Compactor(store_, options).Run(&stop_, report);
}

Status Maintenance::Collect(const CollectorOptions& options,
                            CollectionReport* report) {
  const std::lock_guard lock(mutex_);
  Status done =
      Collector(store_, compactor_.objects()).Run(options, &stop_, report);
  compactor_.objects()->CloseRemoved();
  if (readers_ != nullptr) readers_->CloseRemoved();
  return done;
}

Status Maintenance::Check(const CheckOptions& options, CheckReport* report) {
  const std::lock_guard lock(mutex_);
  return Checker(store_, compactor_.objects()).Run(options, &stop_, report);
}

Result<bool> Maintenance::Scrub(CheckReport* report) {
  const std::lock_guard lock(mutex_);
  Checker checker(store_, compactor_.objects());
  INGOT_ASSIGN(const auto staged, store_->staging().List());
  const auto file = std::ranges::upper_bound(staged, scrubbed_staged_, {},
                                             &store::StagedFile::number);
  if (file != staged.end()) {
    scrubbed_staged_ = file->number;
    INGOT_ASSIGN(report->problems, checker.CheckStaged(*file));
    return true;
  }
  INGOT_ASSIGN(const auto packs, store_->packs().List());
  const auto pack = std::ranges::upper_bound(packs, scrubbed_pack_, {},
                                             &store::PackInfo::number);
  if (pack != packs.end()) {
    scrubbed_pack_ = pack->number;
    INGOT_ASSIGN(report->problems, checker.CheckPack(pack->number));
    return true;
  }
  scrubbed_staged_ = 0;
  scrubbed_pack_ = 0;
  return false;
}

Status Maintenance::Repair(RepairReport* report) {
  INGOT_TRY(Check({.read_percent = 100}, &report->before));
  INGOT_TRY(Compact(compacting_, &report->compaction));
  INGOT_TRY(Collect(collecting_, &report->collection));
  return Check({}, &report->after);
}

}  // namespace ingot::ingest
