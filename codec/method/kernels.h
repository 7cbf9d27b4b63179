// Kernels: the inner loops of the float method, one set for each instruction
// set, chosen at run time.
//
// A kernel is a pure loop: it allocates nothing, reports no errors and trusts
// the sizes it is given (codec/method/float_method.cc checks them). All sets
// write the same bytes for the same input, and read exactly the same values
// from any input, hostile ones included. A kernel never writes outside its
// outputs, whatever the codes say; what it may over-read is said below.
//
// The active set is the best one that the processor has. The environment
// variable INGOT_KERNEL (scalar, avx2, avx512, neon) forces another.
//
// Why one file for each instruction set and no SIMD library: Debian's Highway
// 1.0.3 has no Expand, and the loops live from vpexpandb, vpmultishiftqb and
// vpermi2b, which its common denominator does not reach.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_METHOD_KERNELS_H_
#define INGOT_CODEC_METHOD_KERNELS_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "codec/entropy/huffman/huffman_code.h"
#include "codec/entropy/rans/context_rans.h"
#include "codec/entropy/rans/rans_code.h"
#include "codec/entropy/tiered/tier_code.h"
#include "codec/method/joined_code.h"
#include "codec/planes/float_layout.h"
#include "codec/predict/difference.h"
#include "codec/result.h"

namespace ingot {

// Bytes that kernels may read behind the end of any input, and scratch bytes
// that they may write behind the end of buffers marked "slack".
inline constexpr size_t kKernelSlack = 128;

// Low bits of differences lie in fields of 1, 2, 4, ... 32 bits.
inline constexpr unsigned kLowPlanes = 6;
// Symbols of differences are in up to three sets of tiers.
inline constexpr unsigned kMaxSets = 3;

// The scales of `length` consecutive elements: row + columns[i] mod 256.
// In a sub-block all runs but the last have a multiple of 64 elements.
struct ScaleRun {
  const uint8_t* columns;  // readable up to a multiple of 64 elements
  uint32_t length;
  uint8_t row;
};

struct SubBlockDecode {
  uint32_t elements;  // 1..kSubBlockElements
  std::span<const ScaleRun> runs;
  // Remainder planes and tier-1 codes at the sub-block's first element.
  std::array<const uint8_t*, kMaxRemainderPlanes> planes;
  const uint8_t* codes;
  // Tiers 2.. at segment + extents.offsets[k].
  const uint8_t* segment;
  TierExtents extents;
  // extents.counts[1] must equal the escapes in `codes`; the kernel checks it.
  const uint8_t* exceptions;  // ascending, checked
  uint32_t exception_count;
  // Bytes that will be wanted after this sub-block, such as the next block's:
  // fetched into the second level cache meanwhile. May be empty.
  std::span<const uint8_t> ahead;
};

// A sub-block whose ranks an entropy coder has decoded.
struct JoinedDecode {
  uint32_t elements;  // 1..kSubBlockElements
  std::span<const ScaleRun> runs;
  // Remainder planes at the sub-block's first element; the first is narrower
  // by the code's top bits.
  std::array<const uint8_t*, kMaxRemainderPlanes> planes;
  const uint8_t* ranks;       // bytes below the code's rank_count; slack
  const uint8_t* exceptions;  // ascending, checked
  uint32_t exception_count;
  std::span<const uint8_t> ahead;  // as in SubBlockDecode
};

// How the encoder maps symbols to ranks; the inverse of a TierCode.
// With b = (base + shift) mod 256 the slot of a symbol is b - symbol, or
// kZeroSlot for symbol 0; ranks[class][slot] is its rank, or kNoRank. A symbol
// above b, a slot above kMaxSlot or kNoRank makes the element an exception,
// which is coded as rank 0 and repeated in the list of exceptions.
struct RankTable {
  static constexpr uint8_t kMaxSlot = 30;
  static constexpr uint8_t kZeroSlot = 31;
  static constexpr uint8_t kNoRank = 0x80;
  alignas(64) std::array<std::array<uint8_t, 32>, kClasses> ranks;
};

struct SubBlockEncode {
  uint32_t elements;
  std::span<const ScaleRun> runs;
  // Outputs at the sub-block's first element. Planes and codes are written in
  // units of 64 elements, zero behind `elements`.
  std::array<uint8_t*, kMaxRemainderPlanes> planes;
  uint8_t* codes;
  // Segment: tiers 2.. and exceptions; needs kMaxSegmentBytes + kKernelSlack.
  uint8_t* segment;
};
// Worst case: every element passes all tiers and is an exception too.
inline constexpr size_t kMaxSegmentBytes =
    kSubBlockElements * (kMaxTiers * kMaxTierWidth) / 8 +
    kSubBlockElements * kExceptionBytes;

struct JoinedEncode {
  uint32_t elements;
  std::span<const ScaleRun> runs;
  // Outputs at the sub-block's first element, planes and ranks in units of 64
  // elements; ranks behind `elements` are 0.
  std::array<uint8_t*, kMaxRemainderPlanes> planes;
  uint8_t* ranks;
  uint8_t* exceptions;  // needs kMaxExceptionBytes + kKernelSlack
};
inline constexpr size_t kMaxExceptionBytes = kSubBlockElements * kExceptionBytes;

struct SegmentSize {
  uint32_t escapes;  // elements of tier 2
  uint32_t bytes;    // of the whole segment
};

// Counts for choosing base, ranks and widths. Interleaved sub-tables, because
// equal neighbours would otherwise wait for each other's store.
struct ScaleHistogram {
  static constexpr size_t kWays = 8;
  static constexpr size_t kZeroSlots = kClasses * 256;
  // A 4 KiB stride between ways would alias in the store buffer: padded.
  static constexpr size_t kStride = kZeroSlots + 80;
  // [way][class * 256 + (symbol - shift) mod 256]; symbol 0 at kZeroSlots +
  // class. An element may be counted in any way.
  std::array<std::array<uint32_t, kStride>, kWays> counts;
};

// One float layout's kernels.
struct FloatKernels {
  // Restores a sub-block's elements to `out` (elements * element_bytes bytes,
  // none beyond). `stream`: use non-temporal stores; `out` is then aligned to
  // 64 bytes, and a StreamFence is in scope. False where tier 1's escapes
  // differ from extents.counts[1].
  bool (*decode)(const TierCode& code, const SubBlockDecode& in, uint8_t* out,
                 bool stream);

