#include "daemon/ingest/liveness.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "codec/reference_source.h"
#include "daemon/ingest/stop.h"

namespace ingot::ingest {
namespace {

constexpr unsigned kAnyDepth = kMaxDepth + 1;

uint32_t Narrow(uint64_t bytes) {
  return static_cast<uint32_t>(std::min<uint64_t>(bytes, UINT32_MAX));
}

uint64_t Sum(const std::vector<bool>& marked,
             const std::vector<uint32_t>& bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < marked.size(); ++i) sum += marked[i] ? bytes[i] : 0;
  return sum;
}

uint64_t LiteralBytes(const Manifest& file) {
  uint64_t bytes = 1;  // so that no file is nothing
  for (const Segment& segment : file.segments) {
    if (segment.kind == Segment::Kind::kLiteral) bytes += segment.length;
  }
  return bytes;
}

}  // namespace

uint64_t PackUse::LiveBytes() const {
  return Sum(files, file_bytes) + Sum(objects, object_bytes);
}

uint64_t PackUse::DeadBytes() const {
  return info.length - std::min(info.length, LiveBytes());
}

Status Liveness::Find(
    const std::function<Result<bool>(const Digest& file)>& is_live,
    const Stays& stays, const std::atomic<bool>* stop) {
  stop_ = stop;
  INGOT_ASSIGN(has_damage_, store_->packs().HasDamage());
  INGOT_ASSIGN(const auto packs, store_->packs().List());
  for (const store::PackInfo& info : packs) {
    INGOT_TRY(CheckStop(stop_, "collecting"));
    INGOT_TRY(Load(info));
  }
  for (const store::PackInfo& info : packs) {
    const auto contents = store_->packs().Contents(info.number);
    // Removed meanwhile.
    if (!contents.ok()) continue;
    for (const store::PackEntry& file : contents->files) {
      INGOT_ASSIGN(const bool live, is_live(file.id.digest));
      if (live) INGOT_TRY(MarkFile(file.id.digest));
    }
  }
  INGOT_TRY(Follow());
  // What stays keeps all that it needs, so that more may have to stay.
  std::set<uint64_t> staying;
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [number, use] : packs_) {
      if (use.IsDead() || staying.contains(number) || !stays(use)) continue;
      staying.insert(number);
      MarkAll(number);
      changed = true;
    }
    INGOT_TRY(Follow());
  }
  return {};
}

Status Liveness::Load(const store::PackInfo& info) {
  PackUse use = {.info = info};
  use.files.resize(info.files);
  use.objects.resize(info.objects);
  const auto read = [&](ContainerReader* reader) -> Status {
    if (reader->files().size() != info.files ||
        reader->object_count() != info.objects) {
      return Corruption(reader->name() + ": is not the pack that was sealed");
    }
    uint64_t rest = info.length;
    for (size_t i = 0; i < info.objects; ++i) {
      const uint64_t bytes = reader->object(i).encoded_bytes;
      use.object_bytes.push_back(Narrow(bytes));
      rest -= std::min(rest, bytes);
    }
    // What is no object's is the files', by what they hold themselves.
    const uint64_t literals =
        std::accumulate(reader->files().begin(), reader->files().end(),
                        uint64_t{0}, [](uint64_t sum, const Manifest& file) {
                          return sum + LiteralBytes(file);
                        });
    for (const Manifest& file : reader->files()) {
      const double share = static_cast<double>(LiteralBytes(file)) /
                           static_cast<double>(literals);
      use.file_bytes.push_back(
          Narrow(1 + static_cast<uint64_t>(share * static_cast<double>(rest))));
    }
    return {};
  };
  use.unreadable = !objects_->WithPack(info.number, read).ok();
  if (use.unreadable) {
    const uint64_t share = info.length / (info.files + info.objects + 1);
    use.file_bytes.assign(info.files, Narrow(1 + share));
    use.object_bytes.assign(info.objects, Narrow(1 + share));
  }
  packs_.emplace(info.number, std::move(use));
  return {};
}

