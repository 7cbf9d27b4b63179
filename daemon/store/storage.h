// Storage: the seam between the store and what keeps its bytes.
//
// A Storage holds files that are written once: created, appended to by their
// creator, then read and some day removed; nothing is renamed, truncated or
// opened for writing again. STORE.md ("Files") states what a key is, what
// Sync promises, and what may be found after a loss of power. The contract
// suite in tests/daemon/store/storage_test.cc runs on every implementation.
//
// Thread-safety: a Storage and the Sources that it opens may be used from
// several threads at once; an AppendFile from one at a time.

#ifndef INGOT_DAEMON_STORE_STORAGE_H_
#define INGOT_DAEMON_STORE_STORAGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"

namespace ingot::store {

// A file being written. Destroying it closes it; what was not synced may then
// be lost.
class AppendFile {
 public:
  virtual ~AppendFile() = default;

  // All of `bytes`, or an error: then the file is not to be used any more.
  virtual Status Append(ByteSpan bytes) = 0;
  // Makes the bytes so far and the file's name durable.
  virtual Status Sync() = 0;
};

struct StoredFile {
  std::string key;
  uint64_t size;
};

class Storage {
 public:
  virtual ~Storage() = default;

  // kConflict where `key` exists; kInvalidArgument where it is none.
  virtual Result<std::unique_ptr<AppendFile>> Create(std::string_view key) = 0;
  // The bytes that the file has now. kNotFound where there is none.
  virtual Result<std::unique_ptr<Source>> Open(std::string_view key) const = 0;
  // Makes the bytes that the file has now, and its name, durable: for files
  // whose writer died between Append and Sync.
  virtual Status Sync(std::string_view key) = 0;
  // The files whose key is `folder`/NAME, by key; none where there is no such
  // folder.
  virtual Result<std::vector<StoredFile>> List(
      std::string_view folder) const = 0;
  // kNotFound where there is none. Sources opened before stay valid.
  virtual Status Remove(std::string_view key) = 0;
  // Bytes that can still be written, as far as is known.
  virtual Result<uint64_t> FreeBytes() const = 0;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_STORAGE_H_