  // Splits and codes a sub-block. `in` holds elements * element_bytes bytes
  // and is not read beyond them.
  SegmentSize (*encode)(const TierCode& code, const RankTable& ranks,
                        const SubBlockEncode& out, const uint8_t* in);

  // Adds the symbols of one row of `columns` elements to `column_sums` (if not
  // null) and returns their sum; symbol 0 counts as `neutral`. At most 256
  // calls between resets of the 16-bit sums. column_sums is slack.
  uint64_t (*sum_row)(const uint8_t* in, size_t columns, uint8_t neutral,
                      uint16_t* column_sums);

  // Counts the elements of a run of scales.
  void (*count)(const uint8_t* in, const ScaleRun& run,
                ScaleHistogram* histogram);

  // Joins `elements` symbols (bytes, padded to 64) and remainder planes, for
  // exponent planes that are not tiered.
  void (*join)(const uint8_t* symbols,
               const std::array<const uint8_t*, kMaxRemainderPlanes>& planes,
               size_t elements, uint8_t* out);

  // Restores a sub-block from ranks and remainders; `out` and `stream` as for
  // decode.
  void (*decode_joined)(const JoinedCode& code, const JoinedDecode& in,
                        uint8_t* out, bool stream);

  // Splits a sub-block into ranks, remainders and exceptions, of which it
  // returns the bytes. Reads `in` as encode does.
  uint32_t (*encode_joined)(const JoinedCode& code, const JoinedRanks& ranks,
                            const JoinedEncode& out, const uint8_t* in);

