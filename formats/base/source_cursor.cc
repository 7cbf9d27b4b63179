#include "formats/base/source_cursor.h"

#include <algorithm>
#include <utility>

namespace ingot {
namespace {

constexpr uint64_t kBufferBytes = 65536;

}  // namespace

bool SourceCursor::Fail() {
  failed_ = true;
  // What follows must not be read as if nothing had been left out.
  buffer_.clear();
  next_ = 0;
  read_ = end_;
  return false;
}

bool SourceCursor::Refill() {
  buffer_.resize(std::min(kBufferBytes, end_ - read_));
  next_ = 0;
  if (Status read = source_.ReadAt(read_, buffer_); !read.ok()) {
    error_ = std::move(read).error();
    return Fail();
  }
  read_ += buffer_.size();
  return true;
}

bool SourceCursor::ReadBytes(MutableByteSpan out) {
  if (failed_ || out.size() > remaining()) {
    std::fill(out.begin(), out.end(), std::byte{0});
    return Fail();
  }
  while (!out.empty()) {
    if (next_ == buffer_.size() && !Refill()) {
      std::fill(out.begin(), out.end(), std::byte{0});
      return false;
    }
    const size_t size = std::min(out.size(), buffer_.size() - next_);
    std::memcpy(out.data(), buffer_.data() + next_, size);
    next_ += size;
    out = out.subspan(size);
  }
  return true;
}

std::string SourceCursor::ReadString(uint64_t length) {
  if (failed_ || length > remaining()) {
    Fail();
    return {};
  }
  std::string text(length, '\0');
  if (!ReadBytes({reinterpret_cast<std::byte*>(text.data()), text.size()})) {
    return {};
  }
  return text;
}

bool SourceCursor::Skip(uint64_t length) {
  if (failed_ || length > remaining()) return Fail();
  const uint64_t buffered = std::min<uint64_t>(length, buffer_.size() - next_);
  next_ += buffered;
  if (length > buffered) {
    buffer_.clear();
    next_ = 0;
    read_ += length - buffered;
  }
  return true;
}

}  // namespace ingot
