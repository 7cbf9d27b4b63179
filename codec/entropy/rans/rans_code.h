// Static interleaved rANS over up to 64 symbols (codec/FORMAT.md, section 7).
//
// 64 states of 32 bits code every 64th symbol each, with frequencies that add
// up to 2^12, and share one stream of 16-bit words: a state below 2^16 takes
// the next word, the lower lane first. A vector unit therefore steps all lanes
// at once: look up, multiply, compare, expand the words into the lanes that
// want one. Frequencies are fixed for all of a stream and its states are
// written once, in front of it.
//
// A state's low 12 bits, its slot, say which symbol comes. Slots are given to
// symbols with the alias method (A. J. Walker, 1977): 64 buckets of 64 slots,
// each with the slots of two symbols at most. What a slot means then follows
// from two tables of 64 entries, which fit vector registers, where a lookup in
// 4096 entries would be a gather: three times the speed with AVX-512.
//
// On patents: US 11,234,023 B2 (Microsoft, filed 2019) claims rANS decoders in
// two phases that are switched, and models and states that are flushed or
// changed between fragments of a stream. Nothing here does any of that: one
// table for a group, one run of states from the first symbol to the last, one
// step for each symbol, after J. Duda, arXiv 0902.0271 (2009) and 1311.2540
// (2013), interleaved and with alias tables as F. Giesen published them in
// arXiv 1402.3392, in his blog and in public-domain code, all of 2014. Changes
// should keep to those.
//
// Thread-safety: values; read by many threads once built.

#ifndef INGOT_CODEC_ENTROPY_RANS_RANS_CODE_H_
#define INGOT_CODEC_ENTROPY_RANS_RANS_CODE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ingot {

inline constexpr unsigned kRansBits = 12;
inline constexpr uint32_t kRansScale = 1u << kRansBits;
inline constexpr size_t kRansLanes = 64;
// A state is at least this before and after every symbol. Encoders start here,
// so that decoders know whether they ended well.
inline constexpr uint32_t kRansLow = 1u << 16;
inline constexpr size_t kRansStateBytes = kRansLanes * sizeof(uint32_t);
inline constexpr size_t kRansBuckets = 64;
inline constexpr uint32_t kRansBucketSlots = kRansScale / kRansBuckets;
inline constexpr size_t kMaxRansSymbols = kRansBuckets;
// Bytes that a decoder may read behind the last word.
inline constexpr size_t kRansOverRead = 2 * kRansLanes;

// Frequencies of sum kRansScale for symbols with `counts`, each 1 at least.
// REQUIRES: 2 <= counts.size() == frequencies.size() <= kMaxRansSymbols; the
// counts' sum is not 0 and below 2^48.
void ChooseRansFrequencies(std::span<const uint64_t> counts,
                           std::span<uint16_t> frequencies);

// True where the frequencies are 1 to kRansScale - 1 and add up to kRansScale.
bool AreRansFrequencies(std::span<const uint16_t> frequencies);

struct RansDecodeTable {
  // By slot: its symbol in bits 0..7, the symbol's frequency in 8..19, and in
  // 20..31 the slot's number among the symbol's slots.
  alignas(64) std::array<uint32_t, kRansScale> slots;
  // The same by bucket. Slots of the bucket from the place in `others`' bits
  // 10..15 on belong to the symbol in bits 0..5, those before to the symbol of
  // the bucket's number.
  alignas(64) std::array<uint16_t, kRansBuckets> others;
  // What is added (mod 2^16) to the place of such a slot to get its number. Of
  // the bucket's own symbol, places are numbers.
  alignas(64) std::array<uint16_t, kRansBuckets> offsets;
  alignas(64) std::array<uint16_t, kMaxRansSymbols> frequencies;  // by symbol
};

struct RansEncodeTable {
  struct Symbol {
    // floor(x / frequency) is (x * reciprocal) >> kReciprocalBits for states x
    // below frequency << 20; from there on a state gives a word away first.
    uint64_t reciprocal = 0;
    uint32_t frequency = 0;
    uint32_t start = 0;  // in `slots`
  };
  static constexpr unsigned kReciprocalBits = 44;
  std::array<Symbol, kMaxRansSymbols> symbols;
  // The slots of each symbol in the order of their numbers.
  std::array<uint16_t, kRansScale> slots;
};

// REQUIRES: AreRansFrequencies(frequencies).
void MakeRansDecodeTable(std::span<const uint16_t> frequencies,
                         RansDecodeTable* table);
void MakeRansEncodeTable(std::span<const uint16_t> frequencies,
                         RansEncodeTable* table);

// Encodes symbols, a multiple of kRansLanes of them. Appends the states, in
// lane order, and then the words to `*out`.
void EncodeRans(const RansEncodeTable& table, std::span<const uint8_t> symbols,
                std::vector<std::byte>* out);

// A decoder's place in a stream.
struct RansCursor {
  std::array<uint32_t, kRansLanes> states;
  const uint8_t* words;
  const uint8_t* end;  // of the words; kRansOverRead bytes are readable there

  // True at the end of a whole and undamaged stream.
  bool AtEnd() const;
};

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_RANS_RANS_CODE_H_
