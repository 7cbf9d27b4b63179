#include "daemon/ingest/compactor.h"

#include <algorithm>
#include <utility>

#include "daemon/ingest/card_hints.h"
#include "daemon/ingest/stop.h"
#include "daemon/store/append.h"
#include "daemon/store/keys.h"

namespace ingot::ingest {
namespace {

constexpr uint64_t kCompared = uint64_t{1} << 20;

CompactorOptions WithHints(store::Store* store, CompactorOptions options) {
  if (options.hints) return options;
  options.hints = [store](const Digest& file) {
    auto hints = FindCardHints(store->repositories(), file);
    // Without any there are other candidates.
    return hints.ok() ? std::move(*hints) : std::vector<Digest>();
  };
  return options;
}

// How often the bytes are there for whoever looks at repositories.
uint64_t CopiesOf(const Audience& audience) {
  return std::max<size_t>(1, audience.repositories.size());
}

}  // namespace

Compactor::Compactor(store::Store* store, const CompactorOptions& options)
    : store_(store),
      options_(WithHints(store, options)),
      objects_(&store->packs()) {}

Result<Compactor::Jobs> Compactor::Gather() const {
  INGOT_ASSIGN(const auto staged, store_->staging().List());
  Jobs jobs;
  for (const store::StagedFile& record : staged) {
    if (record.damaged || failed_.contains(record.number)) continue;
    INGOT_ASSIGN(Audience audience,
                 FindAudience(store_->repositories(), record.digest));
    // Of an upload that is not granted yet, or whose grants have ended.
    if (audience.repositories.empty()) continue;
    jobs.push_back({record, std::move(audience)});
  }
  return jobs;
}

Status Compactor::Run(const std::atomic<bool>* stop, CompactionReport* report) {
  stop_ = stop;
  INGOT_ASSIGN(const Jobs gathered, Gather());
  Jobs jobs;
  for (const Job& job : gathered) {
    INGOT_ASSIGN(const bool is_copy, DiscardCopy(job, report));
    if (!is_copy) jobs.push_back(job);
  }
  while (!jobs.empty()) {
    // Anew for each pack: what the last one was to hold may not be there.
    BaseFinder finder(store_, &objects_, options_.max_depth);
    INGOT_TRY(finder.LoadPacks());
    INGOT_TRY(PackSome(&finder, &jobs, report));
  }
  return {};
}

Status Compactor::PackSome(BaseFinder* finder, Jobs* jobs,
                           CompactionReport* report) {
  INGOT_ASSIGN(const std::unique_ptr<PackBuilder> builder,
               PackBuilder::Begin({.store = store_,
                                   .objects = &objects_,
                                   .finder = finder,
                                   .hints = options_.hints,
                                   .level = options_.level,
                                   .delta_level = options_.delta_level,
                                   .pack_bytes = options_.pack_bytes,
                                   .stop = stop_}));
  Jobs packed;
  Jobs later;
  const auto give_back = [&] {
    for (Jobs* some : {&later, &packed}) {
      jobs->insert(jobs->begin(), some->begin(), some->end());
    }
  };
  while (!jobs->empty() && !builder->is_full()) {
    INGOT_TRY(CheckStop(stop_, "packing"));
    Job job = std::move(jobs->front());
    jobs->pop_front();
    const auto added = builder->Add(job.record, job.audience, job.alone);
    if (added.ok()) {
      if (*added == PackBuilder::Added::kGone) continue;
      const bool here = *added == PackBuilder::Added::kYes;
      (here ? packed : later).push_back(std::move(job));
      continue;
    }
    const Error& error = added.error();
    if (error.kind == ErrorKind::kCancelled ||
        builder->fault() == PackBuilder::Fault::kStore) {
      return error;
    }
    give_back();
    Blame(std::move(job), error,
          builder->fault() == PackBuilder::Fault::kStagedFile, jobs, report);
    return {};
  }
  if (packed.empty()) {
    give_back();
    return {};
  }
  size_t bad = 0;
  if (const Status same = builder->Finish(&bad); !same.ok()) {
    if (same.error().kind == ErrorKind::kCancelled || bad == packed.size()) {
      return same;
    }
    Job job = std::move(packed[bad]);
    packed.erase(packed.begin() + static_cast<ptrdiff_t>(bad));
    give_back();
    Blame(std::move(job), same.error(),
          builder->fault() == PackBuilder::Fault::kStagedFile, jobs, report);
    return {};
  }
  const auto info = builder->Seal();
  if (!info.ok()) {
    const ErrorKind kind = info.error().kind;
    if (kind != ErrorKind::kNotFound && kind != ErrorKind::kConflict) {
      return info.error();
    }
    // What it needs was taken away meanwhile.
    jobs->insert(jobs->begin(), later.begin(), later.end());
    for (Job& job : packed) {
      Blame(std::move(job), info.error(), false, jobs, report);
    }
    return {};
  }
  const PackedBytes& bytes = builder->bytes();
  const uint64_t deltas =
      bytes.with_base - std::min(bytes.with_base, bytes.with_coded);
  report->packs += 1;
  report->stored_bytes += info->length;
  report->saved_by_known += bytes.known;
  report->saved_by_deltas += deltas;
  report->saved_by_coding += static_cast<int64_t>(bytes.raw - bytes.known) -
                             static_cast<int64_t>(deltas + info->length);
  give_back();
  jobs->erase(jobs->begin(),
              jobs->begin() + static_cast<ptrdiff_t>(packed.size()));
  for (const Job& job : packed) {
    report->files += 1;
    report->raw_bytes += job.record.length * CopiesOf(job.audience);
    report->saved_by_copies += job.record.length * (CopiesOf(job.audience) - 1);
    INGOT_TRY(Discard(job));
  }
  return {};
}

void Compactor::Blame(Job job, const Error& error, bool is_lost, Jobs* jobs,
                      CompactionReport* report) {
  if (!job.alone && !is_lost) {
    job.alone = true;
    jobs->push_back(std::move(job));
    return;
  }
  failed_[job.record.number] = true;
  report->failures.push_back(
      store::NumberedKey(store::kStagedFolder, job.record.number) + " (" +
      ToHex(job.record.digest) + "): " + error.message);
}

Result<bool> Compactor::DiscardCopy(const Job& job, CompactionReport* report) {
  INGOT_ASSIGN(const auto places, store_->packs().FindFile(job.record.digest));
  // What only retired or damaged packs have is packed again.
  if (std::ranges::none_of(places, &store::PackPlace::usable)) return false;
  const auto staged = store_->staging().Open(job.record.digest);
  // Its own fault: Add says so.
  if (!staged.ok()) return false;
  std::vector<std::byte> expected(std::min(kCompared, job.record.length));
  std::vector<std::byte> restored;
  for (uint64_t at = 0; at < job.record.length; at += expected.size()) {
    INGOT_TRY(CheckStop(stop_, "packing"));
    expected.resize(std::min(kCompared, job.record.length - at));
    restored.resize(expected.size());
    if (!(*staged)->ReadAt(at, expected).ok() ||
        !objects_.ReadFile(job.record.digest, at, restored).ok() ||
        restored != expected) {
      return false;
    }
  }
  report->files += 1;
  report->raw_bytes += job.record.length;
  report->saved_by_copies += job.record.length;
  INGOT_TRY(Discard(job));
  return true;
}

Status Compactor::Discard(const Job& job) {
  const Status discarded = store_->staging().Discard(job.record.digest);
  // Somebody else did, or has repacked it: nothing is lost.
  return store::IsRefusal(discarded) ? Status() : discarded;
}

}  // namespace ingot::ingest
