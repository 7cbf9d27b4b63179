#include "codec/base/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

namespace ingot {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
// Keeps the roundings below from wrapping.
constexpr size_t kLargest = SIZE_MAX / 2;

// Maps `size` bytes, a multiple of kHugePage, on a huge-page boundary: maps
// one huge page more and gives back what lies before and after.
std::byte* MapAligned(size_t size) {
  const size_t mapped = size + kHugePage;
  void* base = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  auto* bytes = static_cast<std::byte*>(base);
  const auto address = reinterpret_cast<uintptr_t>(base);
  const size_t before = AlignUp(address, kHugePage) - address;
  const size_t after = kHugePage - before;
  if (before != 0) munmap(bytes, before);
  if (after != 0) munmap(bytes + before + size, after);
  // Advice: without huge pages the memory is as good, only slower to touch.
  madvise(bytes + before, size, MADV_HUGEPAGE);
  return bytes + before;
}

}  // namespace

AlignedBuffer::~AlignedBuffer() { Free(); }

AlignedBuffer::AlignedBuffer(AlignedBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

AlignedBuffer& AlignedBuffer::operator=(AlignedBuffer&& other) noexcept {
  if (this != &other) {
    Free();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
  }
  return *this;
}

Status AlignedBuffer::Resize(size_t size) {
  if (size <= capacity_) {
    size_ = size;
    return {};
  }
  std::byte* data = nullptr;
  size_t capacity = 0;
  if (size <= kLargest) {
    capacity = AlignUp(size, kAlignment);
    if (capacity < kMappedSize) {
      data = static_cast<std::byte*>(std::aligned_alloc(kAlignment, capacity));
    } else {
      capacity = AlignUp(size, kHugePage);
      data = MapAligned(capacity);
    }
  }
  if (data == nullptr) {
    return Error{ErrorKind::kResourceExhausted,
                 "cannot allocate " + std::to_string(size) + " bytes"};
  }
  Free();
  data_ = data;
  size_ = size;
  capacity_ = capacity;
  return {};
}

void AlignedBuffer::Free() {
  if (capacity_ >= kMappedSize) {
    munmap(data_, capacity_);
  } else {
    std::free(data_);
  }
}

}  // namespace ingot
