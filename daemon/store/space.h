// Space: bytes of a storage, allotted before they are written, so that several
// writers do not count on the same ones and some are left for what must always
// be possible (STORE.md, "Space").
//
// Thread-safety: Space may be used from several threads at once, an Allotment
// from one at a time.

#ifndef INGOT_DAEMON_STORE_SPACE_H_
#define INGOT_DAEMON_STORE_SPACE_H_

#include <cstdint>
#include <mutex>

#include "codec/result.h"
#include "daemon/store/storage.h"

namespace ingot::store {

class Space {
 public:
  // What one writer was allotted and has not written. Destroying it gives the
  // rest back.
  class Allotment {
   public:
    // `reserved`: bytes that stay free, whoever asks.
    Allotment(Space* space, uint64_t reserved)
        : space_(space), reserved_(reserved) {}
    ~Allotment() { space_->GiveBack(bytes_); }
    Allotment(const Allotment&) = delete;
    Allotment& operator=(const Allotment&) = delete;

    // kResourceExhausted where there is no space.
    Status Allot(uint64_t bytes);
    // Before `bytes` are written: allots what is missing, and some more.
    Status Prepare(uint64_t bytes);
    // After they were.
    void Written(uint64_t bytes);

   private:
    Space* const space_;
    const uint64_t reserved_;
    uint64_t bytes_ = 0;
  };

  // `storage` must outlive the Space.
  explicit Space(const Storage* storage) : storage_(storage) {}

 private:
  void GiveBack(uint64_t bytes);

  const Storage* const storage_;
  std::mutex mutex_;
  uint64_t allotted_ = 0;  // bytes, and not yet written
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_SPACE_H_
