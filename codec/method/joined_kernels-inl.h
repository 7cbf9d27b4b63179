// The loops of joined exponents (codec/FORMAT.md, section 7) on vectors of
// kLanes elements: ranks to elements and back, and the counts for planning.
//
// Include after float_kernels-inl.h.

#ifndef INGOT_CODEC_METHOD_JOINED_KERNELS_INL_H_
#define INGOT_CODEC_METHOD_JOINED_KERNELS_INL_H_

#include "codec/method/float_kernels-inl.h"

namespace ingot {
namespace {

// Where the fields of element `index` of a remainder plane begin.
template <FloatLayout kLayout, unsigned kTop, unsigned kPlane, typename Pointer>
[[gnu::always_inline]] inline Pointer JoinedPlaneAt(Pointer plane,
                                                    size_t index) {
  constexpr unsigned kBits = JoinedPlaneBits(kLayout, kPlane, kTop);
  return kBits == 0 ? nullptr : plane + index * kBits / 8;
}

template <FloatLayout kLayout, unsigned kTop, bool kStream>
void DecodeJoinedSubBlock(const JoinedCode& code, const JoinedDecode& in,
                          uint8_t* out) {
  constexpr size_t kElementBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  constexpr unsigned kBits = GetFloatLayoutInfo(kLayout).plane_bits[0];
  const ValueLookup lookup(code);
  const Bytes base = Fill(code.base);
  ExceptionReader<kTop> exceptions(in.exceptions, in.exception_count);
  const uint8_t* const ranks = in.ranks;
  const uint8_t* const plane0 = in.planes[0];
  const uint8_t* const plane1 = in.planes[1];

  // `scales` become exponents and, below kTop bits, `*tops`.
  const auto decode = [&](size_t index, Bytes scales, Bytes* tops)
      __attribute__((always_inline)) {
    const Bytes values = lookup.Values(Load(ranks + index), scales);
    *tops = values;
    const Bytes slots = And(ShiftRight<kTop>(values), Fill(kJoinedZeroSlot));
    return IfZero(And(values, Fill(JoinedCode::kZeroFlag)),
                  SubtractSaturated(TopSymbols(base, scales), slots), Fill(0));
  };
  const auto remainder = [&](size_t index, Bytes tops)
      __attribute__((always_inline)) {
    return InsertTopBits<kBits, kTop>(
        LoadFields<kBits - kTop>(
            JoinedPlaneAt<kLayout, kTop, 0>(plane0, index)),
        tops);
  };
  const auto join = [&](size_t index, Bytes symbols, Bytes tops)
      __attribute__((always_inline)) {
    JoinElements<kLayout, kStream>(
        symbols, remainder(index, tops),
        JoinedPlaneAt<kLayout, kTop, 1>(plane1, index),
        out + index * kElementBytes);
  };

  LineFetcher ahead(in.ahead, in.elements / kLanes + 1);
  size_t index = 0;
  size_t run_end = 0;
  for (const ScaleRun& run : in.runs) {
    const Bytes row = Fill(run.row);
    const uint8_t* columns = run.columns;
    run_end += run.length;
    for (; index + kLanes <= run_end; index += kLanes, columns += kLanes) {
      ahead.Step();
      Bytes tops;
      Bytes symbols = decode(index, Add(row, Load(columns)), &tops);
      if (exceptions.position() < index + kLanes) [[unlikely]] {
        symbols = exceptions.Apply(index, symbols, &tops);
      }
      join(index, symbols, tops);
    }
  }
  if (const size_t rest = in.elements - index; rest > 0) {
    const ScaleRun& run = in.runs.back();
    alignas(64) uint8_t joined[kLanes * kElementBytes];
    Bytes tops;
    Bytes symbols = decode(
        index, Add(Fill(run.row), Load(run.columns + (run.length - rest))),
        &tops);
    symbols = exceptions.Apply(index, symbols, &tops);
    JoinElements<kLayout, false>(
        symbols, remainder(index, tops),
        JoinedPlaneAt<kLayout, kTop, 1>(plane1, index), joined);
    std::memcpy(out + index * kElementBytes, joined, rest * kElementBytes);
  }
}

// Keys of kLanes elements: slot << kTop | top mantissa bits, or kNoRank's bit.
template <FloatLayout kLayout, unsigned kTop>
[[gnu::always_inline]] inline Bytes JoinedKeys(const SplitBytes& split,
                                               Bytes scales, Bytes base) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  const Bytes slots = Slots<kInfo.exponent_bits>(split.symbols,
                                                 TopSymbols(base, scales));
  if constexpr (kTop == 0) {
    return slots;
  } else {
    const Bytes keys = Select(
        Fill((1u << kTop) - 1),
        TopBits<kInfo.plane_bits[0], kTop>(split.remainders),
        And(ShiftLeft<kTop>(slots), Fill(kJoinedKeys - 1)));
    return Select(Fill(JoinedRanks::kNoRank), slots, keys);
  }
}

template <FloatLayout kLayout, unsigned kTop>
uint32_t EncodeJoinedSubBlock(const JoinedCode& code, const JoinedRanks& table,
                              const JoinedEncode& out, const uint8_t* in) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  constexpr size_t kElementBytes = kInfo.element_bytes;
  constexpr unsigned kBits = kInfo.plane_bits[0];
  uint64_t exceptional[kSubBlockElements / kLanes];
  uint64_t any_exceptional = 0;
  const KeyLookup lookup(table);
  const Bytes base = Fill(code.base);
  uint8_t* const plane0 = out.planes[0];
  uint8_t* const plane1 = kInfo.plane_count > 1 ? out.planes[1] : nullptr;

