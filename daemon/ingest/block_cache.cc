#include "daemon/ingest/block_cache.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace ingot::ingest {
namespace {

// Most blocks that predict others have half of this.
constexpr uint64_t kBlock = uint64_t{1} << 20;
// Seen are remembered as many as several times the cache would hold.
constexpr uint64_t kSeenShare = 8;
constexpr uint64_t kLeastSeen = 64;

// What is remembered of a key: that two have the same does no harm.
uint64_t Mark(const BlockCache::Key& key) {
  uint64_t mark = 0;
  std::memcpy(&mark, key.object.bytes.data(), sizeof(mark));
  return mark ^ (key.offset * 0x9E3779B97F4A7C15 + key.size);
}

}  // namespace

struct BlockCache::Decoding {
  explicit Decoding(unsigned of_rank) : rank(of_rank) {}

  const unsigned rank;
  size_t waiting = 0;
  bool ended = false;
  Bytes bytes;
  std::condition_variable changed;
};

BlockCache::BlockCache(uint64_t limit) : limit_(limit) {}
BlockCache::~BlockCache() = default;

Status BlockCache::Read(const Key& key, unsigned rank, MutableByteSpan out,
                        const Decode& decode) {
  std::shared_ptr<Decoding> mine;
  {
    std::unique_lock lock(mutex_);
    Bytes bytes;
    if (const auto place = places_.find(key); place != places_.end()) {
      kept_.splice(kept_.begin(), kept_, place->second);
      bytes = kept_.front().bytes;
      ++counts_.hits;
    } else if (const auto found = running_.find(key); found == running_.end()) {
      mine = std::make_shared<Decoding>(rank);
      running_.emplace(key, mine);
    } else if (found->second->rank <= rank) {
      const std::shared_ptr<Decoding> other = found->second;
      ++other->waiting;
      ++counts_.waiting;
      other->changed.wait(lock, [&] { return other->ended; });
      --counts_.waiting;
      bytes = other->bytes;
      counts_.shared += bytes != nullptr;
    }
    if (bytes != nullptr) {
      lock.unlock();
      std::memcpy(out.data(), bytes->data(), out.size());
      return {};
    }
    ++counts_.misses;
  }
  return mine == nullptr ? decode(out) : Lead(key, mine.get(), out, decode);
}

Status BlockCache::Lead(const Key& key, Decoding* mine, MutableByteSpan out,
                        const Decode& decode) {
  std::unique_lock lock(mutex_, std::defer_lock);
  Bytes bytes;
  // Without memory, too: others wait for it.
  struct Ending {
    ~Ending() { end(); }
    std::function<void()> end;
  };
  const Ending ending{[&] {
    if (!lock.owns_lock()) lock.lock();
    running_.erase(key);
    mine->bytes = std::move(bytes);
    mine->ended = true;
    mine->changed.notify_all();
  }};
  Status decoded = decode(out);
  if (!decoded.ok()) return decoded;
  lock.lock();
  const bool was_seen = WasSeen(key);
  if (!was_seen && mine->waiting == 0) return decoded;
  // Who comes until it is kept waits, too.
  lock.unlock();
  bytes =
      std::make_shared<const std::vector<std::byte>>(out.begin(), out.end());
  lock.lock();
  Keep(key, bytes);
  return decoded;
}

void BlockCache::Keep(const Key& key, Bytes bytes) {
  if (bytes->size() > limit_) return;
  counts_.bytes += bytes->size();
  kept_.push_front({key, std::move(bytes)});
  places_[key] = kept_.begin();
  while (counts_.bytes > limit_) {
    counts_.bytes -= kept_.back().bytes->size();
    places_.erase(kept_.back().key);
    kept_.pop_back();
  }
}

bool BlockCache::WasSeen(const Key& key) {
  const uint64_t mark = Mark(key);
  if (!seen_set_.insert(mark).second) return true;
  seen_.push_back(mark);
  if (seen_.size() > kLeastSeen + kSeenShare * (limit_ / kBlock)) {
    seen_set_.erase(seen_.front());
    seen_.pop_front();
  }
  return false;
}

BlockCacheCounts BlockCache::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace ingot::ingest