Status Liveness::MarkFile(const Digest& file) {
  INGOT_ASSIGN(const auto places, store_->packs().FindFile(file));
  return Mark(places, true);
}

Status Liveness::MarkObject(const Digest& object, unsigned limit) {
  INGOT_ASSIGN(auto places, store_->packs().FindObject(object));
  std::erase_if(places, [limit](const store::PackPlace& place) {
    return place.depth >= limit;
  });
  return Mark(places, false);
}

Status Liveness::Mark(std::span<const store::PackPlace> places, bool is_file) {
  using Rank = std::tuple<bool, bool, bool, unsigned>;
  const store::PackPlace* best = nullptr;
  Rank best_rank;
  for (const store::PackPlace& place : places) {
    const auto found = packs_.find(place.pack);
    // Sealed since: another one was there before.
    if (found == packs_.end()) continue;
    const PackUse& use = found->second;
    const bool marked =
        is_file ? use.files[place.index] : use.objects[place.index];
    bool whole = !place.damaged;
    if (whole && has_damage_) {
      INGOT_ASSIGN(whole, is_file
                              ? wholeness_.OfFile(place.pack, place.index)
                              : wholeness_.OfObject(place.pack, place.index));
    }
    // A copy that cannot be relied on is none.
    if (marked && whole) return {};
    const Rank rank(!whole, place.damaged, place.retired, place.depth);
    if (best == nullptr || rank < best_rank) {
      best = &place;
      best_rank = rank;
    }
  }
  if (best != nullptr) MarkEntry(best->pack, best->index, is_file);
  return {};
}

void Liveness::MarkEntry(uint64_t pack, uint64_t index, bool is_file) {
  PackUse& use = packs_.at(pack);
  std::vector<bool>& marked = is_file ? use.files : use.objects;
  if (marked[index]) return;
  marked[index] = true;
  Pack& pending = pending_[pack];
  (is_file ? pending.new_files : pending.new_objects).push_back(index);
}

void Liveness::MarkAll(uint64_t pack) {
  const PackUse& use = packs_.at(pack);
  for (uint64_t i = 0; i < use.info.files; ++i) MarkEntry(pack, i, true);
  for (uint64_t i = 0; i < use.info.objects; ++i) MarkEntry(pack, i, false);
}

Status Liveness::Follow() {
  while (!pending_.empty()) {
    INGOT_TRY(CheckStop(stop_, "collecting"));
    const auto next = pending_.extract(pending_.begin());
    INGOT_TRY(FollowPack(next.key(), next.mapped()));
  }
  return {};
}

Status Liveness::FollowPack(uint64_t number, const Pack& pack) {
  const auto contents = store_->packs().Contents(number);
  // Removed meanwhile: nobody needed it.
  if (!contents.ok()) return {};
  for (const uint64_t object : pack.new_objects) {
    const store::PackEntry& entry = contents->objects[object];
    for (const Digest& needed : entry.needs) {
      INGOT_TRY(MarkObject(needed, entry.depth));
    }
  }
  for (const uint64_t file : pack.new_files) {
    for (const Digest& needed : contents->files[file].needs) {
      INGOT_TRY(MarkObject(needed, kAnyDepth));
    }
  }
  if (pack.new_files.empty()) return {};
  // Which of the pack's own objects its files need, only the container says.
  std::set<uint64_t> own;
  const auto read = [&](ContainerReader* reader) -> Status {
    for (const uint64_t file : pack.new_files) {
      for (const Segment& segment : reader->files()[file].segments) {
        if (segment.kind == Segment::Kind::kObject) own.insert(segment.object);
      }
    }
    return {};
  };
  if (!objects_->WithPack(number, read).ok()) {
    packs_.at(number).unreadable = true;
    MarkAll(number);
    return {};
  }
  for (const uint64_t object : own) {
    MarkEntry(number, object, false);
    // Where the pack's own copy cannot be relied on another one is to stay.
    if (has_damage_) {
      INGOT_TRY(MarkObject(contents->objects[object].id.digest, kAnyDepth));
    }
  }
  return {};
}

}  // namespace ingot::ingest
