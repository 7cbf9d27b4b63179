// The float method's loops on vectors of kLanes elements, shared by all
// instruction sets: planes, classes and the first tier in one pass.
//
// Include after an instruction set's vector, tiers and rank_lookup headers.

#ifndef INGOT_CODEC_METHOD_FLOAT_KERNELS_INL_H_
#define INGOT_CODEC_METHOD_FLOAT_KERNELS_INL_H_

#include <algorithm>
#include <cstring>

#include "codec/entropy/tiered/deep_tiers-inl.h"
#include "codec/method/kernels.h"
#include "codec/planes/float_planes-inl.h"

namespace ingot {
namespace {

static_assert(kPlaneUnit % kLanes == 0);

// Where the fields of element `index` of a remainder plane begin.
template <FloatLayout kLayout, unsigned kPlane, typename Pointer>
[[gnu::always_inline]] inline Pointer PlaneAt(Pointer plane, size_t index) {
  constexpr unsigned kBits = GetFloatLayoutInfo(kLayout).plane_bits[kPlane];
  return kBits == 0 ? nullptr : plane + index * kBits / 8;
}

// Fetches the elements that follow kLanes elements at `in` some time later:
// the processor's own prefetching stops at every page.
template <FloatLayout kLayout>
[[gnu::always_inline]] inline void PrefetchElements(const uint8_t* in) {
  constexpr size_t kAhead = 4096;
  constexpr size_t kLine = 64;
  constexpr size_t kBytes = kLanes * GetFloatLayoutInfo(kLayout).element_bytes;
  for (size_t line = 0; line < kBytes; line += kLine) {
    PrefetchToLevel1(in + kAhead + line);
  }
}

// The exceptions of a sub-block, in order; their exponents are followed by
// kTop mantissa bits.
template <unsigned kTop>
class ExceptionReader {
 public:
  ExceptionReader(const uint8_t* entries, uint32_t count)
      : at_(entries), end_(entries + count * kExceptionBytes) {
    Read();
  }

  // The element of the next one; SIZE_MAX behind the last.
  size_t position() const { return position_; }

  // Replaces the symbols of those among kLanes elements from `begin` on. This
  // happens before symbols are joined with remainders, so that lines written
  // with streaming stores are not touched again.
  // `*tops` are those elements' top mantissa bits, if kTop is not 0.
  Bytes Apply(size_t begin, Bytes symbols, Bytes* tops = nullptr) {
    alignas(64) uint8_t patched[kLanes];
    alignas(64) uint8_t patched_tops[kLanes];
    Store(patched, symbols);
    if constexpr (kTop > 0) Store(patched_tops, *tops);
    for (; position_ < begin + kLanes; Read()) {
      patched[position_ - begin] = static_cast<uint8_t>(value_ >> kTop);
      if constexpr (kTop > 0) {
        patched_tops[position_ - begin] = value_ & ((1u << kTop) - 1);
      }
    }
    if constexpr (kTop > 0) *tops = Load(patched_tops);
    return Load(patched);
  }

 private:
  void Read() {
    if (at_ == end_) {
      position_ = SIZE_MAX;
      return;
    }
    const uint32_t entry = at_[0] | at_[1] << 8 | at_[2] << 16;
    position_ = entry & (kSubBlockElements - 1);
    value_ = entry >> kExceptionPositionBits;
    at_ += kExceptionBytes;
  }

  const uint8_t* at_;
  const uint8_t* const end_;
  size_t position_;
  uint32_t value_ = 0;
};

// Fetches a span into the second level cache, some lines at a time: all of
// them at once would fill the queue that loads and stores wait in.
class LineFetcher {
 public:
  LineFetcher(std::span<const uint8_t> bytes, size_t steps)
      : at_(bytes.data()),
        end_(bytes.data() + bytes.size()),
        step_((bytes.size() / steps + kLine) / kLine * kLine) {}

  [[gnu::always_inline]] void Step() {
    if (at_ >= end_) return;
    for (size_t line = 0; line < step_; line += kLine) {
      PrefetchToLevel2(at_ + line);
    }
    at_ += step_;
  }

