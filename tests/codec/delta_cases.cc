#include "tests/codec/delta_cases.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "codec/base/aligned_buffer.h"
#include "codec/base/byte_reader.h"
#include "codec/method/delta_planner.h"
#include "tests/codec/patterns.h"

namespace ingot {
namespace {

uint64_t LoadElement(const Bytes& elements, uint64_t index, unsigned bytes) {
  uint64_t value = 0;
  std::memcpy(&value, elements.data() + index * bytes, bytes);
  return value;
}
void StoreElement(uint64_t value, uint64_t index, unsigned bytes,
                  Bytes* elements) {
  std::memcpy(elements->data() + index * bytes, &value, bytes);
}

struct Element {
  uint64_t base;
  uint64_t raw;
};

// A number some units of the last place away, mostly few.
uint64_t Nearby(uint64_t element, const ElementBits& bits, Random* random) {
  const unsigned width = static_cast<unsigned>(random->Below(bits.bits / 2));
  const uint64_t step = random->Next() & ((uint64_t{2} << width) - 1);
  return (random->Below(2) == 0 ? element + step : element - step) &
         bits.mask();
}

Element MakeElement(Change change, const ElementBits& bits, uint64_t row,
                    uint64_t weight, Random* random) {
  const uint64_t sign = uint64_t{1} << (bits.bits - 1);
  const auto noise = [&] { return random->Next() & bits.mask(); };
  switch (change) {
    case Change::kEqual:
      return {weight, weight};
    case Change::kOneInThousand:
      return {weight,
              random->Below(1000) == 0 ? Nearby(weight, bits, random) : weight};
    case Change::kFourInTen:
      return {weight,
              random->Below(10) < 4 ? Nearby(weight, bits, random) : weight};
    case Change::kAll:
      return {weight, Nearby(weight, bits, random)};
    case Change::kSignsToo: {
      uint64_t raw = Nearby(weight, bits, random);
      if (random->Below(20) == 0) raw ^= sign;
      if (random->Below(100) == 0) raw = noise();
      return {weight, raw};
    }
    case Change::kFewRows:
      return {weight, row % 7 == 3 ? noise() : weight};
    case Change::kNoise:
      return {noise(), noise()};
    case Change::kFromZeros:
      return {0, weight};
    case Change::kToZeros:
      return {weight, random->Below(50) == 0 ? sign : 0};
    case Change::kNanPayloads: {
      const uint64_t base = bits.Make(random->Next(), ~uint64_t{0}, noise());
      return {base, random->Below(3) == 0
                        ? bits.Make(random->Next(), ~uint64_t{0}, noise())
                        : base ^ random->Below(4)};
    }
    case Change::kExtremes: {
      const uint64_t extremes[] = {0,           sign,           sign - 1,
                                   bits.mask(), sign + 1,       sign - 2,
                                   1,           bits.mask() - 1};
      return {extremes[random->Below(8)], extremes[random->Below(8)]};
    }
    case Change::kScales: {
      const uint64_t base =
          bits.Make(random->Next(),
                    bits.exponent_limit() / 2 + row % 9 * 2 -
                        std::min<uint64_t>(random->Below(8), 6),
                    noise());
      return {base, Nearby(base, bits, random)};
    }
  }
  std::abort();
}

}  // namespace

std::vector<DType> DifferenceDTypes() {
  std::vector<DType> dtypes;
  for (const DType dtype : CodableDTypes()) {
    if (DifferenceFormatOf(dtype)) dtypes.push_back(dtype);
  }
  return dtypes;
}

std::string_view ChangeName(Change change) {
  constexpr std::string_view kNames[] = {
      "equal",     "one in a thousand", "four in ten", "all",
      "signs too", "few rows",          "noise",       "from zeros",
      "to zeros",  "NaN payloads",      "extremes",    "scales"};
  return kNames[static_cast<size_t>(change)];
}

Pair MakePair(Change change, DType dtype, uint64_t elements, uint64_t columns) {
  const ElementBits bits = BitsOf(dtype);
  const unsigned bytes = GetDTypeInfo(dtype).bits / 8;
  const Bytes weights =
      MakeTensor(GetPattern("ScaledWeights"), dtype, elements, columns);
  Random random(static_cast<uint64_t>(change) * 100 +
                static_cast<uint64_t>(dtype));
  Pair pair{Bytes(weights.size()), Bytes(weights.size())};
  for (uint64_t i = 0; i < elements; ++i) {
    const Element element = MakeElement(
        change, bits, i / columns, LoadElement(weights, i, bytes), &random);
    StoreElement(element.base, i, bytes, &pair.base);
    StoreElement(element.raw, i, bytes, &pair.raw);
  }
  return pair;
}

Bytes EncodedDeltaGroup::AllBytes() const {
  Bytes all = body;
  for (const EncodedDeltaBlock& block : blocks) {
    all.insert(all.end(), block.body.begin(), block.body.end());
    all.insert(all.end(), block.payload.begin(),
               block.payload.end() - kKernelSlack);
  }
  return all;
}

size_t EncodedDeltaGroup::MethodCount(Method method) const {
  return static_cast<size_t>(
      std::ranges::count_if(blocks, [=](const EncodedDeltaBlock& block) {
        return block.header.method == method;
      }));
}

Geometry SmallGeometry(DType dtype, uint64_t columns, uint64_t block_elements) {
  return {.dtype = dtype,
          .columns = columns,
          .block_elements = block_elements,
          .group_elements = block_elements * 64};
}

GroupData MakeGroup(const Geometry& geometry, uint64_t first, const Pair& pair,
                    uint64_t base_elements) {
  GroupData group{
      .geometry = geometry, .first = first, .raw = pair.raw, .base = pair.base};
  // Two references where there is enough for two.
  const uint64_t known = std::min(base_elements, group.elements());
  const uint64_t half = known / 2;
  Digest digest;
  digest.bytes.fill(std::byte{0x5A});
  if (half > 0) group.references.push_back({digest, first, half});
  digest.bytes.fill(std::byte{0xC3});
  group.references.push_back({digest, 7, std::max<uint64_t>(known - half, 1)});
  return group;
}

EncodedDeltaGroup EncodeGroup(const GroupData& group, const GroupPlan& plan) {
  EncodedDeltaGroup encoded;
  AppendGroupSide(plan.floats.side, &encoded.body);
  BlockEncoder encoder;
  EncodedBlock block;
  for (uint64_t i = 0; i < group.blocks(); ++i) {
    if (!encoder.Encode(plan, group, i, &block).ok()) std::abort();
    EncodedDeltaBlock& out = encoded.blocks.emplace_back();
    out.header = block.header;
    AppendBlockHeader(block.header, &out.body);
    for (const ByteSpan piece : block.payload) {
      out.payload.insert(out.payload.end(), piece.begin(), piece.end());
    }
    if (out.payload.size() != block.header.payload_length) std::abort();
    out.payload.resize(out.payload.size() + kKernelSlack);
  }
  return encoded;
}

EncodedDeltaGroup EncodeGroup(const GroupData& group, int level,
                              const Kernels& kernels, ThreadPool* pool) {
  return EncodeGroup(group, PlanGroup(group, level, kernels, pool));
}

GroupPlan PlanWithSide(const GroupData& group, int level,
                       const Kernels& kernels, DeltaSide side) {
  auto delta = std::make_shared<DeltaPlan>();
  side.references = group.references;
  if (side.coder == Coder::kTiered) {
    for (unsigned s = 0; s < side.sets; ++s) {
      const TierCode& code = side.tiers[s].code;
      for (unsigned tier = 0; tier < code.tier_count; ++tier) {
        delta->set_symbols[s] +=
            TierCapacity(code.widths[tier], tier + 1 == code.tier_count);
      }
    }
  }
  if (side.coder == Coder::kRans) {
    std::vector<std::vector<uint16_t>> frequencies(side.contexts);
    for (unsigned k = 0; k < side.contexts; ++k) {
      if (!FrequenciesOfWeights(side.weights[k], &frequencies[k])) std::abort();
    }
    MakeContextRansEncodeTable(frequencies, &delta->rans);
  }
  delta->side = std::make_shared<DeltaSide>(std::move(side));
  GroupPlan plan{.level = level,
                 .kernels = &kernels,
                 .floats = {},
                 .try_bytes = false,
                 .found = {}};
  plan.floats.side.elements = group.elements();
  plan.floats.side.delta = delta->side;
  plan.delta = std::move(delta);
  return plan;
}

DeltaSide MakeUnusualSide(const GroupData& group, Coder coder) {
  const DifferenceFormat format = *DifferenceFormatOf(group.geometry.dtype);
  DeltaSide side;
  side.coder = coder;
  side.origin = static_cast<uint8_t>(
      format.kind != ElementKind::kFloat ? std::max(format.bits(), 16u) - 16
      : format.mask == 0x7FF             ? 110u
                                         : format.mask / 2u - 15u);
  const uint64_t rows =
      RowsInGroup(group.geometry, group.first, group.elements());
  side.row_shifts.assign(rows + kKernelSlack, 0);
  for (uint64_t row = 0; row < rows; ++row) {
    side.row_shifts[row] = static_cast<uint8_t>(row * 5 % 23);
  }
  side.contexts = 16;
  for (unsigned k = 0; k < kDeltaClasses; ++k) {
    side.context_of_class[k] = static_cast<uint8_t>(k / 2);
  }
  for (unsigned k = 0; k < side.contexts; ++k) {
    side.low_bits[k] =
        static_cast<uint8_t>(k * (format.bits() - 1u) / (side.contexts - 1));
    side.set_of_context[k] = static_cast<uint8_t>(k % kMaxSets);
  }
  side.sets = kMaxSets;
  side.tiers[0].code.tier_count = 1;
  side.tiers[0].code.widths = {1};
  side.tiers[0].grouped = true;
  side.tiers[1].code.tier_count = 8;
  side.tiers[1].code.widths = {1, 2, 3, 1, 2, 3, 3, 3};
  side.tiers[2].code.tier_count = 3;
  side.tiers[2].code.widths = {3, 2, 1};
  side.tiers[2].grouped = true;
  if (coder == Coder::kRans) {
    for (unsigned k = 0; k < side.contexts; ++k) {
      std::vector<uint8_t>& weights = side.weights.emplace_back();
      if (k == 3) {
        weights = {0};
        continue;
      }
      // With gaps, and with changes of sign.
      weights.resize(k % 2 == 0 ? 256 : 5 + k);
      for (size_t s = 0; s < weights.size(); ++s) {
        weights[s] = s < 2 ? 200 : static_cast<uint8_t>(s * 37 % 5 * 30);
      }
    }
  }
  return side;
}

Result<GroupSide> ParseSide(const EncodedDeltaGroup& encoded,
                            const GroupData& group) {
  ByteReader reader(encoded.body);
  return ParseGroupSide(&reader, group.geometry, group.first);
}

Result<Bytes> DecodeGroupBlock(const GroupSide& side, const GroupData& group,
                               const EncodedDeltaGroup& encoded, uint64_t index,
                               uint64_t begin, uint64_t end,
                               const Kernels& kernels, bool stream) {
  const Geometry& geometry = group.geometry;
  const EncodedDeltaBlock& block = encoded.blocks[index];
  ByteReader reader(block.body);
  INGOT_ASSIGN(const BlockHeader header,
               ParseBlockHeader(&reader, geometry.dtype));
  // A copy of the block's base alone, with the slack that decoders may read.
  const ByteSpan block_base = group.BlockBase(index);
  Bytes base(block_base.begin(), block_base.end());
  base.resize(base.size() + kKernelSlack, std::byte{0xEE});
  const BlockPosition position{.group_first = group.first,
                               .first = group.first + group.BlockBegin(index),
                               .base = base.data()};
  const size_t bytes = (end - begin) * geometry.element_bytes();
  AlignedBuffer out;
  if (!out.Resize(bytes + 64).ok()) std::abort();
  std::memset(out.data(), 0xA5, bytes + 64);
  BlockDecoder decoder(kernels);
  INGOT_TRY(decoder.Decode(side, geometry, position, header,
                           block.payload.data(), begin, end,
                           MutableByteSpan(out.data(), bytes), stream));
  if (!std::all_of(out.data() + bytes, out.data() + bytes + 64,
                   [](std::byte b) { return b == std::byte{0xA5}; })) {
    return Corruption("bytes behind the elements were written");
  }
  return Bytes(out.data(), out.data() + bytes);
}

}  // namespace ingot
