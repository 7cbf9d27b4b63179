// The scalar kernels of joined exponents: the reference that every other set
// equals byte for byte.

#include "codec/method/kernel_sets.h"
#include "codec/method/scalar_elements-inl.h"

namespace ingot {
namespace scalar_joined {
namespace {

// The key of an element, or kNoRank where it has no slot.
template <FloatLayout kLayout>
uint8_t KeyOf(const JoinedCode& code, const FloatParts& parts, uint8_t scale) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  const std::optional<uint8_t> symbol =
      SymbolOfExponent<kLayout>(parts.exponent);
  if (!symbol) return JoinedRanks::kNoRank;
  const uint8_t top_symbol = static_cast<uint8_t>(code.base + (scale >> 2));
  uint8_t slot = kJoinedZeroSlot;
  if (*symbol != 0) {
    if (*symbol > top_symbol || top_symbol - *symbol >= kJoinedZeroSlot) {
      return JoinedRanks::kNoRank;
    }
    slot = static_cast<uint8_t>(top_symbol - *symbol);
  }
  const uint64_t top =
      parts.remainder >> (kInfo.mantissa_bits - code.top_bits) &
      ((1u << code.top_bits) - 1);
  return static_cast<uint8_t>(slot << code.top_bits | top);
}

}  // namespace

template <FloatLayout kLayout>
void Decode(const JoinedCode& code, const JoinedDecode& in, uint8_t* out,
            bool /*stream*/) {
  constexpr size_t kBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  const uint8_t top_mask = static_cast<uint8_t>((1u << code.top_bits) - 1);
  std::array<uint8_t, kSubBlockElements> scales;
  ExpandScales(in.runs, scales.data());
  for (uint32_t i = 0; i < in.elements; ++i) {
    const uint8_t value =
        code.values[(scales[i] & 3) * kMaxJoinedRanks + in.ranks[i]];
    const unsigned top = (code.base + (scales[i] >> 2)) & 255;
    const unsigned slot = value >> code.top_bits & kJoinedZeroSlot;
    const bool zero = (value & JoinedCode::kZeroFlag) != 0 || slot > top;
    JoinFloat<kLayout>(
        {ExponentOfSymbol<kLayout>(zero ? 0 : static_cast<uint8_t>(top - slot)),
         GetRemainder<kLayout>(in.planes, i, code.top_bits, value & top_mask)},
        out + i * kBytes);
  }
  for (uint32_t i = 0; i < in.exception_count; ++i) {
    uint32_t entry = 0;
    std::memcpy(&entry, in.exceptions + i * kExceptionBytes, kExceptionBytes);
    const uint32_t position = entry & (kSubBlockElements - 1);
    const uint32_t value = entry >> kExceptionPositionBits;
    JoinFloat<kLayout>({value >> code.top_bits,
                        GetRemainder<kLayout>(in.planes, position,
                                              code.top_bits, value & top_mask)},
                       out + position * kBytes);
  }
}

template <FloatLayout kLayout>
uint32_t Encode(const JoinedCode& code, const JoinedRanks& ranks,
                const JoinedEncode& out, const uint8_t* in) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  std::array<uint8_t, kSubBlockElements> scales;
  ExpandScales(out.runs, scales.data());
  for (unsigned plane = 0; plane < kInfo.plane_count; ++plane) {
    std::memset(out.planes[plane], 0,
                PlaneBytes(out.elements,
                           JoinedPlaneBits(kLayout, plane, code.top_bits)));
  }
  std::memset(out.ranks, 0, PlaneBytes(out.elements, 8));
  uint32_t bytes = 0;
  for (uint32_t i = 0; i < out.elements; ++i) {
    const FloatParts parts = SplitFloat<kLayout>(in + i * kInfo.element_bytes);
    PutRemainder<kLayout>(out.planes, i, parts.remainder, code.top_bits);
    const uint8_t key = KeyOf<kLayout>(code, parts, scales[i]);
    const uint8_t rank = key == JoinedRanks::kNoRank
                             ? key
                             : ranks.ranks[scales[i] & 3][key];
    if (rank != JoinedRanks::kNoRank) {
      out.ranks[i] = rank;
      continue;
    }
    const unsigned below = kInfo.mantissa_bits - code.top_bits;
    const uint64_t value = uint64_t{parts.exponent} << code.top_bits |
                           (parts.remainder >> below &
                            ((1u << code.top_bits) - 1));
    const uint32_t entry =
        i | static_cast<uint32_t>(value) << kExceptionPositionBits;
    std::memcpy(out.exceptions + bytes, &entry, kExceptionBytes);
    bytes += kExceptionBytes;
  }
  return bytes;
}

template <FloatLayout kLayout>
void Count(const JoinedCode& code, const uint8_t* in, const ScaleRun& run,
           JoinedHistogram* histogram) {
  constexpr size_t kBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  for (uint32_t i = 0; i < run.length; ++i) {
    const uint8_t scale = static_cast<uint8_t>(run.row + run.columns[i]);
    const uint8_t key =
        KeyOf<kLayout>(code, SplitFloat<kLayout>(in + i * kBytes), scale);
    const size_t slot = key == JoinedRanks::kNoRank
                            ? JoinedHistogram::kOutside
                            : (scale & 3) * kJoinedKeys + key;
    ++histogram->counts[i % JoinedHistogram::kWays][slot];
  }
}

#define INGOT_SCALAR_JOINED(layout)                                          \
  template void Decode<layout>(const JoinedCode&, const JoinedDecode&,       \
                               uint8_t*, bool);                              \
  template uint32_t Encode<layout>(const JoinedCode&, const JoinedRanks&,    \
                                   const JoinedEncode&, const uint8_t*);     \
  template void Count<layout>(const JoinedCode&, const uint8_t*,             \
                              const ScaleRun&, JoinedHistogram*);
INGOT_SCALAR_JOINED(FloatLayout::kBf16)
INGOT_SCALAR_JOINED(FloatLayout::kF32)
INGOT_SCALAR_JOINED(FloatLayout::kF16)
INGOT_SCALAR_JOINED(FloatLayout::kE4m3)
INGOT_SCALAR_JOINED(FloatLayout::kE5m2)
INGOT_SCALAR_JOINED(FloatLayout::kF64)
#undef INGOT_SCALAR_JOINED

}  // namespace scalar_joined
}  // namespace ingot