 private:
  static constexpr size_t kLine = 64;
  const uint8_t* at_;
  const uint8_t* const end_;
  const size_t step_;
};

template <FloatLayout kLayout, unsigned kWidth, bool kStream>
bool DecodeSubBlock(const TierCode& code, const SubBlockDecode& in,
                    uint8_t* out) {
  constexpr size_t kElementBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  constexpr unsigned kBits = GetFloatLayoutInfo(kLayout).plane_bits[0];
  TierValues buffers;
  const uint8_t* const values =
      DecodeDeepTiers(code, in.segment, in.extents, &buffers);
  const uint8_t* escaped = values;
  const SymbolLookup lookup(code);
  ExceptionReader<0> exceptions(in.exceptions, in.exception_count);
  const uint8_t* const codes = in.codes;
  const uint8_t* const plane0 = in.planes[0];
  const uint8_t* const plane1 = in.planes[1];

  const auto decode = [&](uint32_t index, Bytes scales)
      __attribute__((always_inline)) {
    return lookup.Symbols(
        DecodeCodes<kWidth>(codes + index / 8 * kWidth, Fill(0), &escaped),
        scales);
  };
  const auto join = [&](uint32_t index, Bytes symbols)
      __attribute__((always_inline)) {
    JoinElements<kLayout, kStream>(
        symbols, LoadFields<kBits>(PlaneAt<kLayout, 0>(plane0, index)),
        PlaneAt<kLayout, 1>(plane1, index), out + index * kElementBytes);
  };

  LineFetcher ahead(in.ahead, in.elements / kLanes + 1);
  size_t index = 0;
  size_t run_end = 0;
  for (const ScaleRun& run : in.runs) {
    const Bytes row = Fill(run.row);
    const uint8_t* columns = run.columns;
    run_end += run.length;
    while (index + kLanes <= run_end) {
      // Vectors without exceptions: nothing but straight code.
      const size_t stop =
          std::min(run_end, exceptions.position()) / kLanes * kLanes;
      if (index < stop) {
        Bytes symbols = decode(index, Add(row, Load(columns)));
        for (; index + kLanes < stop; index += kLanes, columns += kLanes) {
          ahead.Step();
          const Bytes next =
              decode(index + kLanes, Add(row, Load(columns + kLanes)));
          join(index, symbols);
          symbols = next;
        }
        join(index, symbols);
        index += kLanes;
        columns += kLanes;
      }
      if (index + kLanes <= run_end) {
        const Bytes symbols = decode(index, Add(row, Load(columns)));
        join(index, exceptions.Apply(index, symbols));
        index += kLanes;
        columns += kLanes;
      }
    }
  }
  const uint8_t* escaped_end = escaped;
  if (const size_t rest = in.elements - index; rest > 0) {
    // Codes behind the elements are zero only if the encoder was honest.
    escaped_end += CountEscapes(codes + index / 8 * kWidth,
                                static_cast<uint32_t>(rest), kWidth);
    const ScaleRun& run = in.runs.back();
    alignas(64) uint8_t joined[kLanes * kElementBytes];
    const Bytes symbols = decode(
        index, Add(Fill(run.row), Load(run.columns + (run.length - rest))));
    JoinElements<kLayout, false>(
        exceptions.Apply(index, symbols),
        LoadFields<kBits>(PlaneAt<kLayout, 0>(plane0, index)),
        PlaneAt<kLayout, 1>(plane1, index), joined);
    std::memcpy(out + index * kElementBytes, joined, rest * kElementBytes);
  }
  return code.tier_count == 1 || escaped_end == values + in.extents.counts[1];
}

// Lists the elements that `exceptional` has bits for, kLanes to an entry, with
// their exponents and kTop mantissa bits. Returns the end of the list; one
// byte behind it is scratch.
template <FloatLayout kLayout, unsigned kTop>
uint8_t* AppendExceptions(const uint64_t* exceptional, uint32_t elements,
                          const uint8_t* in, uint8_t* end) {
  constexpr size_t kElementBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  for (uint32_t begin = 0; begin < elements; begin += kLanes) {
    for (uint64_t left = exceptional[begin / kLanes]; left != 0;
         left &= left - 1) {
      const uint32_t index =
          begin + static_cast<uint32_t>(__builtin_ctzll(left));
      const uint32_t entry =
          index | GetExponent<kLayout, kTop>(in + index * kElementBytes)
                      << kExceptionPositionBits;
      std::memcpy(end, &entry, sizeof(entry));
      end += kExceptionBytes;
    }
  }
  return end;
}

// Ones in the first `count` lanes.
inline Bytes FirstLanes(size_t count) {
  alignas(64) uint8_t lanes[kLanes] = {};
  std::memset(lanes, 0xFF, count);
  return Load(lanes);
}

template <FloatLayout kLayout, unsigned kWidth>
SegmentSize EncodeSubBlock(const TierCode& code, const RankTable& table,
                           const SubBlockEncode& out, const uint8_t* in) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  constexpr size_t kElementBytes = kInfo.element_bytes;
  TierValues buffers;
  uint64_t exceptional[kSubBlockElements / kLanes];
  uint8_t* escaped = buffers.first;
  const RankLookup lookup(code, table);
  uint8_t* const codes = out.codes;
  uint8_t* const plane0 = out.planes[0];
  uint8_t* const plane1 = kInfo.plane_count > 1 ? out.planes[1] : nullptr;

