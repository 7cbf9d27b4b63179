// GuardedBuffer: memory that ends where the address space ends, for tests of
// code that must not touch more than it says.

#ifndef INGOT_TESTS_CODEC_GUARDED_BUFFER_H_
#define INGOT_TESTS_CODEC_GUARDED_BUFFER_H_

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ingot {

class GuardedBuffer {
 public:
  // `size` bytes of `fill` directly before a page without access, with a
  // canary of at least a page in front of them.
  explicit GuardedBuffer(size_t size, uint8_t fill = 0)
      : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
        mapped_((size + page_ - 1) / page_ * page_ + 2 * page_),
        memory_(
            static_cast<uint8_t*>(mmap(nullptr, mapped_, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))),
        data_(memory_ + mapped_ - page_ - size),
        size_(size) {
    mprotect(memory_ + mapped_ - page_, page_, PROT_NONE);
    std::fill(memory_, data_, kCanary);
    std::fill_n(data_, size_, fill);
  }
  ~GuardedBuffer() { munmap(memory_, mapped_); }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  uint8_t* data() { return data_; }
  std::span<uint8_t> span() { return {data_, size_}; }
  std::span<const uint8_t> first(size_t count) const { return {data_, count}; }

  // Whether nothing was written before data() or in the last `count` bytes,
  // which were filled with `fill`.
  bool Intact(size_t count, uint8_t fill) const {
    return std::all_of(memory_, data_,
                       [](uint8_t b) { return b == kCanary; }) &&
           std::all_of(data_ + size_ - count, data_ + size_,
                       [=](uint8_t b) { return b == fill; });
  }

 private:
  static constexpr uint8_t kCanary = 0xC5;
  const size_t page_;
  const size_t mapped_;
  uint8_t* const memory_;
  uint8_t* const data_;
  const size_t size_;
};

}  // namespace ingot

#endif  // INGOT_TESTS_CODEC_GUARDED_BUFFER_H_
