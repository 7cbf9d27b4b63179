// The loops for differences one element at a time: the reference, and what runs
// where vectors do not help or are not written for.

#ifndef INGOT_CODEC_METHOD_DELTA_KERNELS_INL_H_
#define INGOT_CODEC_METHOD_DELTA_KERNELS_INL_H_

#include <cstring>

#include "codec/method/kernels.h"

namespace ingot {
namespace {

inline void AddSummaries(const uint8_t* summary, const uint8_t* contexts,
                         size_t count, ContextCounts* counts) {
  if (count == 0) return;
  std::array<uint32_t, 64> histogram{};
  for (size_t i = 0; i < count; ++i) ++histogram[contexts[i]];
  for (unsigned k = 0; k < histogram.size(); ++k) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      counts->bits[bit] += (summary[k] >> bit & 1) != 0 ? histogram[k] : 0;
    }
  }
}

template <ElementKind kKind, typename Word>
void ClassifyElements(const DifferenceFormat& format, const uint8_t* base,
                      size_t count, uint8_t origin, uint8_t shift,
                      const ContextTables& tables, uint8_t* contexts,
                      ContextCounts* counts) {
  for (size_t i = 0; i < count; ++i) {
    Word bits;
    std::memcpy(&bits, base + i * sizeof(Word), sizeof(Word));
    contexts[i] =
        DeltaClass(BaseMagnitude<kKind>(format, bits), origin, shift);
  }
  for (size_t i = 0; i < count; ++i) {
    contexts[i] = tables.context_of_class[contexts[i]];
  }
  AddSummaries(tables.summary, contexts, count, counts);
}

// Reads each element's low bits, the largest field first.
template <typename Word>
class LowBitReader {
 public:
  explicit LowBitReader(const std::array<const uint8_t*, kLowPlanes>& lows)
      : lows_(lows) {}

  Word Next(unsigned width) {
    Word value = 0;
    unsigned at = 0;
    if constexpr (sizeof(Word) == 8) Take<uint32_t>(5, width, &value, &at);
    if constexpr (sizeof(Word) >= 4) Take<uint16_t>(4, width, &value, &at);
    if constexpr (sizeof(Word) >= 2) Take<uint8_t>(3, width, &value, &at);
    Take<uint8_t>(2, width, &value, &at);
    Take<uint8_t>(1, width, &value, &at);
    Take<uint8_t>(0, width, &value, &at);
    return value;
  }

 private:
  template <typename Field>
  void Take(unsigned plane, unsigned width, Word* value, unsigned* at) {
    if ((width >> plane & 1) == 0) return;
    Field field;
    std::memcpy(&field, lows_[plane], sizeof(field));
    lows_[plane] += sizeof(field);
    *value = static_cast<Word>(*value | static_cast<Word>(field) << *at);
    *at += 1u << plane;
  }

  std::array<const uint8_t*, kLowPlanes> lows_;
};

template <ElementKind kKind, typename Word>
void ApplyElements(const DeltaDecode& in, uint8_t* out, bool /*stream*/) {
  LowBitReader<Word> lows(in.lows);
  for (size_t i = 0; i < in.elements; ++i) {
    const unsigned width = in.low_bits[in.contexts[i]];
    Word base;
    std::memcpy(&base, in.base + i * sizeof(Word), sizeof(Word));
    const Word z = DifferenceOfSymbol<Word>(
        in.symbols[i], width, width == 0 ? Word{0} : lows.Next(width));
    const Word element = ApplyDifference<kKind>(base, z);
    std::memcpy(out + i * sizeof(Word), &element, sizeof(Word));
  }
  const uint8_t* exception = in.exceptions;
  for (uint32_t i = 0; i < in.exception_count; ++i) {
    uint16_t position;
    std::memcpy(&position, exception, sizeof(position));
    std::memcpy(out + position * sizeof(Word), exception + sizeof(position),
                sizeof(Word));
    exception += sizeof(position) + sizeof(Word);
  }
}

inline void MergeValues(const uint8_t* contexts, size_t count,
                        const uint8_t* set_of_context,
                        const std::array<const uint8_t*, kMaxSets>& values,
                        uint8_t* out) {
  std::array<const uint8_t*, kMaxSets> next = values;
  for (size_t i = 0; i < count; ++i) {
    out[i] = *next[set_of_context[contexts[i]]]++;
  }
}

inline void UnpackFields(const uint8_t* fields, size_t count, unsigned width,
                         uint8_t* out) {
  const unsigned mask = (1u << width) - 1;
  for (size_t i = 0; i < count; ++i) {
    const size_t bit = i * width;
    out[i] = static_cast<uint8_t>(fields[bit / 8] >> (bit % 8) & mask);
  }
}

inline void SpreadGroups(const uint8_t* groups, size_t count,
                         const uint8_t* packed, uint8_t* out) {
  for (size_t i = 0; i < count; ++i, out += 8) {
    const bool some = (groups[i / 8] >> (i % 8) & 1) != 0;
    std::memcpy(out, packed, 8);
    if (!some) std::memset(out, 0, 8);
    packed += some ? 8 : 0;
  }
}

inline bool DecodeContextRans(const ContextRansDecodeTable& table,
                              const uint8_t* contexts, size_t count,
                              RansCursor* cursor, uint8_t* out) {
  return DecodeContextRansBySymbol(table, kMaxContextLaneBits, contexts, count,
                                   cursor, out);
}

template <ElementKind kKind>
constexpr std::array<DeltaKernels, 4> MakeDeltaKernels() {
  return {{{ClassifyElements<kKind, uint8_t>, ApplyElements<kKind, uint8_t>},
           {ClassifyElements<kKind, uint16_t>, ApplyElements<kKind, uint16_t>},
           {ClassifyElements<kKind, uint32_t>, ApplyElements<kKind, uint32_t>},
           {ClassifyElements<kKind, uint64_t>,
            ApplyElements<kKind, uint64_t>}}};
}

constexpr std::array<std::array<DeltaKernels, 4>, kElementKinds>
MakeAllDeltaKernels() {
  return {MakeDeltaKernels<ElementKind::kFloat>(),
          MakeDeltaKernels<ElementKind::kSigned>(),
          MakeDeltaKernels<ElementKind::kUnsigned>()};
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_DELTA_KERNELS_INL_H_