  const auto encode = [&](size_t index, const uint8_t* from, Bytes scales,
                          Bytes elements) __attribute__((always_inline)) {
    const SplitBytes split = SplitElements<kLayout>(
        from, JoinedPlaneAt<kLayout, kTop, 1>(plane1, index));
    StoreFields<kBits - kTop>(RemoveTopBits<kBits, kTop>(split.remainders),
                              JoinedPlaneAt<kLayout, kTop, 0>(plane0, index));
    const Bytes ranks =
        And(lookup.Ranks(JoinedKeys<kLayout, kTop>(split, scales, base),
                         scales),
            elements);
    const uint64_t exceptions = HighBits(ranks);
    exceptional[index / kLanes] = exceptions;
    any_exceptional |= exceptions;
    Store(out.ranks + index,
          IfZero(And(ranks, Fill(JoinedRanks::kNoRank)), ranks, Fill(0)));
  };

  const Bytes all = Fill(0xFF);
  size_t index = 0;
  for (const ScaleRun& run : out.runs) {
    const Bytes row = Fill(run.row);
    const uint8_t* columns = run.columns;
    const size_t end = index + run.length / kLanes * kLanes;
    for (; index < end; index += kLanes, columns += kLanes) {
      const uint8_t* from = in + index * kElementBytes;
      PrefetchElements<kLayout>(from);
      encode(index, from, Add(row, Load(columns)), all);
    }
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
    encode(index, elements, scales, FirstLanes(rest));
    index += kLanes;
    rest = 0;
  }
  if (any_exceptional == 0) return 0;
  return static_cast<uint32_t>(
      AppendExceptions<kLayout, kTop>(exceptional, out.elements, in,
                                      out.exceptions) -
      out.exceptions);
}

template <FloatLayout kLayout, unsigned kTop>
void CountJoinedRun(const JoinedCode& code, const uint8_t* in,
                    const ScaleRun& run, JoinedHistogram* histogram) {
  constexpr size_t kElementBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  constexpr size_t kWays = JoinedHistogram::kWays;
  constexpr size_t kBatch = 512;
  static_assert(JoinedHistogram::kOutside == 512 && kJoinedKeys == 128);
  uint32_t* const counts = histogram->counts[0].data();
  const Bytes base = Fill(code.base);
  const Bytes row = Fill(run.row);
  alignas(64) uint16_t slots[kBatch];
  const auto find_slots = [&](const uint8_t* from, size_t column, uint16_t* out)
      __attribute__((always_inline)) {
    alignas(64) uint8_t unused[2 * kLanes];
    const SplitBytes split = SplitElements<kLayout>(from, unused);
    const Bytes scales = Add(row, Load(run.columns + column));
    const Bytes keys = JoinedKeys<kLayout, kTop>(split, scales, base);
    // class << 7 | key, and kOutside's bit from kNoRank's.
    const Pair words = Interleave(
        Select(Fill(0x80), ShiftLeft<7>(scales), keys),
        And(Select(Fill(1), ShiftRight<1>(scales), ShiftRight<6>(keys)),
            Fill(3)));
    Store(out, words.first);
    Store(out + kLanes / 2, words.second);
  };
  for (size_t begin = 0; begin < run.length; begin += kBatch) {
    const size_t batch = std::min<size_t>(kBatch, run.length - begin);
    size_t index = 0;
    for (; index + kLanes <= batch; index += kLanes) {
      const uint8_t* at = in + (begin + index) * kElementBytes;
      PrefetchElements<kLayout>(at);
      find_slots(at, begin + index, slots + index);
    }
    if (index < batch) {
      alignas(64) uint8_t elements[kLanes * kElementBytes] = {};
      std::memcpy(elements, in + (begin + index) * kElementBytes,
                  (batch - index) * kElementBytes);
      find_slots(elements, begin + index, slots + index);
    }
    index = 0;
    for (; index + kWays <= batch; index += kWays) {
      for (size_t way = 0; way < kWays; ++way) {
        ++counts[way * JoinedHistogram::kStride + slots[index + way]];
      }
    }
    for (; index < batch; ++index) ++counts[slots[index]];
  }
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_JOINED_KERNELS_INL_H_
