// The loops of the Huffman coder in portable C++, compiled once for each
// instruction set: shifts by a variable number of bits and counts of leading
// zeros are single instructions in some and several in others.
//
// See the streams' order in codec/FORMAT.md, section 7.

#ifndef INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_STREAMS_INL_H_
#define INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_STREAMS_INL_H_

#include <cstring>
#include <utility>

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

// Entries, or symbols, that a refill lasts for.
constexpr unsigned kHuffmanTakes = 56 / kMaxHuffmanBits;

// The last elements of a stream, down to `begin`. Returns the bytes of codes
// that the stream turns out to have.
inline size_t FinishHuffmanStream(const HuffmanDecodeTable& table,
                                  const uint8_t* stream, HuffmanBits bits,
                                  const uint8_t* begin, uint8_t* end) {
  while (end - begin >= 8) {
    for (unsigned i = 0; i < kHuffmanTakes && end - begin >= 8; ++i) {
      bits.TakeEntry(table.entries.data(), &end);
    }
    bits.Refill();
  }
  while (end > begin) {
    for (unsigned i = 0; i < kHuffmanTakes && end > begin; ++i) {
      *--end = bits.TakeSymbol(table);
    }
    bits.Refill();
  }
  return (bits.Taken(stream) + 7) / 8;
}

template <size_t... kStream>
bool DecodeHuffmanStreams(const HuffmanDecodeTable& table,
                          const HuffmanStreams& streams, uint8_t* out,
                          std::index_sequence<kStream...>) {
  // What one refill's entries write at most, with what lies below them.
  constexpr ptrdiff_t kReach =
      kHuffmanTakes * HuffmanDecodeTable::kSymbolsPerEntry + 8;
  const uint64_t* const entries = table.entries.data();
  HuffmanBits bits[] = {HuffmanBits(streams.begins[kStream])...};
  uint8_t* const begins[] = {
      out + HuffmanStreamRange(streams.elements, kStream).begin...};
  uint8_t* ends[] = {out +
                     HuffmanStreamRange(streams.elements, kStream).end...};
  while (((ends[kStream] - begins[kStream] >= kReach) && ...)) {
    for (unsigned i = 0; i < kHuffmanTakes; ++i) {
      (bits[kStream].TakeEntry(entries, &ends[kStream]), ...);
    }
    (bits[kStream].Refill(), ...);
  }
  // One entry at a time, until the shortest stream has but a few symbols left.
  while (((ends[kStream] - begins[kStream] >= 8) && ...)) {
    (bits[kStream].TakeEntry(entries, &ends[kStream]), ...);
    (bits[kStream].Refill(), ...);
  }
  // All of them, so that the loops of one overlap with those of the next.
  const size_t sizes[] = {FinishHuffmanStream(table, streams.begins[kStream],
                                              bits[kStream], begins[kStream],
                                              ends[kStream])...};
  return ((sizes[kStream] == streams.sizes[kStream]) && ...);
}

// Decodes the streams to `out`, exactly streams.elements bytes. False where a
// stream has another size than its codes.
inline bool DecodeHuffman(const HuffmanDecodeTable& table,
                          const HuffmanStreams& streams, uint8_t* out) {
  return DecodeHuffmanStreams(table, streams, out,
                              std::make_index_sequence<kHuffmanStreams>());
}

// Codes one behind the other, the first lowest.
struct HuffmanCodes {
  uint64_t bits;
  unsigned count;

  [[gnu::always_inline]] HuffmanCodes Then(HuffmanCodes next) const {
    return {bits | next.bits << count, count + next.count};
  }
};

// Writes a stream of the symbols [begin, end), from the last to the first, at
// `out`, which has MaxHuffmanBytes(end - begin) + 8 bytes. Returns its size.
inline uint32_t EncodeHuffmanStream(const HuffmanEncodeTable& table,
                                    const uint8_t* begin, const uint8_t* end,
                                    uint8_t* out) {
  static_assert(kHuffmanTakes == 5);
  HuffmanCodes pending{0, 0};  // less than a byte
  uint8_t* at = out;
  const auto code_of = [&](uint8_t symbol) __attribute__((always_inline)) {
    return HuffmanCodes{table.codes[symbol], table.lengths[symbol]};
  };
  const auto put = [&](HuffmanCodes codes) __attribute__((always_inline)) {
    const HuffmanCodes all = pending.Then(codes);
    std::memcpy(at, &all.bits, sizeof(all.bits));
    at += all.count >> 3;
    pending = {all.bits >> (all.count & 56), all.count & 7};
  };
  // Five codes are put together on their own before they wait for those
  // before them.
  for (; end - begin >= 5; end -= 5) {
    put(code_of(end[-1])
            .Then(code_of(end[-2]))
            .Then(code_of(end[-3]).Then(code_of(end[-4])))
            .Then(code_of(end[-5])));
  }
  for (; end > begin; --end) put(code_of(end[-1]));
  if (pending.count > 0) ++at;
  return static_cast<uint32_t>(at - out);
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_STREAMS_INL_H_
