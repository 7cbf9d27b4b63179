// git-lfs's pointers: small files that stand for large ones (git-lfs,
// docs/spec.md, "The pointer").
//
// Thread-safety: values and functions.

#ifndef INGOT_DAEMON_STORE_LFS_POINTER_H_
#define INGOT_DAEMON_STORE_LFS_POINTER_H_

#include <cstdint>
#include <optional>

#include "codec/bytes.h"
#include "codec/digest.h"
#include "daemon/store/git_object.h"

namespace ingot::store {

struct LfsPointer {
  Digest file;
  uint64_t length = 0;
  bool operator==(const LfsPointer&) const = default;
};

GitObject FormatPointer(const LfsPointer& pointer);
// Nothing for what FormatPointer does not write. That a blob is a pointer says
// nothing of who may have the file.
std::optional<LfsPointer> ParsePointer(ByteSpan blob);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_LFS_POINTER_H_
