#include "daemon/ingest/checker.h"

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "daemon/ingest/stop.h"
#include "daemon/ingest/wholeness.h"

namespace ingot::ingest {
namespace {

using Problems = std::vector<std::string>;

// Whether a check could not be made, which says nothing of what was checked.
bool IsTransient(const Status& status) {
  return status.error().kind != ErrorKind::kCorruption &&
         status.error().kind != ErrorKind::kNotFound;
}

}  // namespace

Result<Problems> Checker::CheckPack(uint64_t number) {
  store::Packs& packs = store_->packs();
  const Status checked = packs.Check(number);
  INGOT_ASSIGN(const auto info, packs.Find(number));
  if (!info) return Problems();
  if (checked.ok()) {
    // Whatever it was is over: another disk, or another cable.
    if (info->damaged) INGOT_TRY(packs.SetDamage(number, {}));
    return Problems();
  }
  if (IsTransient(checked)) return Problems{checked.error().message};
  INGOT_ASSIGN(const store::PackDamage found, packs.Examine(number));
  INGOT_ASSIGN(const store::PackDamage known, packs.FindDamage(number));
  if (found != known) {
    const Status said = packs.SetDamage(number, found);
    // Removed meanwhile.
    if (!said.ok() && said.error().kind == ErrorKind::kNotFound) {
      return Problems();
    }
    INGOT_TRY(said);
  }
  return Problems{checked.error().message};
}

Result<Problems> Checker::CheckStaged(const store::StagedFile& file) {
  store::Staging& staging = store_->staging();
  const Status checked = file.damaged ? Corruption("known to be damaged")
                                      : staging.Check(file.digest);
  if (checked.ok()) return Problems();
  INGOT_ASSIGN(const auto found, staging.Find(file.digest));
  if (!found || found->number != file.number) return Problems();
  if (!found->damaged && !IsTransient(checked)) {
    INGOT_TRY(staging.SetDamaged(file.number));
  }
  return Problems{ToHex(file.digest) + ": " + checked.error().message};
}

Status Checker::Run(const CheckOptions& options, const std::atomic<bool>* stop,
                    CheckReport* report) {
  std::minstd_rand random{std::random_device()()};
  const auto is_chosen = [&] {
    return std::uniform_int_distribution<unsigned>(0, 99)(random) <
           options.read_percent;
  };
  const auto add = [report](Problems problems) {
    std::ranges::move(problems, std::back_inserter(report->problems));
  };
  INGOT_ASSIGN(const auto staged, store_->staging().List());
  for (const store::StagedFile& file : staged) {
    INGOT_TRY(CheckStop(stop, "checking"));
    const auto source = store_->staging().Open(file.digest);
    // What cannot be opened is looked at more closely.
    if (source.ok() && !is_chosen()) continue;
    INGOT_ASSIGN(Problems problems, CheckStaged(file));
    add(std::move(problems));
  }
  INGOT_ASSIGN(const auto packs, store_->packs().List());
  for (const store::PackInfo& pack : packs) {
    INGOT_TRY(CheckStop(stop, "checking"));
    const auto source = store_->packs().Open(pack.number);
    if (source.ok() && !pack.damaged && !is_chosen()) continue;
    INGOT_ASSIGN(Problems problems, CheckPack(pack.number));
    add(std::move(problems));
  }
  return FindLost(stop, report);
}

Status Checker::FindLost(const std::atomic<bool>* stop, CheckReport* report) {
  std::set<Digest> lost;
  INGOT_ASSIGN(const auto staged, store_->staging().List());
  Wholeness wholeness(store_, objects_);
  const auto look = [&](const Digest& file) -> Status {
    INGOT_TRY(CheckStop(stop, "checking"));
    INGOT_ASSIGN(const bool granted, store_->repositories().HasGrants(file));
    if (!granted || lost.contains(file)) return {};
    INGOT_ASSIGN(const bool whole, wholeness.OfFile(file));
    if (!whole) lost.insert(file);
    return {};
  };
  for (const store::StagedFile& file : staged) {
    if (file.damaged) INGOT_TRY(look(file.digest));
  }
  INGOT_ASSIGN(const bool damage, store_->packs().HasDamage());
  if (damage) {
    INGOT_ASSIGN(const auto packs, store_->packs().List());
    for (const store::PackInfo& pack : packs) {
      const auto contents = store_->packs().Contents(pack.number);
      // Removed meanwhile.
      if (!contents.ok()) continue;
      for (const store::PackEntry& file : contents->files) {
        INGOT_TRY(look(file.id.digest));
      }
    }
  }
  for (const Digest& file : lost) {
    LostFile& entry = report->lost.emplace_back();
    entry.file = file;
    INGOT_ASSIGN(const auto numbers, store_->repositories().ListGrantsOf(file));
    for (const uint64_t number : numbers) {
      INGOT_ASSIGN(const auto info, store_->repositories().Find(number));
      if (info) entry.repositories.push_back(info->repository.name);
    }
  }
  return {};
}

}  // namespace ingot::ingest
