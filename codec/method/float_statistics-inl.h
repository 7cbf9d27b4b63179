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
    PrefetchElements<kLayout>(in + index * kElementBytes);
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

// Counts elements by class and by symbol - shift: vectors of slots first, then
// one after the other.
template <FloatLayout kLayout>
void CountRun(const uint8_t* in, const ScaleRun& run,
              ScaleHistogram* histogram) {
  constexpr size_t kElementBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  constexpr size_t kWays = ScaleHistogram::kWays;
  constexpr size_t kBatch = 512;
  static_assert(ScaleHistogram::kZeroSlots == kClasses * 256);
  uint32_t* const counts = histogram->counts[0].data();
  const Bytes row = Fill(run.row);
  alignas(64) uint16_t slots[kBatch];  // of ScaleHistogram::counts
  const auto find_slots = [&](Bytes symbols, size_t column, uint16_t * out)
      __attribute__((always_inline)) {
    const Bytes scales = Add(row, Load(run.columns + column));
    const Bytes classes = And(scales, Fill(3));
    const Bytes relative =
        Subtract(symbols, And(ShiftRight<2>(scales), Fill(0x3F)));
    const Pair words = Interleave(IfZero(symbols, classes, relative),
                                  IfZero(symbols, Fill(kClasses), classes));
    Store(out, words.first);
    Store(out + kLanes / 2, words.second);
  };
  for (size_t begin = 0; begin < run.length; begin += kBatch) {
    const size_t batch = std::min<size_t>(kBatch, run.length - begin);
    size_t index = 0;
    for (; index + kLanes <= batch; index += kLanes) {
      const uint8_t* at = in + (begin + index) * kElementBytes;
      PrefetchElements<kLayout>(at);
      find_slots(GetSymbols<kLayout>(at), begin + index, slots + index);
    }
    if (index < batch) {
      find_slots(GetLastSymbols<kLayout>(in + (begin + index) * kElementBytes,
                                         batch - index),
                 begin + index, slots + index);
    }
    index = 0;
    for (; index + kWays <= batch; index += kWays) {
      for (size_t way = 0; way < kWays; ++way) {
        ++counts[way * ScaleHistogram::kStride + slots[index + way]];
      }
    }
    for (; index < batch; ++index) ++counts[slots[index]];
  }
}

template <FloatLayout kLayout>
void JoinPlanes(const uint8_t* symbols,
                const std::array<const uint8_t*, kMaxRemainderPlanes>& planes,
                size_t elements, uint8_t* out) {
  constexpr size_t kElementBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  constexpr unsigned kBits = GetFloatLayoutInfo(kLayout).plane_bits[0];
  const uint8_t* const plane0 = planes[0];
  const uint8_t* const plane1 = planes[1];
  size_t index = 0;
  for (; index + kLanes <= elements; index += kLanes) {
    JoinElements<kLayout, false>(
        Load(symbols + index),
        LoadFields<kBits>(PlaneAt<kLayout, 0>(plane0, index)),
        PlaneAt<kLayout, 1>(plane1, index), out + index * kElementBytes);
  }
  if (index < elements) {
    alignas(64) uint8_t joined[kLanes * kElementBytes];
    JoinElements<kLayout, false>(
        Load(symbols + index),
        LoadFields<kBits>(PlaneAt<kLayout, 0>(plane0, index)),
        PlaneAt<kLayout, 1>(plane1, index), joined);
    std::memcpy(out + index * kElementBytes, joined,
                (elements - index) * kElementBytes);
  }
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_FLOAT_STATISTICS_INL_H_
