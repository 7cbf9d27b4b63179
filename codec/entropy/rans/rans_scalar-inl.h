// The rANS decoder one symbol at a time: the reference, and what runs where
// vectors cannot gather.

#ifndef INGOT_CODEC_ENTROPY_RANS_RANS_SCALAR_INL_H_
#define INGOT_CODEC_ENTROPY_RANS_RANS_SCALAR_INL_H_

#include <cstring>

#include "codec/entropy/rans/rans_code.h"

namespace ingot {
namespace {

// Decodes kRansLanes * groups symbols. False where the words have run out; what
// was written is then unspecified.
inline bool DecodeRansBySymbol(const RansDecodeTable& table, RansCursor* cursor,
                               size_t groups, uint8_t* out) {
  const uint8_t* words = cursor->words;
  for (; groups > 0; --groups) {
    if (words > cursor->end) return false;
    for (uint32_t& state : cursor->states) {
      const uint32_t slot = table.slots[state & (kRansScale - 1)];
      *out++ = static_cast<uint8_t>(slot);
      state = (slot >> 8 & (kRansScale - 1)) * (state >> kRansBits) +
              (slot >> 20);
      if (state < kRansLow) {
        uint16_t word;
        std::memcpy(&word, words, sizeof(word));
        state = state << 16 | word;
        words += sizeof(word);
      }
    }
  }
  cursor->words = words;
  return true;
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_RANS_RANS_SCALAR_INL_H_
