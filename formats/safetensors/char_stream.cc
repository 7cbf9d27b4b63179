#include "formats/safetensors/char_stream.h"

#include <algorithm>
#include <span>
#include <utility>

namespace ingot {
namespace {

constexpr uint64_t kBufferLength = uint64_t{64} << 10;

}  // namespace

CharStream::CharStream(const Source& source, uint64_t begin, uint64_t end)
    : source_(source), read_(begin), end_(end), mark_(begin) {
  buffer_.resize(std::min(kBufferLength, end - begin));
}

bool CharStream::Refill() {
  if (error_ || token_too_long_) return false;
  if (read_ == end_) {
    end_reached_ = true;
    return false;
  }
  if (read_ - mark_ > kMaxTokenLength) {
    token_too_long_ = true;
    return false;
  }
  const std::span<char> piece(buffer_.data(),
                              std::min<uint64_t>(buffer_.size(), end_ - read_));
  Status status = source_.ReadAt(read_, std::as_writable_bytes(piece));
  if (!status.ok()) {
    error_ = std::move(status).error();
    return false;
  }
  read_ += piece.size();
  next_ = piece.data();
  limit_ = piece.data() + piece.size();
  return true;
}

}  // namespace ingot
