// The scalar kernels: the reference that every other set equals byte for byte,
// written for clarity. They also serve fp64 on every machine.

#include <cstring>

#include "codec/entropy/huffman/huffman_scalar-inl.h"
#include "codec/entropy/rans/rans_scalar-inl.h"
#include "codec/method/delta_kernels-inl.h"
#include "codec/method/kernel_sets.h"
#include "codec/method/scalar_elements-inl.h"

namespace ingot {
namespace {

// Codes of `count` values, escaping those a tier does not name. Returns the
// number of escaped values, which replace `values` less the tier's capacity.
uint32_t EncodeTier(uint8_t* values, uint32_t count, unsigned width, bool last,
                    uint8_t* codes) {
  const uint8_t escape =
      last ? 255 : static_cast<uint8_t>(TierCapacity(width, false));
  uint32_t escaped = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t value = values[i];
    if (value >= escape) {
      values[escaped++] = static_cast<uint8_t>(value - escape);
      PutField(codes, i, width, escape);
    } else {
      PutField(codes, i, width, value);
    }
  }
  return escaped;
}

template <FloatLayout kLayout>
SegmentSize EncodeSubBlock(const TierCode& code, const RankTable& table,
                           const SubBlockEncode& out, const uint8_t* in) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  std::array<uint8_t, kSubBlockElements> scales;
  std::array<uint8_t, kSubBlockElements> ranks;
  std::array<uint8_t, kSubBlockElements * kExceptionBytes> exceptions;
  ExpandScales(out.runs, scales.data());
  for (unsigned plane = 0; plane < kInfo.plane_count; ++plane) {
    std::memset(out.planes[plane], 0,
                PlaneBytes(out.elements, kInfo.plane_bits[plane]));
  }
  std::memset(out.codes, 0, PlaneBytes(out.elements, code.widths[0]));

  size_t exception_bytes = 0;
  for (uint32_t i = 0; i < out.elements; ++i) {
    const FloatParts parts = SplitFloat<kLayout>(in + i * kInfo.element_bytes);
    PutRemainder<kLayout>(out.planes, i, parts.remainder);
    const std::optional<uint8_t> symbol =
        SymbolOfExponent<kLayout>(parts.exponent);
    uint8_t rank = RankTable::kNoRank;
    if (symbol) {
      const uint8_t top = static_cast<uint8_t>(code.base + (scales[i] >> 2));
      const uint8_t slot = *symbol == 0 ? RankTable::kZeroSlot
                                        : static_cast<uint8_t>(top - *symbol);
      if (*symbol == 0 || (*symbol <= top && slot <= RankTable::kMaxSlot)) {
        rank = table.ranks[scales[i] & 3][slot];
      }
    }
    if (rank == RankTable::kNoRank) {
      const uint32_t entry = i | parts.exponent << kExceptionPositionBits;
      std::memcpy(&exceptions[exception_bytes], &entry, kExceptionBytes);
      exception_bytes += kExceptionBytes;
      rank = 0;
    }
    ranks[i] = rank;
  }

  SegmentSize size{0, 0};
  uint32_t count = EncodeTier(ranks.data(), out.elements, code.widths[0],
                              code.tier_count == 1, out.codes);
  size.escapes = count;
  for (unsigned tier = 1; tier < code.tier_count; ++tier) {
    const uint32_t bytes = CodeBytes(count, code.widths[tier]);
    uint8_t* codes = out.segment + size.bytes;
    std::memset(codes, 0, bytes + 8);
    count = EncodeTier(ranks.data(), count, code.widths[tier],
                       tier + 1 == code.tier_count, codes);
    size.bytes += bytes;
  }
  std::memcpy(out.segment + size.bytes, exceptions.data(), exception_bytes);
  size.bytes += static_cast<uint32_t>(exception_bytes);
  return size;
}

// Values of a tier, `escaped` being those of the next one.
void DecodeTier(const uint8_t* codes, uint32_t count, unsigned width,
                const uint8_t* escaped, uint8_t* values) {
  const uint8_t escape = static_cast<uint8_t>(TierCapacity(width, false));
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t value = static_cast<uint8_t>(GetField(codes, i, width));
    values[i] = escaped != nullptr && value == escape
                    ? static_cast<uint8_t>(escape + *escaped++)
                    : value;
  }
}

