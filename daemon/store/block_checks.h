// Block checks: files that carry a checksum for each block of their bytes, so
// that any range can be read and no damage is handed out (STORE.md, "Staged
// uploads").
//
// Thread-safety: a BlockSums, one thread at a time; the Source as any other.

#ifndef INGOT_DAEMON_STORE_BLOCK_CHECKS_H_
#define INGOT_DAEMON_STORE_BLOCK_CHECKS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "codec/bytes.h"
#include "codec/source.h"

namespace ingot::store {

// Of a block, but for the last one.
inline constexpr uint64_t kCheckedBlock = uint64_t{64} << 10;

// Of the file with its checksums; `length`: of the bytes alone.
constexpr uint64_t CheckedLength(uint64_t length) {
  return length + (length + kCheckedBlock - 1) / kCheckedBlock * 8;
}

// The checksums of bytes that come in pieces. Takes 8 bytes for each block.
class BlockSums {
 public:
  void Update(ByteSpan bytes);
  // What is to be written behind the bytes. Nothing is updated afterwards.
  const std::vector<std::byte>& Finish();

 private:
  void Add(ByteSpan block);

  std::vector<std::byte> begun_;  // of the block that is not whole yet
  std::vector<std::byte> sums_;
};

// The first `length` bytes of `file`, whose checksums follow them. Reading
// compares: kCorruption, which names file and offset. REQUIRES: the file has
// CheckedLength(length) bytes.
std::unique_ptr<Source> OpenChecked(std::unique_ptr<Source> file,
                                    uint64_t length);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_BLOCK_CHECKS_H_