  // Writes the remainders of kLanes elements and returns their ranks.
  const auto rank = [&](size_t index, const uint8_t* from, Bytes scales)
      __attribute__((always_inline)) {
    const SplitBytes split =
        SplitElements<kLayout>(from, PlaneAt<kLayout, 1>(plane1, index));
    StoreFields<kInfo.plane_bits[0]>(split.remainders,
                                     PlaneAt<kLayout, 0>(plane0, index));
    return lookup.Ranks<kInfo.exponent_bits>(split.symbols, scales);
  };
  const auto encode = [&](size_t index, Bytes ranks)
      __attribute__((always_inline)) {
    exceptional[index / kLanes] = HighBits(ranks);
    EncodeCodes<kWidth>(And(ranks, Fill(RankTable::kNoRank - 1)), Fill(0),
                        codes + index / 8 * kWidth, &escaped);
  };

  size_t index = 0;
  for (const ScaleRun& run : out.runs) {
    const Bytes row = Fill(run.row);
    const uint8_t* columns = run.columns;
    const size_t end = index + run.length / kLanes * kLanes;
    if (index == end) continue;
    // A vector's codes are written while the next one's ranks are looked up.
    Bytes ranks =
        rank(index, in + index * kElementBytes, Add(row, Load(columns)));
    for (; index + kLanes < end; index += kLanes) {
      columns += kLanes;
      const uint8_t* next = in + (index + kLanes) * kElementBytes;
      PrefetchElements<kLayout>(next);
      const Bytes next_ranks =
          rank(index + kLanes, next, Add(row, Load(columns)));
      encode(index, ranks);
      ranks = next_ranks;
    }
    encode(index, ranks);
    index = end;
  }
  // Up to a multiple of kPlaneUnit, elements of zeros with rank 0 follow.
  size_t rest = out.elements - index;
  while (index < (out.elements + kPlaneUnit - 1) / kPlaneUnit * kPlaneUnit) {
    alignas(64) uint8_t elements[kLanes * kElementBytes] = {};
    std::memcpy(elements, in + index * kElementBytes, rest * kElementBytes);
    Bytes scales = Fill(0);
    if (rest > 0) {
      const ScaleRun& run = out.runs.back();
      scales = Add(Fill(run.row), Load(run.columns + (run.length - rest)));
    }
    encode(index, And(rank(index, elements, scales), FirstLanes(rest)));
    index += kLanes;
    rest = 0;
  }
  Store(escaped, Fill(0));

  SegmentSize size;
  // A last tier does not escape.
  size.escapes =
      code.tier_count == 1 ? 0 : static_cast<uint32_t>(escaped - buffers.first);
  size.bytes =
      EncodeTiersFrom(1, code, size.escapes, &buffers, out.segment);
  uint64_t any_exceptional = 0;
  for (size_t i = 0; i < index / kLanes; ++i) {
    any_exceptional |= exceptional[i];
  }
  if (any_exceptional != 0) {
    uint8_t* const begin = out.segment + size.bytes;
    size.bytes += static_cast<uint32_t>(
        AppendExceptions<kLayout, 0>(exceptional, out.elements, in, begin) -
        begin);
  }
  return size;
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_FLOAT_KERNELS_INL_H_
