// The loops of the Huffman coder in portable C++, compiled once for each
// instruction set: shifts by a variable number of bits and counts of leading
// zeros are single instructions in some and several in others.
//
// See the streams' order in codec/FORMAT.md, section 7.

#ifndef INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_STREAMS_INL_H_
#define INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_STREAMS_INL_H_

#include <cstring>

#include "codec/entropy/huffman/huffman_code.h"

namespace ingot {
namespace {

// The next bits of a stream below a marker, whose way down counts them.
class HuffmanBits {
 public:
  explicit HuffmanBits(const uint8_t* begin) : at_(begin) { Fill(0); }

  // Bits taken so far, from the stream's begin.
  size_t Taken(const uint8_t* begin) const {
    return static_cast<size_t>(at_ - begin) * 8 + Leading();
  }
  // Makes at least 56 bits available: five entries of 11.
  [[gnu::always_inline]] void Refill() {
    const unsigned taken = Leading();
    at_ += taken >> 3;
    Fill(taken & 7);
  }
  // Takes an entry; stores its symbols below `*end`, moving it, and up to 8
  // bytes of no meaning below those.
  [[gnu::always_inline]] void TakeEntry(const uint64_t* entries,
                                        uint8_t** end) {
    const uint64_t entry = entries[bits_ & ((1u << kMaxHuffmanBits) - 1)];
    std::memcpy(*end - sizeof(entry), &entry, sizeof(entry));
    bits_ >>= entry & 63;
    *end -= entry >> 8 & 0xFF;
  }
  [[gnu::always_inline]] uint8_t TakeSymbol(const HuffmanDecodeTable& table) {
    const uint64_t entry = table.entries[bits_ & ((1u << kMaxHuffmanBits) - 1)];
    const auto symbol = static_cast<uint8_t>(entry >> 56);
    bits_ >>= table.lengths[symbol];
    return symbol;
  }

 private:
  static constexpr uint64_t kMarker = uint64_t{1} << 63;

  [[gnu::always_inline]] unsigned Leading() const {
    return static_cast<unsigned>(__builtin_clzll(bits_));
  }
  [[gnu::always_inline]] void Fill(unsigned taken) {
    uint64_t word;
    std::memcpy(&word, at_, sizeof(word));
    bits_ = (word | kMarker) >> taken;
  }

  uint64_t bits_;
  const uint8_t* at_;
};

// Decodes the streams to `out`, exactly streams.elements bytes. False where a
// stream has another size than its codes.
inline bool DecodeHuffman(const HuffmanDecodeTable& table,
                          const HuffmanStreams& streams, uint8_t* out) {
  constexpr unsigned kEntries = 56 / kMaxHuffmanBits;
  // What as many entries write at most, with what lies below them.
  constexpr ptrdiff_t kReach =
      kEntries * HuffmanDecodeTable::kSymbolsPerEntry + 8;
  static_assert(kHuffmanStreams == 4);
  const uint64_t* const entries = table.entries.data();
  HuffmanBits bits0(streams.begins[0]);
  HuffmanBits bits1(streams.begins[1]);
  HuffmanBits bits2(streams.begins[2]);
  HuffmanBits bits3(streams.begins[3]);
  const HuffmanRange range0 = HuffmanStreamRange(streams.elements, 0);
  const HuffmanRange range1 = HuffmanStreamRange(streams.elements, 1);
  const HuffmanRange range2 = HuffmanStreamRange(streams.elements, 2);
  const HuffmanRange range3 = HuffmanStreamRange(streams.elements, 3);
  uint8_t* end0 = out + range0.end;
  uint8_t* end1 = out + range1.end;
  uint8_t* end2 = out + range2.end;
  uint8_t* end3 = out + range3.end;
  while (end0 - (out + range0.begin) >= kReach &&
         end1 - (out + range1.begin) >= kReach &&
         end2 - (out + range2.begin) >= kReach &&
         end3 - (out + range3.begin) >= kReach) {
    for (unsigned i = 0; i < kEntries; ++i) {
      bits0.TakeEntry(entries, &end0);
      bits1.TakeEntry(entries, &end1);
      bits2.TakeEntry(entries, &end2);
      bits3.TakeEntry(entries, &end3);
    }
    bits0.Refill();
    bits1.Refill();
    bits2.Refill();
    bits3.Refill();
  }
  const auto finish = [&](size_t stream, HuffmanBits bits, uint8_t* end) {
    uint8_t* const begin =
        out + HuffmanStreamRange(streams.elements, stream).begin;
    while (end - begin >= kReach) {
      for (unsigned i = 0; i < kEntries; ++i) bits.TakeEntry(entries, &end);
      bits.Refill();
    }
    for (; end - begin >= 8; bits.Refill()) bits.TakeEntry(entries, &end);
    for (; end > begin; bits.Refill()) *--end = bits.TakeSymbol(table);
    const size_t taken = bits.Taken(streams.begins[stream]);
    return (taken + 7) / 8 == streams.sizes[stream];
  };
  // All of them, so that the loops of one overlap with those of the next.
  const bool good0 = finish(0, bits0, end0);
  const bool good1 = finish(1, bits1, end1);
  const bool good2 = finish(2, bits2, end2);
  const bool good3 = finish(3, bits3, end3);
  return good0 && good1 && good2 && good3;
}

// Writes a stream of the symbols [begin, end), from the last to the first, at
// `out`, which has MaxHuffmanBytes(end - begin) + 8 bytes. Returns its size.
inline uint32_t EncodeHuffmanStream(const HuffmanEncodeTable& table,
                                    const uint8_t* begin, const uint8_t* end,
                                    uint8_t* out) {
  constexpr unsigned kCodes = 56 / kMaxHuffmanBits;
  uint64_t bits = 0;
  unsigned count = 0;
  uint8_t* at = out;
  const auto put = [&](uint8_t symbol) __attribute__((always_inline)) {
    const uint32_t code = table.codes[symbol];
    bits |= uint64_t{code & 0xFFFF} << count;
    count += code >> 16;
  };
  const auto flush = [&]() __attribute__((always_inline)) {
    std::memcpy(at, &bits, sizeof(bits));
    at += count >> 3;
    bits >>= count & 56;
    count &= 7;
  };
  for (; end - begin >= static_cast<ptrdiff_t>(kCodes); flush()) {
    end -= kCodes;
    for (unsigned i = kCodes; i-- > 0;) put(end[i]);
  }
  for (; end > begin; flush()) put(*--end);
  if (count > 0) ++at;
  return static_cast<uint32_t>(at - out);
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_STREAMS_INL_H_
