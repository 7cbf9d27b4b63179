#include "codec/method/delta_side.h"

#include <algorithm>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/entropy/cm/byte_vector_coder.h"
#include "codec/method/group_side.h"
#include "codec/method/kernels.h"
#include "codec/planes/bit_stream.h"

namespace ingot {
namespace {

constexpr uint8_t kHasRowShifts = 1;
constexpr uint8_t kGrouped = 0x80;
constexpr unsigned kContextFieldBits = 4;
constexpr size_t kContextMapBytes = kDeltaClasses * kContextFieldBits / 8;
// Beyond any object.
constexpr uint64_t kMaxReferenceElement = uint64_t{1} << 50;

void AppendContexts(const DeltaSide& side, std::vector<std::byte>* body) {
  ByteWriter writer(body);
  writer.WriteU8(side.contexts);
  std::array<uint8_t, kContextMapBytes + 8> map{};
  for (unsigned k = 0; k < kDeltaClasses; ++k) {
    PutField(map.data(), k, kContextFieldBits, side.context_of_class[k]);
  }
  writer.WriteBytes(std::as_bytes(std::span(map).first(kContextMapBytes)));
  writer.WriteBytes(
      std::as_bytes(std::span(side.low_bits).first(side.contexts)));
}

Status ParseContexts(ByteReader* reader, const DifferenceFormat& format,
                     DeltaSide* side) {
  INGOT_ASSIGN(side->contexts, reader->ReadU8());
  if (side->contexts == 0 || side->contexts > kMaxContexts) {
    return reader->Corrupt("contexts: expected 1 to 16");
  }
  INGOT_ASSIGN(const ByteSpan map, reader->ReadBytes(kContextMapBytes));
  for (unsigned k = 0; k < kDeltaClasses; ++k) {
    const auto byte = std::to_integer<unsigned>(map[k / 2]);
    const auto context = static_cast<uint8_t>(byte >> (k % 2 * 4) & 15);
    if (context >= side->contexts) {
      return reader->Corrupt("class " + std::to_string(k) +
                             " has a context that is not there");
    }
    side->context_of_class[k] = context;
  }
  for (unsigned k = 0; k < side->contexts; ++k) {
    INGOT_ASSIGN(side->low_bits[k], reader->ReadU8());
    if (side->low_bits[k] >= format.bits() ||
        side->low_bits[k] > kMaxLowBits) {
      return reader->Corrupt("low bits of context " + std::to_string(k) +
                             ": more than an element has");
    }
  }
  return {};
}

void AppendTierSets(const DeltaSide& side, std::vector<std::byte>* body) {
  ByteWriter writer(body);
  writer.WriteU8(side.sets);
  writer.WriteBytes(
      std::as_bytes(std::span(side.set_of_context).first(side.contexts)));
  for (const TierSet& set : std::span(side.tiers).first(side.sets)) {
    writer.WriteU8(static_cast<uint8_t>(set.code.tier_count |
                                        (set.grouped ? kGrouped : 0)));
    writer.WriteBytes(std::as_bytes(
        std::span(set.code.widths).first(set.code.tier_count)));
  }
}

Status ParseTierSets(ByteReader* reader, DeltaSide* side) {
  INGOT_ASSIGN(side->sets, reader->ReadU8());
  if (side->sets == 0 || side->sets > kMaxSets) {
    return reader->Corrupt("sets: expected 1 to 3");
  }
  for (unsigned k = 0; k < side->contexts; ++k) {
    INGOT_ASSIGN(side->set_of_context[k], reader->ReadU8());
    if (side->set_of_context[k] >= side->sets) {
      return reader->Corrupt("context " + std::to_string(k) +
                             " has a set that is not there");
    }
  }
  for (TierSet& set : std::span(side->tiers).first(side->sets)) {
    INGOT_ASSIGN(const uint8_t tiers, reader->ReadU8());
    set.grouped = (tiers & kGrouped) != 0;
    set.code.tier_count = tiers & (kGrouped - 1);
    if (set.code.tier_count == 0 || set.code.tier_count > kMaxTiers) {
      return reader->Corrupt("tier count of a set: expected 1 to 8");
    }
    for (unsigned tier = 0; tier < set.code.tier_count; ++tier) {
      INGOT_ASSIGN(set.code.widths[tier], reader->ReadU8());
      if (set.code.widths[tier] == 0 ||
          set.code.widths[tier] > kMaxTierWidth) {
        return reader->Corrupt("tier width of a set: expected 1 to 3");
      }
    }
  }
  return {};
}

void AppendWeights(const DeltaSide& side, std::vector<std::byte>* body) {
  ByteWriter writer(body);
  std::vector<std::span<const uint8_t>> vectors;
  for (const std::vector<uint8_t>& weights : side.weights) {
    writer.WriteU8(static_cast<uint8_t>(weights.size() - 1));
    vectors.push_back(weights);
  }
  EncodeByteVectors(vectors, body);
}

Status ParseWeights(ByteReader* reader, DeltaSide* side) {
  side->weights.resize(side->contexts);
  std::vector<std::span<uint8_t>> vectors;
  for (std::vector<uint8_t>& weights : side->weights) {
    INGOT_ASSIGN(const uint8_t size, reader->ReadU8());
    weights.resize(size_t{size} + 1);
    vectors.push_back(weights);
  }
  INGOT_ASSIGN(const ByteSpan encoded, reader->ReadBytes(reader->remaining()));
  if (!DecodeByteVectors(encoded, vectors)) {
    return reader->Corrupt("weights do not end where they should");
  }
  std::vector<std::vector<uint16_t>> frequencies(side->contexts);
  for (unsigned k = 0; k < side->contexts; ++k) {
    if (!FrequenciesOfWeights(side->weights[k], &frequencies[k])) {
      return reader->Corrupt("context " + std::to_string(k) +
                             ": fewer than two symbols have a weight");
    }
  }
  auto table = std::make_shared<ContextRansDecodeTable>();
  MakeContextRansDecodeTable(frequencies, table.get());
  side->rans = std::move(table);
  return {};
}

Status ParseReferences(ByteReader* reader, uint64_t elements,
                       DeltaSide* side) {
  INGOT_ASSIGN(const uint64_t count,
               reader->ReadVarint(kMaxDeltaReferences, "references"));
  if (count == 0) return reader->Corrupt("delta side without references");
  uint64_t left = elements;
  for (uint64_t i = 0; i < count; ++i) {
    GroupReference reference;
    INGOT_ASSIGN(const uint8_t algorithm, reader->ReadU8());
    if (algorithm != kSha256Algorithm) {
      return Unsupported("digest algorithm " + std::to_string(algorithm) +
                         " needs a newer reader");
    }
    INGOT_ASSIGN(const ByteSpan digest,
                 reader->ReadBytes(reference.digest.bytes.size()));
    std::ranges::copy(digest, reference.digest.bytes.begin());
    INGOT_ASSIGN(reference.first,
                 reader->ReadVarint(kMaxReferenceElement, "first element"));
    INGOT_ASSIGN(reference.elements,
                 reader->ReadVarint(left, "elements of a reference"));
    if (reference.elements == 0) {
      return reader->Corrupt("reference to no elements");
    }
    left -= reference.elements;
    side->references.push_back(reference);
  }
  return {};
}

}  // namespace

void AppendDeltaSide(const DeltaSide& side, std::vector<std::byte>* body) {
  std::vector<std::byte> bytes;
  ByteWriter writer(&bytes);
  writer.WriteVarint(side.references.size());
  for (const GroupReference& reference : side.references) {
    writer.WriteU8(kSha256Algorithm);
    writer.WriteBytes(reference.digest.bytes);
    writer.WriteVarint(reference.first);
    writer.WriteVarint(reference.elements);
  }
  writer.WriteU8(static_cast<uint8_t>(side.coder));
  if (side.coder != Coder::kStore) {
    writer.WriteU8(side.row_shifts.empty() ? 0 : kHasRowShifts);
    writer.WriteU8(side.origin);
    if (!side.row_shifts.empty()) {
      AppendScaleVector(side.row_shifts,
                        side.row_shifts.size() - kKernelSlack, &bytes);
    }
    if (side.coder != Coder::kCm) AppendContexts(side, &bytes);
    if (side.coder == Coder::kTiered) AppendTierSets(side, &bytes);
    if (side.coder == Coder::kRans) AppendWeights(side, &bytes);
  }
  ByteWriter out(body);
  out.WriteVarint(bytes.size());
  out.WriteBytes(bytes);
}

Result<DeltaSide> ParseDeltaSide(ByteReader* reader, const Geometry& geometry,
                                 uint64_t first, uint64_t elements) {
  const std::optional<DifferenceFormat> format =
      DifferenceFormatOf(geometry.dtype);
  if (!format) return reader->Corrupt("delta side for a packed dtype");
  INGOT_ASSIGN(const uint64_t length, reader->ReadVarint());
  INGOT_ASSIGN(ByteReader inner, reader->ReadPart(length));
  DeltaSide side;
  INGOT_TRY(ParseReferences(&inner, elements, &side));
  INGOT_ASSIGN(const uint8_t coder, inner.ReadU8());
  side.coder = static_cast<Coder>(coder);
  if (side.coder == Coder::kStore) {
    INGOT_TRY(inner.ExpectDone());
    return side;
  }
  if (side.coder != Coder::kTiered && side.coder != Coder::kRans &&
      side.coder != Coder::kCm) {
    return Unsupported("differences of coder " + std::to_string(coder) +
                       " need a newer reader");
  }
  INGOT_ASSIGN(const uint8_t flags, inner.ReadU8());
  if ((flags & ~kHasRowShifts) != 0) {
    return inner.Corrupt("delta flags: unknown bits");
  }
  INGOT_ASSIGN(side.origin, inner.ReadU8());
  if (flags & kHasRowShifts) {
    INGOT_ASSIGN(side.row_shifts,
                 ParseScaleVector(&inner,
                                  RowsInGroup(geometry, first, elements)));
  }
  if (side.coder != Coder::kCm) INGOT_TRY(ParseContexts(&inner, *format, &side));
  if (side.coder == Coder::kTiered) INGOT_TRY(ParseTierSets(&inner, &side));
  if (side.coder == Coder::kRans) INGOT_TRY(ParseWeights(&inner, &side));
  INGOT_TRY(inner.ExpectDone());
  return side;
}

}  // namespace ingot
