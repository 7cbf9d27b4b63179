// SourceCursor: reads a stretch of a Source from its front, 64 KiB at a time,
// for parsers of binary headers.
//
// Nothing is read past the stretch, whatever lengths the header promises: a
// read of more than remains fails, as do all that follow it, and yields zeros.
// A parser may so read several fields and ask once whether they were there.
// error() tells a failure of the Source from a stretch that ended.
//
// Thread-safety: one thread at a time. The Source must outlive the cursor.

#ifndef INGOT_FORMATS_BASE_SOURCE_CURSOR_H_
#define INGOT_FORMATS_BASE_SOURCE_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"

namespace ingot {

class SourceCursor {
 public:
  // The bytes [begin, end) of `source`. REQUIRES: begin <= end <= its size.
  SourceCursor(const Source& source, uint64_t begin, uint64_t end)
      : source_(source), read_(begin), end_(end) {}
  SourceCursor(const SourceCursor&) = delete;
  SourceCursor& operator=(const SourceCursor&) = delete;

  // Offset in the Source of the next byte.
  uint64_t position() const { return read_ - (buffer_.size() - next_); }
  uint64_t remaining() const { return end_ - position(); }

  // Whether some read asked for more than there was, or the Source failed.
  bool failed() const { return failed_; }
  // The failure of the Source, if that it was.
  const std::optional<Error>& error() const { return error_; }

  // A little-endian integer; 0 where it fails.
  template <typename T>
  T Read() {
    T value = 0;
    ReadBytes({reinterpret_cast<std::byte*>(&value), sizeof(T)});
    return value;
  }
  // Fills `out`, with zeros where it fails.
  bool ReadBytes(MutableByteSpan out);
  // `length` bytes; empty where it fails. Allocates what is there, not what
  // is promised.
  std::string ReadString(uint64_t length);
  bool Skip(uint64_t length);

 private:
  bool Fail();
  bool Refill();

  const Source& source_;
  uint64_t read_;  // offset in source_ up to which it is read
  const uint64_t end_;
  std::vector<std::byte> buffer_;
  size_t next_ = 0;
  bool failed_ = false;
  std::optional<Error> error_;
};

}  // namespace ingot

#endif  // INGOT_FORMATS_BASE_SOURCE_CURSOR_H_
