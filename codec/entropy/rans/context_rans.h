// rANS with one of several static tables for each symbol, chosen by a context
// that both sides know before the symbol (codec/FORMAT.md, section 10). What
// codec/entropy/rans/rans_code.h says of states, words and patents holds here;
// tables by context are as in order-1 rANS, J. Bonfield's for CRAM (2014). Slots
// are numbered symbol by symbol: with so many tables, and of up to 256 symbols,
// buckets would save nothing.
//
// The number of lanes is free: short streams cannot afford 64 states. Vector
// kernels serve kRansLanes, everything else is decoded symbol by symbol.
//
// Thread-safety: values; read by many threads once built.

#ifndef INGOT_CODEC_ENTROPY_RANS_CONTEXT_RANS_H_
#define INGOT_CODEC_ENTROPY_RANS_CONTEXT_RANS_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/entropy/rans/rans_code.h"

namespace ingot {

inline constexpr size_t kMaxContextSymbols = 256;
inline constexpr unsigned kMinContextLaneBits = 2;
inline constexpr unsigned kMaxContextLaneBits = 6;

// Frequencies of sum kRansScale for symbols with LogWeight numbers, 0 where the
// number is 0. A single number 0 stands for symbols 0 and 1, evenly. False
// where only one symbol, or none of several, has a weight.
bool FrequenciesOfWeights(std::span<const uint8_t> weights,
                          std::vector<uint16_t>* frequencies);

// The slots of context k begin at k * kRansScale; entries as in
// RansDecodeTable::slots.
struct ContextRansDecodeTable {
  std::vector<uint32_t> slots;
};

struct ContextRansEncodeTable {
  // Of symbols that do not occur, all zeros.
  struct Symbol {
    uint64_t reciprocal = 0;  // as RansEncodeTable::Symbol's
    uint32_t frequency = 0;
    uint32_t start = 0;  // the first of its slots
  };
  std::vector<std::array<Symbol, kMaxContextSymbols>> contexts;
};

// `frequencies` of each context; every one is of sum kRansScale.
void MakeContextRansDecodeTable(
    std::span<const std::vector<uint16_t>> frequencies,
    ContextRansDecodeTable* table);
void MakeContextRansEncodeTable(
    std::span<const std::vector<uint16_t>> frequencies,
    ContextRansEncodeTable* table);

// Encodes symbols, each with a frequency in its context. Appends the states of
// 2^lane_bits lanes and then the words to `*out`.
void EncodeContextRans(const ContextRansEncodeTable& table, unsigned lane_bits,
                       std::span<const uint8_t> contexts,
                       std::span<const uint8_t> symbols,
                       std::vector<std::byte>* out);

// Decodes `count` symbols; `cursor->words` moves on. For a count that is no
// multiple of the lanes, the last call of a stream. False where the words have
// run out; what was written is then unspecified.
bool DecodeContextRansBySymbol(const ContextRansDecodeTable& table,
                               unsigned lane_bits, const uint8_t* contexts,
                               size_t count, RansCursor* cursor, uint8_t* out);

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_RANS_CONTEXT_RANS_H_
