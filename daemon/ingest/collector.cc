#include "daemon/ingest/collector.h"

#include <algorithm>
#include <utility>

#include "daemon/ingest/referenced_files.h"
#include "daemon/ingest/repacker.h"
#include "daemon/ingest/stop.h"
#include "daemon/store/append.h"
#include "daemon/store/keys.h"

namespace ingot::ingest {
namespace {

using store::IsRefusal;
using store::RepositoryKind;

constexpr size_t kPage = 1000;
constexpr const char* kWork = "collecting";

}  // namespace

uint64_t Collector::GraceEnd() const {
  const uint64_t now = store_->now();
  return now - std::min(now, options_.grace);
}

Status Collector::Run(const CollectorOptions& options,
                      const std::atomic<bool>* stop, CollectionReport* report) {
  options_ = options;
  stop_ = stop;
  report_ = report;
  ended_.clear();
  until_ = GraceEnd();
  if (options.unreferenced) INGOT_TRY(EndGrants());
  INGOT_TRY(DiscardStaged());
  // First what makes space.
  INGOT_TRY(RemovePacks());
  Status packs = CollectPacks();
  const bool no_space =
      !packs.ok() && packs.error().kind == ErrorKind::kResourceExhausted;
  if (!packs.ok() && !no_space) return packs;
  if (!options.dry_run) INGOT_TRY(RemovePacks());
  INGOT_ASSIGN(const auto left, store_->packs().List());
  for (const store::PackInfo& info : left) {
    report_->retired_bytes += info.retired ? info.length : 0;
  }
  return packs;
}

Status Collector::EndGrants() {
  for (const RepositoryKind kind :
       {RepositoryKind::kModel, RepositoryKind::kDataset,
        RepositoryKind::kSpace}) {
    store::RepositoryName after = {.kind = kind, .space = {}, .name = {}};
    while (true) {
      INGOT_ASSIGN(const auto page, store_->repositories().List(
                                        kind, std::nullopt, after, kPage));
      for (const store::RepositoryInfo& info : page) {
        INGOT_TRY(CheckStop(stop_, kWork));
        INGOT_TRY(EndGrants(info.number));
      }
      if (page.size() < kPage) break;
      after = page.back().repository.name;
    }
  }
  return {};
}

Status Collector::EndGrants(uint64_t repository) {
  store::Repositories& repositories = store_->repositories();
  INGOT_ASSIGN(const auto granted,
               repositories.ListGranted(repository, SIZE_MAX, until_));
  if (granted.empty()) return {};
  const auto referenced = FindReferencedFiles(repositories, repository, stop_);
  if (!referenced.ok()) {
    if (referenced.error().kind == ErrorKind::kCancelled) {
      return referenced.error();
    }
    report_->failures.push_back("repository " + std::to_string(repository) +
                                ": " + referenced.error().message);
    return {};
  }
  // Its files may be pointed to by a git repository elsewhere.
  if (referenced->empty()) return {};
  for (const Digest& file : granted) {
    if (referenced->contains(file)) continue;
    if (options_.dry_run) {
      ended_[file].insert(repository);
    } else {
      const Status ended = repositories.EndGrant(repository, file, until_);
      if (IsRefusal(ended)) continue;
      INGOT_TRY(ended);
    }
    ++report_->grants_ended;
  }
  return {};
}

Result<bool> Collector::IsGranted(const Digest& file) const {
  const auto ended = ended_.find(file);
  if (ended == ended_.end()) return store_->repositories().HasGrants(file);
  INGOT_ASSIGN(const auto granted, store_->repositories().ListGrantsOf(file));
  return granted.size() > ended->second.size();
}

Status Collector::DiscardStaged() {
  INGOT_ASSIGN(const auto staged, store_->staging().List());
  for (const store::StagedFile& file : staged) {
    INGOT_TRY(CheckStop(stop_, kWork));
    if (file.time > until_) continue;
    INGOT_ASSIGN(const bool granted, IsGranted(file.digest));
    if (granted) continue;
    if (!options_.dry_run) {
      const Status discarded = store_->staging().Discard(file.digest);
      if (IsRefusal(discarded)) continue;
      INGOT_TRY(discarded);
    }
    ++report_->staged_files;
    report_->staged_bytes += file.length;
  }
  return {};
}

Status Collector::CollectPacks() {
  const uint64_t small = options_.pack_bytes / 8;
  INGOT_ASSIGN(const auto packs, store_->packs().List());
  const bool joined = static_cast<size_t>(std::ranges::count_if(
                          packs, [small](const store::PackInfo& info) {
                            return !info.retired && info.length < small;
                          })) >= options_.joined_packs;
  const auto stays = [&](const PackUse& use) {
    if (use.unreadable) return true;
    if (use.info.retired || use.info.damaged) return false;
    if (joined && use.info.length < small) return false;
    return static_cast<double>(use.DeadBytes()) <
           options_.repacked_share * static_cast<double>(use.info.length);
  };
  Liveness liveness(store_, objects_);
  INGOT_TRY(liveness.Find(
      [this](const Digest& file) { return IsGranted(file); }, stays, stop_));
  std::set<uint64_t> repacked;
  for (const auto& [number, use] : liveness.packs()) {
    INGOT_TRY(CheckStop(stop_, kWork));
    if (use.IsDead()) {
      INGOT_TRY(Retire(use));
    } else if (!stays(use)) {
      repacked.insert(number);
    }
  }
  // One after the other, as much as fits into a pack.
  while (!repacked.empty()) {
    std::set<uint64_t> some;
    for (uint64_t bytes = 0; !repacked.empty() && bytes < options_.pack_bytes;
         repacked.erase(repacked.begin())) {
      const uint64_t more = liveness.packs().at(*repacked.begin()).LiveBytes();
      if (!some.empty() && bytes + more > options_.pack_bytes) break;
      bytes += more;
      some.insert(*repacked.begin());
    }
    INGOT_TRY(Repack(liveness, some));
  }
  return {};
}

Status Collector::Retire(const PackUse& use) {
  if (use.info.retired) return {};
  if (!options_.dry_run) {
    const Status retired = store_->packs().Retire(use.info.number);
    if (IsRefusal(retired)) return {};
    INGOT_TRY(retired);
  }
  ++report_->packs_retired;
  return {};
}

Status Collector::Repack(const Liveness& liveness,
                         const std::set<uint64_t>& packs) {
  std::vector<const PackUse*> uses;
  for (const uint64_t number : packs) {
    uses.push_back(&liveness.packs().at(number));
  }
  if (!options_.dry_run) {
    const auto written = CopyLiveEntries(store_, objects_, uses, stop_);
    if (!written.ok()) {
      const ErrorKind kind = written.error().kind;
      if (kind == ErrorKind::kCancelled ||
          kind == ErrorKind::kResourceExhausted) {
        return written.error();
      }
      if (packs.size() > 1) {
        // Which of them is at fault is found by trying each.
        for (const uint64_t number : packs) {
          INGOT_TRY(Repack(liveness, {number}));
        }
        return {};
      }
      report_->failures.push_back(
          store::NumberedKey(store::kPackFolder, *packs.begin()) + ": " +
          written.error().message);
      return {};
    }
    if (*written) {
      ++report_->packs_written;
      report_->written_bytes += (*written)->length;
    }
    for (const uint64_t number : packs) {
      if (liveness.packs().at(number).info.retired) continue;
      const Status retired = store_->packs().Retire(number);
      if (!IsRefusal(retired)) INGOT_TRY(retired);
    }
  }
  for (const PackUse* use : uses) {
    ++report_->packs_repacked;
    report_->live_bytes += use->LiveBytes();
  }
  return {};
}

Status Collector::RemovePacks() {
  const uint64_t until = GraceEnd();
  INGOT_ASSIGN(const auto packs, store_->packs().List());
  std::set<uint64_t> retired;
  std::map<uint64_t, uint64_t> bytes;
  for (const store::PackInfo& info : packs) {
    if (!info.retired || info.retired_at > until) continue;
    retired.insert(info.number);
    bytes[info.number] = info.length;
  }
  INGOT_ASSIGN(const std::set<uint64_t> removable,
               store_->packs().FindRemovable(std::move(retired)));
  if (removable.empty()) return {};
  if (!options_.dry_run) {
    const Status removed = store_->packs().Remove(removable);
    // Something came to depend on one: the next run sees it.
    if (IsRefusal(removed)) return {};
    INGOT_TRY(removed);
  }
  report_->packs_removed += removable.size();
  for (const uint64_t number : removable) {
    report_->removed_bytes += bytes[number];
  }
  return {};
}

}  // namespace ingot::ingest
