// CharStream: a stretch of a Source as a sequence of characters, read 64 KiB at
// a time, for a parser that pulls from iterators.
//
// The stream ends early when reading fails, and when the parser takes more than
// kMaxTokenLength characters without a call of Mark(), which bounds what a
// parser can gather for one token. The two are told apart from the true end
// afterwards.
//
// Thread-safety: one thread at a time. The Source must outlive the stream.

#ifndef INGOT_FORMATS_SAFETENSORS_CHAR_STREAM_H_
#define INGOT_FORMATS_SAFETENSORS_CHAR_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <vector>

#include "codec/result.h"
#include "codec/source.h"

namespace ingot {

// Characters of one token of the header, such as a string.
inline constexpr uint64_t kMaxTokenLength = uint64_t{16} << 20;

class CharStream {
 public:
  // The bytes [begin, end) of `source`.
  CharStream(const Source& source, uint64_t begin, uint64_t end);
  CharStream(const CharStream&) = delete;
  CharStream& operator=(const CharStream&) = delete;

  bool AtEnd() { return next_ == limit_ && !Refill(); }
  // REQUIRES: !AtEnd()
  char Peek() const { return *next_; }
  void Advance() { ++next_; }

  // Offset in the Source of the next character.
  uint64_t position() const {
    return read_ - static_cast<uint64_t>(limit_ - next_);
  }
  // A token is complete.
  void Mark() { mark_ = position(); }

  // The failure to read that ended the stream, if one did.
  const std::optional<Error>& error() const { return error_; }
  // Whether a character was asked for behind the last one.
  bool end_reached() const { return end_reached_; }
  // Whether a token exceeded kMaxTokenLength, which ended the stream.
  bool token_too_long() const { return token_too_long_; }

  // An input iterator over the rest of the stream. All copies share the
  // stream's position.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = char;

    Iterator() = default;
    explicit Iterator(CharStream* stream) : stream_(stream) {}

    char operator*() const { return stream_->Peek(); }
    Iterator& operator++() {
      stream_->Advance();
      return *this;
    }
    bool operator==(const Iterator& other) const {
      return AtEnd() == other.AtEnd();
    }

   private:
    bool AtEnd() const { return stream_ == nullptr || stream_->AtEnd(); }

    CharStream* stream_ = nullptr;  // null: the end
  };
  Iterator begin() { return Iterator(this); }
  Iterator end() { return Iterator(); }

 private:
  bool Refill();

  const Source& source_;
  uint64_t read_;  // offset in source_ up to which it is read
  const uint64_t end_;
  std::vector<char> buffer_;
  const char* next_ = nullptr;
  const char* limit_ = nullptr;
  uint64_t mark_;
  std::optional<Error> error_;
  bool end_reached_ = false;
  bool token_too_long_ = false;
};

}  // namespace ingot

#endif  // INGOT_FORMATS_SAFETENSORS_CHAR_STREAM_H_
