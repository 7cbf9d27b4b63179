// A binary range coder: decisions of given probability to 16-bit words and
// back (codec/FORMAT.md, section 8).
//
// The range is 32 bits wide and never below 2^16 before a decision, so that
// one word at most moves with each. The encoder writes a word when it leaves
// the range's upper half and adds a carry to the words before it; words are
// written little-endian.
//
// Thread-safety: values; one thread at a time.

#ifndef INGOT_CODEC_ENTROPY_RANGE_CODER_H_
#define INGOT_CODEC_ENTROPY_RANGE_CODER_H_

#include <cstddef>
#include <cstdint>

#include "codec/bytes.h"

namespace ingot {

inline constexpr uint32_t kMinRange = 1u << 16;
inline constexpr size_t kRangeWordBytes = 2;
inline constexpr uint32_t kEvenProbability = 1u << 15;

// The lower part of the range, which stands for a 1 of probability
// `probability` / 65536.
inline uint32_t LowerRange(uint32_t range, uint32_t probability) {
  return static_cast<uint32_t>((uint64_t{range} * probability) >> 16);
}

class RangeEncoder {
 public:
  RangeEncoder() = default;
  // Writes to `out`. A decision adds one word at most, Finish two.
  explicit RangeEncoder(uint8_t* out) : begin_(out), out_(out) {}

  void Encode(uint32_t bit, uint32_t probability) {
    const uint32_t lower = LowerRange(range_, probability);
    const uint32_t mask = 0u - bit;
    low_ += lower & ~mask;
    range_ = bit ? lower : range_ - lower;
    if (range_ < kMinRange) {
      PutWord();
      range_ <<= 16;
    }
  }

  // The `width` low bits of `value`, highest first, each as likely as not.
  void EncodeEven(uint64_t value, unsigned width) {
    while (width > 0) Encode((value >> --width) & 1, kEvenProbability);
  }

  // Ends the stream with as few words as tell it from all others, whatever
  // follows them.
  void Finish() {
    // The range holds all values of a word behind this one if it is so wide.
    if (range_ >= 2 * kMinRange - 1) low_ += kMinRange - 1;
    const bool one_word = range_ >= 2 * kMinRange - 1;
    PutWord();
    if (!one_word) PutWord();
  }

  uint8_t* out() const { return out_; }
  size_t bytes() const { return static_cast<size_t>(out_ - begin_); }

 private:
  void PutWord() {
    if (low_ >> 32 != 0) {
      uint8_t* word = out_;
      uint16_t value;
      do {
        word -= kRangeWordBytes;
        value = static_cast<uint16_t>(LoadLittleEndian<uint16_t>(word) + 1);
        StoreLittleEndian(word, value);
      } while (value == 0);
    }
    StoreLittleEndian(out_, static_cast<uint16_t>(low_ >> 16));
    out_ += kRangeWordBytes;
    low_ = (low_ & 0xFFFF) << 16;
  }

  uint64_t low_ = 0;
  uint32_t range_ = UINT32_MAX;
  uint8_t* begin_ = nullptr;
  uint8_t* out_ = nullptr;
};

class RangeDecoder {
 public:
  RangeDecoder() = default;
  // Reads from `in`: two words now, then one at most for each decision. What
  // lies behind a stream's end does not matter but must be readable.
  explicit RangeDecoder(const uint8_t* in) : in_(in) {
    code_ = NextWord();
    code_ = code_ << 16 | NextWord();
  }

  uint32_t Decode(uint32_t probability) {
    const uint32_t lower = LowerRange(range_, probability);
    // Without branches: neither the bit nor the word can be foreseen.
    const uint32_t above = code_ >= lower ? UINT32_MAX : 0;
    code_ -= lower & above;
    range_ = lower + ((range_ - 2 * lower) & above);
    const uint32_t moves = range_ < kMinRange ? 1 : 0;
    const uint32_t word = LoadLittleEndian<uint16_t>(in_);
    range_ <<= 16 * moves;
    code_ = code_ << (16 * moves) | (word & (0u - moves));
    in_ += kRangeWordBytes * moves;
    return above + 1;
  }

  uint64_t DecodeEven(unsigned width) {
    uint64_t value = 0;
    while (width-- > 0) value = value << 1 | Decode(kEvenProbability);
    return value;
  }

  // Behind the last word read.
  const uint8_t* in() const { return in_; }

  // True where a stream that ends at `end` has been read to its end.
  bool FinishedAt(const uint8_t* end) const {
    return in_ == end || in_ == end + kRangeWordBytes;
  }

 private:
  uint32_t NextWord() {
    const uint32_t word = LoadLittleEndian<uint16_t>(in_);
    in_ += kRangeWordBytes;
    return word;
  }

  uint32_t code_ = 0;
  uint32_t range_ = UINT32_MAX;
  const uint8_t* in_ = nullptr;
};

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_RANGE_CODER_H_
