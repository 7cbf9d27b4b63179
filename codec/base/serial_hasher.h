// SerialHasher: a Digest computed on a thread of its own, beside other work.
//
// A digest is a chain, so that its pieces run one after the other; but they
// begin as soon as they are there, while the caller reads on and encodes. It
// is not a task of a ThreadPool: a caller that waits for the pool's other
// tasks would take it up and be held by it.
//
// Thread-safety: one caller's thread at a time.

#ifndef INGOT_CODEC_BASE_SERIAL_HASHER_H_
#define INGOT_CODEC_BASE_SERIAL_HASHER_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

#include "codec/bytes.h"
#include "codec/digest.h"

namespace ingot {

class SerialHasher {
 public:
  // Without a thread, Update hashes on the caller's.
  explicit SerialHasher(bool use_thread);
  ~SerialHasher();
  SerialHasher(const SerialHasher&) = delete;
  SerialHasher& operator=(const SerialHasher&) = delete;

  // Queues `bytes`, which must stay as they are until they are hashed.
  // Returns the mark to wait for.
  uint64_t Update(ByteSpan bytes);

  // Returns when everything up to `mark` is hashed.
  void Wait(uint64_t mark);

  // Digest of all bytes so far. Finish starts anew.
  Digest Peek();
  Digest Finish();

 private:
  void Run();

  Hasher hasher_;        // the thread's while something is queued
  uint64_t queued_ = 0;  // pieces
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ByteSpan> queue_;  // guarded by mutex_, as what follows
  uint64_t hashed_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_SERIAL_HASHER_H_
