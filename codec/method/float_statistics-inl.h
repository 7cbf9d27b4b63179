// Sums and counts of symbols for planning, and the join of symbols that are
// not tiered, on vectors of kLanes elements. Include after float_kernels-inl.h.

#ifndef INGOT_CODEC_METHOD_FLOAT_STATISTICS_INL_H_
#define INGOT_CODEC_METHOD_FLOAT_STATISTICS_INL_H_

#include "codec/method/float_kernels-inl.h"

namespace ingot {
namespace {

// `rest` < kLanes elements, with zeros behind them.
template <FloatLayout kLayout>
Bytes GetLastSymbols(const uint8_t* in, size_t rest) {
  constexpr size_t kElementBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  alignas(64) uint8_t elements[kLanes * kElementBytes] = {};
  std::memcpy(elements, in, rest * kElementBytes);
  return GetSymbols<kLayout>(elements);
}

template <FloatLayout kLayout, bool kColumns>
uint64_t SumSymbols(const uint8_t* in, size_t columns, uint8_t neutral,
                    uint16_t* column_sums) {
  constexpr size_t kElementBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  ByteSum sum;
  const auto add = [&](Bytes symbols, size_t index)
      __attribute__((always_inline)) {
    symbols = IfZero(symbols, Fill(neutral), symbols);
    sum.Add(symbols);
    if constexpr (kColumns) AddToSums(symbols, column_sums + index);
  };
  size_t index = 0;
  for (; index + kLanes <= columns; index += kLanes) {
    add(GetSymbols<kLayout>(in + index * kElementBytes), index);
  }
  size_t padding = 0;
  if (index < columns) {
    add(GetLastSymbols<kLayout>(in + index * kElementBytes, columns - index),
        index);
    padding = kLanes - (columns - index);
  }
  return sum.Total() - padding * neutral;
}

template <FloatLayout kLayout>
uint64_t SumRow(const uint8_t* in, size_t columns, uint8_t neutral,
                uint16_t* column_sums) {
  return column_sums == nullptr
             ? SumSymbols<kLayout, false>(in, columns, neutral, nullptr)
             : SumSymbols<kLayout, true>(in, columns, neutral, column_sums);
}

// Counts elements by class and by symbol - shift.
template <FloatLayout kLayout>
void CountRun(const uint8_t* in, const ScaleRun& run,
              ScaleHistogram* histogram) {
  constexpr size_t kElementBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  constexpr size_t kWays = ScaleHistogram::kWays;
  static_assert(ScaleHistogram::kZeroSlots == kClasses * 256);
  uint32_t* const counts = histogram->counts[0].data();
  const Bytes row = Fill(run.row);
  const auto count = [&](Bytes symbols, Bytes scales, size_t elements)
      __attribute__((always_inline)) {
    const Bytes classes = And(scales, Fill(3));
    const Bytes relative =
        Subtract(symbols, And(ShiftRight<2>(scales), Fill(0x3F)));
    const Pair slots = Interleave(IfZero(symbols, classes, relative),
                                  IfZero(symbols, Fill(kClasses), classes));
    alignas(64) uint8_t bytes[2 * kLanes];
    Store(bytes, slots.first);
    Store(bytes + kLanes, slots.second);
    for (size_t i = 0; i < elements; ++i) {
      uint16_t slot;
      std::memcpy(&slot, bytes + 2 * i, sizeof(slot));
      ++counts[i % kWays * ScaleHistogram::kStride + slot];
    }
  };
  uint32_t index = 0;
  for (; index + kLanes <= run.length; index += kLanes) {
    count(GetSymbols<kLayout>(in + index * kElementBytes),
          Add(row, Load(run.columns + index)), kLanes);
  }
  if (const uint32_t rest = run.length - index; rest > 0) {
    count(GetLastSymbols<kLayout>(in + index * kElementBytes, rest),
          Add(row, Load(run.columns + index)), rest);
  }
}

template <FloatLayout kLayout>
void JoinPlanes(const uint8_t* symbols,
                const std::array<const uint8_t*, kMaxRemainderPlanes>& planes,
                size_t elements, uint8_t* out) {
  constexpr size_t kElementBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  const uint8_t* const plane0 = planes[0];
  const uint8_t* const plane1 = planes[1];
  size_t index = 0;
  for (; index + kLanes <= elements; index += kLanes) {
    JoinElements<kLayout, false>(
        Load(symbols + index), PlaneAt<kLayout, 0>(plane0, index),
        PlaneAt<kLayout, 1>(plane1, index), out + index * kElementBytes);
  }
  if (index < elements) {
    alignas(64) uint8_t joined[kLanes * kElementBytes];
    JoinElements<kLayout, false>(Load(symbols + index),
                                 PlaneAt<kLayout, 0>(plane0, index),
                                 PlaneAt<kLayout, 1>(plane1, index), joined);
    std::memcpy(out + index * kElementBytes, joined,
                (elements - index) * kElementBytes);
  }
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_FLOAT_STATISTICS_INL_H_
