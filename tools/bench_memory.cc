#include "tools/bench_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace ingot {

Result<BenchMemory> BenchMemory::Allocate(size_t size, bool huge_pages) {
  constexpr size_t kAlignment = size_t{2} << 20;
  BenchMemory memory;
  memory.mapped_ = AlignUp(size, kAlignment) + kAlignment;
  memory.mapping_ = mmap(nullptr, memory.mapped_, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory.mapping_ == MAP_FAILED) {
    memory.mapping_ = nullptr;
    return ErrnoError(std::to_string(size) + " bytes of memory", errno);
  }
  // Either is a wish; kernels without huge pages know neither.
  madvise(memory.mapping_, memory.mapped_,
          huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  memory.data_ = reinterpret_cast<std::byte*>(
      AlignUp(reinterpret_cast<uintptr_t>(memory.mapping_), kAlignment));
  memory.size_ = size;
  if (size > 0) std::memset(memory.data_, 0, size);
  return memory;
}

BenchMemory::~BenchMemory() {
  if (mapping_ != nullptr) munmap(mapping_, mapped_);
}

BenchMemory::BenchMemory(BenchMemory&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      mapped_(other.mapped_),
      data_(other.data_),
      size_(other.size_) {}

}  // namespace ingot
