#include "codec/method/group_side.h"

#include <algorithm>
#include <array>

#include "codec/base/byte_writer.h"
#include "codec/base/zigzag.h"
#include "codec/method/delta_side.h"
#include "codec/method/kernels.h"
#include "codec/method/modelled_side.h"
#include "codec/planes/bit_stream.h"

namespace ingot {
namespace {

constexpr uint8_t kKindNone = 0;
constexpr uint8_t kKindTiered = 1;
constexpr uint8_t kKindJoined = 2;  // tiered, and joined exponents
constexpr uint8_t kKindModelled = 3;
constexpr uint8_t kHasDelta = 0x80;  // besides one of the above
constexpr uint8_t kHasRows = 1;
constexpr uint8_t kHasColumns = 2;
constexpr unsigned kMaxRice = 7;
constexpr unsigned kMaxQuotient = 511;
constexpr unsigned kOffsetBits = 5;
constexpr uint8_t kZeroOffsetField = 31;

struct RiceParameters {
  uint8_t rice;
  uint8_t centre;
  size_t bytes;  // of the fields
};

RiceParameters ChooseRice(const std::vector<uint8_t>& values, size_t count) {
  std::array<size_t, 256> counts{};
  for (size_t i = 0; i < count; ++i) ++counts[values[i]];
  // The median keeps the residuals small whatever a few outliers say.
  size_t below = 0;
  unsigned centre = 0;
  while (centre < 255 && below + counts[centre] <= count / 2) {
    below += counts[centre++];
  }
  RiceParameters best{0, static_cast<uint8_t>(centre), SIZE_MAX};
  for (unsigned rice = 0; rice <= kMaxRice; ++rice) {
    size_t bits = 0;
    for (unsigned value = 0; value < 256; ++value) {
      const unsigned z =
          ZigZag(static_cast<int>(value) - static_cast<int>(centre));
      bits += counts[value] * ((z >> rice) + 1 + rice);
    }
    const size_t bytes = (bits + 7) / 8;
    if (bytes < best.bytes) {
      best.rice = static_cast<uint8_t>(rice);
      best.bytes = bytes;
    }
  }
  return best;
}

// Reads `count` values of a scale vector; the result has kernel slack.
Status ParseTierCode(ByteReader* reader, bool scaled, TierCode* code) {
  INGOT_ASSIGN(code->base, reader->ReadU8());
  INGOT_ASSIGN(code->tier_count, reader->ReadU8());
  if (code->tier_count == 0 || code->tier_count > kMaxTiers) {
    return reader->Corrupt("tier count: expected 1 to 8");
  }
  unsigned capacity = 0;
  for (unsigned tier = 0; tier < code->tier_count; ++tier) {
    INGOT_ASSIGN(const uint8_t width, reader->ReadU8());
    if (width == 0 || width > kMaxTierWidth) {
      return reader->Corrupt("tier width: expected 1 to 3");
    }
    code->widths[tier] = width;
    capacity += TierCapacity(width, tier + 1 == code->tier_count);
  }
  INGOT_ASSIGN(code->rank_count, reader->ReadU8());
  if (code->rank_count == 0 || code->rank_count > kMaxRanks ||
      code->rank_count > capacity) {
    return reader->Corrupt("rank count: expected 1 to 16 and no more than " +
                           std::to_string(capacity) + " that the tiers name");
  }
  const unsigned classes = scaled ? kClasses : 1;
  const unsigned fields = classes * code->rank_count;
  INGOT_ASSIGN(const ByteSpan table,
               reader->ReadBytes((fields * kOffsetBits + 7) / 8));
  std::array<uint8_t, kClasses * kMaxRanks + 8> padded{};
  std::memcpy(padded.data(), table.data(), table.size());
  for (unsigned i = 0; i < fields; ++i) {
    const uint64_t field = GetField(padded.data(), i, kOffsetBits);
    code->offsets[i / code->rank_count * kMaxRanks + i % code->rank_count] =
        field == kZeroOffsetField ? kZeroOffset : static_cast<uint8_t>(field);
  }
  return {};
}

}  // namespace

uint64_t RowsInGroup(const Geometry& geometry, uint64_t first,
                     uint64_t elements) {
  if (elements == 0) return 0;
  return (first + elements - 1) / geometry.columns - first / geometry.columns +
         1;
}

size_t ScaleVectorBytes(const std::vector<uint8_t>& values, size_t count) {
  return 2 + ChooseRice(values, count).bytes;
}

void AppendScaleVector(const std::vector<uint8_t>& values, size_t count,
                       std::vector<std::byte>* out) {
  const RiceParameters parameters = ChooseRice(values, count);
  ByteWriter writer(out);
  writer.WriteU8(parameters.rice);
  writer.WriteU8(parameters.centre);
  const size_t start = out->size();
  out->resize(start + parameters.bytes);
  uint8_t* bytes = AsU8(out->data() + start);
  size_t bit = 0;
  const auto put_bit = [&](unsigned value) {
    bytes[bit / 8] |= static_cast<uint8_t>(value << (bit % 8));
    ++bit;
  };
  for (size_t i = 0; i < count; ++i) {
    const auto z = static_cast<unsigned>(
        ZigZag(int{values[i]} - int{parameters.centre}));
    for (unsigned q = z >> parameters.rice; q > 0; --q) put_bit(1);
    put_bit(0);
    for (unsigned k = 0; k < parameters.rice; ++k) put_bit((z >> k) & 1);
  }
}

Result<std::vector<uint8_t>> ParseScaleVector(ByteReader* reader,
                                              uint64_t count) {
  INGOT_ASSIGN(const uint8_t rice, reader->ReadU8());
  INGOT_ASSIGN(const uint8_t centre, reader->ReadU8());
  if (rice > kMaxRice) return reader->Corrupt("scale vector: rice above 7");
  // A value takes one bit at least.
  if (count / 8 > reader->remaining()) {
    return reader->Corrupt("scale vector: " + std::to_string(count) +
                           " values do not fit the record");
  }
  ByteReader rest = *reader;
  INGOT_ASSIGN(const ByteSpan bytes, rest.ReadBytes(rest.remaining()));
  const size_t limit = bytes.size() * 8;
  std::vector<uint8_t> values(count + kKernelSlack, 0);
  size_t bit = 0;
  const auto next_bit = [&] {
    const unsigned value = (AsU8(bytes.data())[bit / 8] >> (bit % 8)) & 1;
    ++bit;
    return value;
  };
  for (uint64_t i = 0; i < count; ++i) {
    unsigned quotient = 0;
    for (;;) {
      if (bit == limit) return reader->Corrupt("scale vector ends early");
      if (next_bit() == 0) break;
      if (++quotient > kMaxQuotient) {
        return reader->Corrupt("scale vector: quotient above 511");
      }
    }
    if (bit + rice > limit) {
      return reader->Corrupt("scale vector ends early");
    }
    unsigned z = quotient << rice;
    for (unsigned k = 0; k < rice; ++k) z |= next_bit() << k;
    const int delta = z & 1 ? -static_cast<int>(z / 2) - 1
                            : static_cast<int>(z / 2);
    const int value = centre + delta;
    if (value < 0 || value > 255) {
      return reader->Corrupt("scale vector: value " + std::to_string(value) +
                             " outside 0..255");
    }
    values[i] = static_cast<uint8_t>(value);
  }
  INGOT_TRY(reader->Skip((bit + 7) / 8));
  return values;
}

void AppendGroupSide(const GroupSide& side, std::vector<std::byte>* body) {
  ByteWriter writer(body);
  writer.WriteVarint(side.elements);
  const uint8_t kind = side.modelled != nullptr ? kKindModelled
                       : side.joined            ? kKindJoined
                       : side.tiered            ? kKindTiered
                                                : kKindNone;
  writer.WriteU8(kind | (side.delta != nullptr ? kHasDelta : 0));
  if (side.delta != nullptr) AppendDeltaSide(*side.delta, body);
  if (side.modelled != nullptr) AppendModelledSide(*side.modelled, body);
  if (kind != kKindTiered && kind != kKindJoined) return;
  writer.WriteU8(static_cast<uint8_t>((side.rows.empty() ? 0 : kHasRows) |
                                      (side.columns.empty() ? 0
                                                            : kHasColumns)));
  const TierCode& code = side.code;
  writer.WriteU8(code.base);
  writer.WriteU8(code.tier_count);
  for (unsigned tier = 0; tier < code.tier_count; ++tier) {
    writer.WriteU8(code.widths[tier]);
  }
  writer.WriteU8(code.rank_count);
  const unsigned fields =
      (side.has_scales() ? kClasses : 1) * code.rank_count;
  std::array<uint8_t, kClasses * kMaxRanks + 8> table{};
  for (unsigned i = 0; i < fields; ++i) {
    const uint8_t offset = code.offsets[i / code.rank_count * kMaxRanks +
                                        i % code.rank_count];
    PutField(table.data(), i, kOffsetBits,
             offset == kZeroOffset ? kZeroOffsetField : offset);
  }
  writer.WriteBytes(std::as_bytes(
      std::span(table.data(), (fields * kOffsetBits + 7) / 8)));
  if (!side.rows.empty()) {
    AppendScaleVector(side.rows, side.rows.size() - kKernelSlack, body);
  }
  if (!side.columns.empty()) {
    AppendScaleVector(side.columns, side.columns.size() - kKernelSlack, body);
  }
  if (side.joined) {
    AppendJoinedSide(*side.joined, side.has_scales() ? kClasses : 1, body);
  }
}

Result<GroupSide> ParseGroupSide(ByteReader* reader, const Geometry& geometry,
                                 uint64_t first) {
  GroupSide side;
  INGOT_ASSIGN(side.elements,
               reader->ReadVarint(geometry.group_elements, "group elements"));
  if (side.elements == 0) return reader->Corrupt("group without elements");
  INGOT_ASSIGN(uint8_t kind, reader->ReadU8());
  if ((kind & kHasDelta) != 0) {
    INGOT_ASSIGN(DeltaSide delta,
                 ParseDeltaSide(reader, geometry, first, side.elements));
    side.delta = std::make_shared<DeltaSide>(std::move(delta));
    kind &= static_cast<uint8_t>(~kHasDelta);
  }
  if (kind > kKindModelled) {
    return Unsupported("group side data of kind " + std::to_string(kind) +
                       " needs a newer reader");
  }
  const std::optional<FloatLayout> layout = FloatLayoutOf(geometry.dtype);
  if (kind != kKindNone && !layout) {
    return reader->Corrupt("side data for a dtype without exponents");
  }
  if (kind == kKindModelled) {
    INGOT_ASSIGN(ModelledSide modelled,
                 ParseModelledSide(reader, geometry, first, side.elements));
    side.modelled = std::make_shared<ModelledSide>(std::move(modelled));
  } else if (kind != kKindNone) {
    side.tiered = true;
    INGOT_ASSIGN(const uint8_t flags, reader->ReadU8());
    if ((flags & ~(kHasRows | kHasColumns)) != 0) {
      return reader->Corrupt("group flags: unknown bits");
    }
    INGOT_TRY(ParseTierCode(reader, flags != 0, &side.code));
    if (flags & kHasRows) {
      INGOT_ASSIGN(side.rows,
                   ParseScaleVector(reader, RowsInGroup(geometry, first,
                                                        side.elements)));
    }
    if (flags & kHasColumns) {
      if (geometry.columns > kMaxScaledColumns) {
        return reader->Corrupt("column scales for more than 2^24 columns");
      }
      INGOT_ASSIGN(side.columns, ParseScaleVector(reader, geometry.columns));
    }
    if (kind == kKindJoined) {
      INGOT_ASSIGN(side.joined,
                   ParseJoinedSide(reader, *layout, side.code.base,
                                   flags != 0 ? kClasses : 1));
    }
  }
  INGOT_TRY(reader->ExpectDone());
  return side;
}

}  // namespace ingot
