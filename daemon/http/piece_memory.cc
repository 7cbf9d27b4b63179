#include "daemon/http/piece_memory.h"

#include <sys/mman.h>

#include <cstdlib>

namespace ingot::http {
namespace {

constexpr size_t kMapped = size_t{32} << 10;

}  // namespace

Status PieceMemory::Resize(size_t size) {
  if (size > capacity_ || size < capacity_ / 4 * 3) {
    Free();
    void* const got = size < kMapped
                          ? std::malloc(size)
                          : mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == nullptr || got == MAP_FAILED) {
      return Error{ErrorKind::kResourceExhausted, "no memory"};
    }
    data_ = static_cast<std::byte*>(got);
    capacity_ = size;
  }
  size_ = size;
  return {};
}

void PieceMemory::Free() {
  if (capacity_ < kMapped) {
    std::free(data_);
  } else {
    munmap(data_, capacity_);
  }
  data_ = nullptr;
  size_ = 0;
  capacity_ = 0;
}

}  // namespace ingot::http
