// PieceMemory: room for a part of a body. Larger ones are the system's own
// again once they are given back: of what malloc keeps between threads, a
// thousand clients that read slowly would have twice as much.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_HTTP_PIECE_MEMORY_H_
#define INGOT_DAEMON_HTTP_PIECE_MEMORY_H_

#include <cstddef>

#include "codec/bytes.h"
#include "codec/result.h"

namespace ingot::http {

class PieceMemory {
 public:
  PieceMemory() = default;
  ~PieceMemory() { Free(); }
  PieceMemory(const PieceMemory&) = delete;
  PieceMemory& operator=(const PieceMemory&) = delete;

  // The contents become unspecified. kResourceExhausted: there is no memory,
  // and the size is 0.
  Status Resize(size_t size);
  MutableByteSpan span() const { return {data_, size_}; }

 private:
  void Free();

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_PIECE_MEMORY_H_
