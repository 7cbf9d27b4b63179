// Huffman codes of at most 11 bits and their tables (codec/FORMAT.md,
// section 7).
//
// Symbols are bytes. The code is canonical, so that its lengths are all that
// is sent, and complete, so that every bit string decodes. An entry of the
// decoding table yields all symbols whose codes lie in its 11 bits whole: two
// to four of them for exponents, for the price of one lookup. The table is 16
// KiB, half of a first level cache; longer codes would not fit there.
//
// Thread-safety: values; read by many threads once built.

#ifndef INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_CODE_H_
#define INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_CODE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ingot {

inline constexpr unsigned kMaxHuffmanBits = 11;
inline constexpr size_t kMaxHuffmanSymbols = 256;
// Streams of one run of elements: a decoder takes symbols from each in turn
// while the others' lookups are under way. Six are a quarter faster than four
// with the registers that x86-64 has, and eight no faster.
inline constexpr size_t kHuffmanStreams = 6;
// Bytes that a decoder may read behind the last byte that codes can reach.
inline constexpr size_t kHuffmanOverRead = 16;

// The cheapest lengths of at most kMaxHuffmanBits for symbols with `counts`
// (package-merge); 0 where a count is 0. Ties go to the lower symbol.
// REQUIRES: lengths.size() == counts.size() <= kMaxHuffmanSymbols; at least
// two counts are not 0; their sum is below 2^56.
void ChooseHuffmanLengths(std::span<const uint64_t> counts,
                          std::span<uint8_t> lengths);

// True where the lengths (0: no code) are those of a complete code: none
// above kMaxHuffmanBits, and the sum of 2^-length is 1.
bool IsCompleteHuffmanCode(std::span<const uint8_t> lengths);

struct HuffmanEncodeTable {
  // By symbol: the code as it stands in a stream, its first bit lowest, and
  // its length.
  std::array<uint16_t, kMaxHuffmanSymbols> codes{};
  std::array<uint8_t, kMaxHuffmanSymbols> lengths{};
};

struct HuffmanDecodeTable {
  static constexpr unsigned kSymbolsPerEntry = 6;
  // By the next 11 bits of a stream, the first lowest. Bits 0..7: bits of all
  // symbols in the entry; 8..15: their number, 1 to 6; then the symbols, the
  // first in the highest byte: elements are decoded from the last to the
  // first, so that one store puts all of them in place.
  alignas(64) std::array<uint64_t, size_t{1} << kMaxHuffmanBits> entries;
  std::array<uint8_t, kMaxHuffmanSymbols> lengths{};
};

// REQUIRES: IsCompleteHuffmanCode(lengths).
void MakeHuffmanEncodeTable(std::span<const uint8_t> lengths,
                            HuffmanEncodeTable* table);
void MakeHuffmanDecodeTable(std::span<const uint8_t> lengths,
                            HuffmanDecodeTable* table);

// Elements of stream `stream` of `elements`: [begin, end).
struct HuffmanRange {
  uint32_t begin;
  uint32_t end;
};
constexpr HuffmanRange HuffmanStreamRange(uint32_t elements, size_t stream) {
  const uint32_t share = (elements + kHuffmanStreams - 1) / kHuffmanStreams;
  const uint32_t begin = share * static_cast<uint32_t>(stream);
  const uint32_t end = begin + share;
  return {begin < elements ? begin : elements, end < elements ? end : elements};
}

// Bytes of codes that a stream of `elements` has at most.
constexpr size_t MaxHuffmanBytes(uint32_t elements) {
  return (size_t{elements} * kMaxHuffmanBits + 7) / 8;
}

// The streams of `elements` elements, and what bounds them. Behind `begins[k]`
// MaxHuffmanBytes(elements of k) + kHuffmanOverRead bytes are readable,
// whatever the sizes say.
struct HuffmanStreams {
  uint32_t elements;
  std::array<const uint8_t*, kHuffmanStreams> begins;
  std::array<uint32_t, kHuffmanStreams> sizes;  // in bytes
};

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_CODE_H_