  // Counts the values of a run of scales; `code` gives base and top_bits.
  void (*count_joined)(const JoinedCode& code, const uint8_t* in,
                       const ScaleRun& run, JoinedHistogram* histogram);
};

// The entropy coders' loops, which know nothing of floats.
struct EntropyKernels {
  // See codec/entropy/huffman/huffman_streams-inl.h.
  bool (*decode_huffman)(const HuffmanDecodeTable& table,
                         const HuffmanStreams& streams, uint8_t* out);
  uint32_t (*encode_huffman)(const HuffmanEncodeTable& table,
                             const uint8_t* begin, const uint8_t* end,
                             uint8_t* out);
  // See codec/entropy/rans/rans_scalar-inl.h.
  bool (*decode_rans)(const RansDecodeTable& table, RansCursor* cursor,
                      size_t groups, uint8_t* out);
};

// What becomes of the classes of elements. Tables have 64 entries, aligned.
struct ContextTables {
  const uint8_t* context_of_class;
  const uint8_t* summary;  // of contexts: bits to be counted
};
struct ContextCounts {
  std::array<uint32_t, 8> bits{};  // elements whose summary has each bit
};

// A sub-block of differences, all of them known but not yet applied.
struct DeltaDecode {
  uint32_t elements;         // 1..kSubBlockElements
  const uint8_t* base;       // the elements' base
  const uint8_t* contexts;   // a byte each; slack
  const uint8_t* symbols;    // a byte each; slack
  const uint8_t* low_bits;   // of 64 contexts, aligned
  // What the low bits' planes hold: bytes for planes 0 to 3, whose fields are
  // unpacked, u16 and u32 for planes 4 and 5. Slack.
  std::array<const uint8_t*, kLowPlanes> lows;
  uint8_t low_planes;  // bit k: plane k is not empty
  // u16 position and the element's bytes; ascending, checked.
  const uint8_t* exceptions;
  uint32_t exception_count;
};

// Kernels for differences of one kind and width of elements.
struct DeltaKernels {
  // The contexts of `count` bases of one row, whose summaries it adds up.
  void (*classify)(const DifferenceFormat& format, const uint8_t* base,
                   size_t count, uint8_t origin, uint8_t shift,
                   const ContextTables& tables, uint8_t* contexts,
                   ContextCounts* counts);
  // Restores elements to `out`; `stream` as for FloatKernels::decode.
  void (*apply)(const DeltaDecode& in, uint8_t* out, bool stream);
};

// Kernels for what does not depend on the elements. Buffers have slack.
struct SymbolKernels {
  // Takes the next value of set set_of_context[contexts[i]] for each i; the
  // table has 64 entries, aligned.
  void (*merge)(const uint8_t* contexts, size_t count,
                const uint8_t* set_of_context,
                const std::array<const uint8_t*, kMaxSets>& values,
                uint8_t* out);
  // Fields of 1, 2 or 4 bits to bytes.
  void (*unpack)(const uint8_t* fields, size_t count, unsigned width,
                 uint8_t* out);
  // Groups of 8 bytes: the next one of `packed` where `groups` has a bit, zeros
  // elsewhere.
  void (*spread)(const uint8_t* groups, size_t count, const uint8_t* packed,
                 uint8_t* out);
  // All tiers of a segment, located by LocateAllTiers; `values` has room for
  // kSubBlockElements and slack.
  void (*decode_tiers)(const TierCode& code, const uint8_t* segment,
                       const TierExtents& extents, uint8_t* values);
  // Encodes `count` values, which are overwritten and followed by slack, as
  // all tiers; returns the bytes written to `segment`, which has slack.
  uint32_t (*encode_tiers)(const TierCode& code, uint32_t count,
                           uint8_t* values, uint8_t* segment);
  // See codec/entropy/rans/context_rans.h; kRansLanes lanes.
  bool (*decode_context_rans)(const ContextRansDecodeTable& table,
                              const uint8_t* contexts, size_t count,
                              RansCursor* cursor, uint8_t* out);
};

struct Kernels {
  std::string_view name;  // "scalar", "avx2", "avx512", "neon"
  std::array<FloatKernels, kFloatLayoutCount> floats;
  EntropyKernels entropy;
  SymbolKernels symbols;
  // By kind and by the logarithm of the element's bytes.
  std::array<std::array<DeltaKernels, 4>, kElementKinds> deltas;

  const DeltaKernels& delta(const DifferenceFormat& format) const {
    return deltas[static_cast<size_t>(format.kind)]
                 [static_cast<size_t>(std::countr_zero(format.bytes))];
  }
};

// The set in use: forced by INGOT_KERNEL, else the best one. An unknown or
// unavailable name is kInvalidArgument; programs ask once at start.
Result<const Kernels*> SelectKernels();

// As SelectKernels, but falls back to the best set: for code that cannot fail.
const Kernels& ActiveKernels();

// Every set that this machine can run, scalar first: for tests.
std::span<const Kernels* const> AvailableKernels();

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_KERNELS_H_