void DecodeAllTiers(const TierCode& code, const uint8_t* segment,
                    const TierExtents& extents, uint8_t* values) {
  std::array<std::array<uint8_t, kSubBlockElements>, 2> tiers;
  const uint8_t* escaped = nullptr;
  for (unsigned tier = code.tier_count; tier-- > 0;) {
    uint8_t* const out = tier == 0 ? values : tiers[tier % 2].data();
    DecodeTier(segment + extents.offsets[tier], extents.counts[tier],
               code.widths[tier], escaped, out);
    escaped = out;
  }
}

uint32_t EncodeAllTiers(const TierCode& code, uint32_t count, uint8_t* values,
                        uint8_t* segment) {
  uint32_t size = 0;
  for (unsigned tier = 0; tier < code.tier_count; ++tier) {
    const uint32_t bytes = CodeBytes(count, code.widths[tier]);
    std::memset(segment + size, 0, bytes + 8);
    count = EncodeTier(values, count, code.widths[tier],
                       tier + 1 == code.tier_count, segment + size);
    size += bytes;
  }
  return size;
}

template <FloatLayout kLayout>
bool DecodeSubBlock(const TierCode& code, const SubBlockDecode& in,
                    uint8_t* out, bool /*stream*/) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  if (code.tier_count > 1 &&
      CountEscapes(in.codes, in.elements, code.widths[0]) !=
          in.extents.counts[1]) {
    return false;
  }
  // The last tier first: each tier's escapes are the values of the next.
  std::array<std::array<uint8_t, kSubBlockElements>, 2> values;
  const uint8_t* escaped = nullptr;
  for (unsigned tier = code.tier_count; tier-- > 1;) {
    uint8_t* tier_values = values[tier % 2].data();
    DecodeTier(in.segment + in.extents.offsets[tier], in.extents.counts[tier],
               code.widths[tier], escaped, tier_values);
    escaped = tier_values;
  }
  uint8_t* ranks = values[0].data();
  DecodeTier(in.codes, in.elements, code.widths[0], escaped, ranks);

  std::array<uint8_t, kSubBlockElements> scales;
  ExpandScales(in.runs, scales.data());
  for (uint32_t i = 0; i < in.elements; ++i) {
    const uint8_t top = static_cast<uint8_t>(code.base + (scales[i] >> 2));
    const uint8_t offset =
        code.offsets[(scales[i] & 3) * kMaxRanks + (ranks[i] & 15)];
    const uint8_t symbol =
        offset > top ? 0 : static_cast<uint8_t>(top - offset);
    JoinFloat<kLayout>({ExponentOfSymbol<kLayout>(symbol),
                        GetRemainder<kLayout>(in.planes, i)},
                       out + i * kInfo.element_bytes);
  }
  for (uint32_t i = 0; i < in.exception_count; ++i) {
    uint32_t entry = 0;
    std::memcpy(&entry, in.exceptions + i * kExceptionBytes, kExceptionBytes);
    const uint32_t position = entry & (kSubBlockElements - 1);
    JoinFloat<kLayout>({entry >> kExceptionPositionBits,
                        GetRemainder<kLayout>(in.planes, position)},
                       out + position * kInfo.element_bytes);
  }
  return true;
}

template <FloatLayout kLayout>
uint8_t CountedSymbol(const uint8_t* in) {
  // An exponent without a symbol counts as 0; its element is an exception.
  return SymbolOfExponent<kLayout>(SplitFloat<kLayout>(in).exponent)
      .value_or(0);
}

template <FloatLayout kLayout>
uint64_t SumRow(const uint8_t* in, size_t columns, uint8_t neutral,
                uint16_t* column_sums) {
  constexpr size_t kBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  uint64_t sum = 0;
  for (size_t i = 0; i < columns; ++i) {
    uint8_t symbol = CountedSymbol<kLayout>(in + i * kBytes);
    if (symbol == 0) symbol = neutral;
    sum += symbol;
    if (column_sums != nullptr) {
      column_sums[i] = static_cast<uint16_t>(column_sums[i] + symbol);
    }
  }
  return sum;
}

