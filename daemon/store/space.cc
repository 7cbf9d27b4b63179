#include "daemon/store/space.h"

#include <algorithm>
#include <string>

namespace ingot::store {
namespace {

// Of writers that do not say how much they will need.
constexpr uint64_t kPiece = uint64_t{1} << 20;

}  // namespace

Status Space::Allotment::Allot(uint64_t bytes) {
  INGOT_ASSIGN(const uint64_t free, space_->storage_->FreeBytes());
  const std::lock_guard lock(space_->mutex_);
  const uint64_t kept = space_->allotted_ + reserved_;
  if (free < kept || free - kept < bytes) {
    return Error{ErrorKind::kResourceExhausted,
                 "no space: " + std::to_string(free) + " bytes are free, " +
                     std::to_string(kept) + " of them kept, " +
                     std::to_string(bytes) + " needed"};
  }
  space_->allotted_ += bytes;
  bytes_ += bytes;
  return {};
}

Status Space::Allotment::Prepare(uint64_t bytes) {
  if (bytes <= bytes_) return {};
  return Allot(std::max(kPiece, bytes - bytes_));
}

void Space::Allotment::Written(uint64_t bytes) {
  space_->GiveBack(bytes);
  bytes_ -= bytes;
}

void Space::GiveBack(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  allotted_ -= bytes;
}

}  // namespace ingot::store
