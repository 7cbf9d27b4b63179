// BlockCache: decoded blocks of objects that others are coded against, and one
// decoding of a block for all who want it at the same time.
//
// A block is kept when it is wanted a second time, soon after the first or
// meanwhile: who reads a file once from front to back, whatever it is coded
// against, neither fills the cache nor pays for it. Those used last are kept,
// as far as the limit allows. What could not be decoded is neither kept nor
// handed to others: each of them tries by itself.
//
// No lock is held while a block is decoded. Decoding one may need others, so
// that threads wait for threads, which ends: each reading has a rank, and what
// is called for it reads at lower ranks only. A thread waits for another one's
// decoding only if the rank of that is at most its own reading's; so of those
// who wait for each other in a row, each decodes at a lower rank than the one
// before it, and the last one waits for nobody. Where the rank is higher, the
// thread decodes by itself.
//
// Memory: the limit, some 300 bytes for each block kept, some 50 for each that
// was seen, of which there are 64 and eight for each MiB of the limit; and a
// block for each thread that has just decoded one for others.
//
// Thread-safety: all functions may be called from several threads at once.

#ifndef INGOT_DAEMON_INGEST_BLOCK_CACHE_H_
#define INGOT_DAEMON_INGEST_BLOCK_CACHE_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "codec/bytes.h"
#include "codec/digest.h"
#include "codec/result.h"

namespace ingot::ingest {

// Of one cache since it was made.
struct BlockCacheCounts {
  uint64_t hits = 0;    // readings that found the block
  uint64_t misses = 0;  // that decoded it
  uint64_t shared = 0;  // that waited for another one's decoding
  uint64_t bytes = 0;   // that it keeps now
  size_t waiting = 0;   // readings that wait now
};

class BlockCache {
 public:
  // Bytes of an object: what a block of another is predicted by.
  struct Key {
    Digest object;
    uint64_t offset = 0;
    uint64_t size = 0;
    auto operator<=>(const Key&) const = default;
  };
  // Fills what it is given with the bytes.
  using Decode = std::function<Status(MutableByteSpan)>;

  // `limit`: bytes to be kept; 0: none.
  explicit BlockCache(uint64_t limit);
  ~BlockCache();

  // Fills `out`, of key.size bytes; an error is that of `decode`, which calls
  // Read with ranks below `rank` only.
  Status Read(const Key& key, unsigned rank, MutableByteSpan out,
              const Decode& decode);

  BlockCacheCounts counts() const;

 private:
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;
  struct Kept {
    Key key;
    Bytes bytes;
  };
  struct Decoding;

  // Decodes for all who wait for `mine`, which is running.
  Status Lead(const Key& key, Decoding* mine, MutableByteSpan out,
              const Decode& decode);
  // With the lock held.
  void Keep(const Key& key, Bytes bytes);
  // Whether it was seen not long ago; from now on it was.
  bool WasSeen(const Key& key);

  const uint64_t limit_;
  mutable std::mutex mutex_;  // of all that follows
  std::list<Kept> kept_;      // used last: at the front
  std::map<Key, std::list<Kept>::iterator> places_;
  std::map<Key, std::shared_ptr<Decoding>> running_;
  std::deque<uint64_t> seen_;  // oldest first
  std::unordered_set<uint64_t> seen_set_;
  BlockCacheCounts counts_;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_BLOCK_CACHE_H_
