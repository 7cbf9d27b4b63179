// BenchMemory: a buffer for measurements: anonymous pages of one kind, aligned,
// all of them present before the clock starts.
//
// A buffer that is touched for the first time costs page faults that have
// nothing to do with coding, and the kind of pages decides the speed of memcpy
// as well: all buffers of a comparison must be of the same kind.
//
// Thread-safety: as memory.

#ifndef INGOT_TOOLS_BENCH_MEMORY_H_
#define INGOT_TOOLS_BENCH_MEMORY_H_

#include <cstddef>

#include "codec/bytes.h"
#include "codec/result.h"

namespace ingot {

class BenchMemory {
 public:
  // Zero bytes, aligned to 2 MiB. Plain pages of 4 KiB, or huge ones as far as
  // the system grants them.
  static Result<BenchMemory> Allocate(size_t size, bool huge_pages);
  ~BenchMemory();
  BenchMemory(BenchMemory&& other) noexcept;
  BenchMemory& operator=(BenchMemory&&) = delete;

  MutableByteSpan span() const { return {data_, size_}; }

 private:
  BenchMemory() = default;

  void* mapping_ = nullptr;
  size_t mapped_ = 0;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace ingot

#endif  // INGOT_TOOLS_BENCH_MEMORY_H_