template <FloatLayout kLayout>
void CountRun(const uint8_t* in, const ScaleRun& run,
              ScaleHistogram* histogram) {
  constexpr size_t kBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  for (uint32_t i = 0; i < run.length; ++i) {
    const uint8_t scale = static_cast<uint8_t>(run.row + run.columns[i]);
    const uint8_t symbol = CountedSymbol<kLayout>(in + i * kBytes);
    const uint8_t relative = static_cast<uint8_t>(symbol - (scale >> 2));
    const size_t slot = symbol == 0 ? ScaleHistogram::kZeroSlots + (scale & 3)
                                    : (scale & 3) * size_t{256} + relative;
    ++histogram->counts[i % ScaleHistogram::kWays][slot];
  }
}

template <FloatLayout kLayout>
void JoinPlanes(const uint8_t* symbols,
                const std::array<const uint8_t*, kMaxRemainderPlanes>& planes,
                size_t elements, uint8_t* out) {
  constexpr size_t kBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  for (size_t i = 0; i < elements; ++i) {
    JoinFloat<kLayout>({ExponentOfSymbol<kLayout>(symbols[i]),
                        GetRemainder<kLayout>(planes, i)},
                       out + i * kBytes);
  }
}

template <FloatLayout kLayout>
constexpr FloatKernels MakeFloatKernels() {
  return {.decode = DecodeSubBlock<kLayout>,
          .encode = EncodeSubBlock<kLayout>,
          .sum_row = SumRow<kLayout>,
          .count = CountRun<kLayout>,
          .join = JoinPlanes<kLayout>,
          .decode_joined = scalar_joined::Decode<kLayout>,
          .encode_joined = scalar_joined::Encode<kLayout>,
          .count_joined = scalar_joined::Count<kLayout>};
}

}  // namespace

constexpr Kernels kScalarKernels = {
    .name = "scalar",
    .floats = {MakeFloatKernels<FloatLayout::kBf16>(),
               MakeFloatKernels<FloatLayout::kF32>(),
               MakeFloatKernels<FloatLayout::kF16>(),
               MakeFloatKernels<FloatLayout::kE4m3>(),
               MakeFloatKernels<FloatLayout::kE5m2>(), kScalarF64Kernels},
    .entropy = {.decode_huffman = DecodeHuffmanBySymbol,
                .encode_huffman = EncodeHuffmanBySymbol,
                .decode_rans = DecodeRansBySymbol},
    .symbols = {.merge = MergeValues,
                .unpack = UnpackFields,
                .spread = SpreadGroups,
                .decode_tiers = DecodeAllTiers,
                .encode_tiers = EncodeAllTiers,
                .decode_context_rans = DecodeContextRans},
    .deltas = MakeAllDeltaKernels(),
};

namespace scalar_f64 {

constexpr FloatLayout kLayout = FloatLayout::kF64;

bool Decode(const TierCode& code, const SubBlockDecode& in, uint8_t* out,
            bool stream) {
  return DecodeSubBlock<kLayout>(code, in, out, stream);
}

SegmentSize Encode(const TierCode& code, const RankTable& ranks,
                   const SubBlockEncode& out, const uint8_t* in) {
  return EncodeSubBlock<kLayout>(code, ranks, out, in);
}

uint64_t SumRow(const uint8_t* in, size_t columns, uint8_t neutral,
                uint16_t* column_sums) {
  return ingot::SumRow<kLayout>(in, columns, neutral, column_sums);
}

void CountRun(const uint8_t* in, const ScaleRun& run,
              ScaleHistogram* histogram) {
  ingot::CountRun<kLayout>(in, run, histogram);
}

void JoinPlanes(const uint8_t* symbols,
                const std::array<const uint8_t*, kMaxRemainderPlanes>& planes,
                size_t elements, uint8_t* out) {
  ingot::JoinPlanes<kLayout>(symbols, planes, elements, out);
}

}  // namespace scalar_f64

}  // namespace ingot
