// AlignedBuffer: scratch memory for kernels, reused from block to block.
//
// The first byte is aligned to a cache line. Large buffers are mapped on
// huge-page boundaries and ask for huge pages: touching fresh 4 KiB pages
// costs more than decoding into them, so a buffer is grown once and kept.
//
// Thread-safety: as a value type; distinct objects are independent.

#ifndef INGOT_CODEC_BASE_ALIGNED_BUFFER_H_
#define INGOT_CODEC_BASE_ALIGNED_BUFFER_H_

#include <cstddef>

#include "codec/bytes.h"
#include "codec/result.h"

namespace ingot {

class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;
  // From this many bytes on, memory is mapped and huge pages are asked for.
  static constexpr size_t kMappedSize = size_t{4} << 20;

  AlignedBuffer() = default;
  ~AlignedBuffer();
  AlignedBuffer(AlignedBuffer&& other) noexcept;
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept;

  // Makes the buffer `size` bytes long. The contents become unspecified where
  // it must grow beyond its capacity and are kept otherwise; memory is never
  // given back before destruction. On kResourceExhausted the buffer is as it
  // was.
  Status Resize(size_t size);

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

  MutableByteSpan span() { return {data_, size_}; }
  ByteSpan span() const { return {data_, size_}; }

 private:
  void Free();

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_ALIGNED_BUFFER_H_
