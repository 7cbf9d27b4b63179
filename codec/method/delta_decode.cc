#include <algorithm>
#include <cstring>
#include <string>

#include "codec/base/stream_copy.h"
#include "codec/entropy/cm/difference_coder.h"
#include "codec/method/delta_method.h"
#include "codec/planes/bit_stream.h"

namespace ingot {
namespace {

constexpr size_t kPositionBytes = sizeof(uint16_t);

// The part of a segment that has not been read.
struct SegmentRest {
  const uint8_t* at;
  size_t bytes;

  bool Skip(size_t count) {
    if (count > bytes) return false;
    at += count;
    bytes -= count;
    return true;
  }
};

// Bits of a context's summary: its low bits, then its set.
constexpr unsigned kInSet1 = 1u << kLowPlanes;
constexpr unsigned kInSet2 = 2u << kLowPlanes;
static_assert((kMaxLowBits >> kLowPlanes) == 0);

// A block of method delta, sub-block by sub-block.
class DeltaBlock {
 public:
  DeltaBlock(const Kernels& kernels, const DeltaSide& side,
             const Geometry& geometry, const BlockPosition& position,
             const BlockHeader& header, const std::byte* payload,
             DeltaDecodeScratch* scratch)
      : kernels_(kernels),
        side_(side),
        geometry_(geometry),
        position_(position),
        header_(header),
        format_(*DifferenceFormatOf(geometry.dtype)),
        plane_(AsU8(payload)),
        length_(header.planes[0].length),
        base_(AsU8(position.base)),
        scratch_(scratch) {
    for (unsigned k = 0; k < side.contexts; ++k) {
      const unsigned set = side.set_of_context[k];
      summary_[k] = static_cast<uint8_t>(side.low_bits[k] |
                                         (set == 1   ? kInSet1
                                          : set == 2 ? kInSet2
                                                     : 0));
    }
  }

  Status Open();
  // Sub-blocks in order: those before `begin` are passed over.
  Status Decode(uint64_t begin, uint64_t end, MutableByteSpan out,
                bool stream);

 private:
  const SubBlockTable& table() const { return header_.planes[0].table; }
  Error Corrupt(const std::string& what) const {
    return Corruption("delta plane of " + std::to_string(length_) +
                      " bytes: " + what);
  }
  uint32_t SegmentBytes(uint64_t index) const {
    return table().min_segment_bytes +
           static_cast<uint32_t>(GetBits(table_bits_,
                                         index * table().segment_bits,
                                         table().segment_bits));
  }
  // Fills scratch->symbols with those of a sub-block.
  Status DecodeSets(const ContextCounts& counts, uint32_t elements,
                    SegmentRest* rest);
  Status DecodeSet(const TierSet& set, uint32_t count, SegmentRest* rest,
                   uint8_t* values);
  Status DecodeRans(uint32_t elements);
  Status Apply(uint64_t first, uint32_t elements, const ContextCounts& counts,
               SegmentRest rest, uint8_t* out, bool stream);

  const Kernels& kernels_;
  const DeltaSide& side_;
  const Geometry& geometry_;
  const BlockPosition& position_;
  const BlockHeader& header_;
  const DifferenceFormat format_;
  const uint8_t* const plane_;
  const size_t length_;
  const uint8_t* const base_;
  DeltaDecodeScratch* const scratch_;
  alignas(64) std::array<uint8_t, 64> summary_{};
  const uint8_t* segment_ = nullptr;  // of the next sub-block
  const uint8_t* table_bits_ = nullptr;
  RansCursor cursor_{};
};

Status DeltaBlock::Open() {
  const uint64_t sub_blocks =
      DivideRoundingUp(header_.elements, kSubBlockElements);
  const size_t table_bytes = (sub_blocks * table().segment_bits + 7) / 8;
  size_t states = 0;
  if (side_.coder == Coder::kRans) {
    states = sizeof(uint32_t) << header_.planes[0].lane_bits;
  }
  if (table_bytes + states > length_) return Corrupt("too short for its parts");
  table_bits_ = plane_ + length_ - table_bytes;
  uint64_t segments = 0;
  for (uint64_t i = 0; i < sub_blocks; ++i) segments += SegmentBytes(i);
  const uint64_t known = states + segments + table_bytes;
  if (known > length_ || (side_.coder == Coder::kTiered && known != length_) ||
      (length_ - known) % sizeof(uint16_t) != 0) {
    return Corrupt("segments of " + std::to_string(segments) +
                   " bytes do not fit");
  }
  segment_ = table_bits_ - segments;
  if (side_.coder == Coder::kRans) {
    cursor_.states.fill(kRansLow);
    std::memcpy(cursor_.states.data(), plane_, states);
    cursor_.words = plane_ + states;
    cursor_.end = segment_;
  }
  return {};
}

Status DeltaBlock::DecodeSet(const TierSet& set, uint32_t count,
                             SegmentRest* rest, uint8_t* values) {
  const uint8_t* groups = nullptr;
  uint32_t coded = count;
  if (set.grouped) {
    const uint32_t group_count = (count + 7) / 8;
    groups = rest->at;
    if (!rest->Skip((group_count + 7) / 8)) {
      return Corrupt("a set's groups leave their segment");
    }
    coded = 8 * CountEscapes(groups, group_count, 1);
  }
  TierExtents extents;
  if (!LocateAllTiers(set.code, coded, rest->at, rest->bytes, &extents)) {
    return Corrupt("a set's tiers leave their segment");
  }
  uint8_t* const out = set.grouped ? scratch_->packed.data() : values;
  kernels_.symbols.decode_tiers(set.code, rest->at, extents, out);
  rest->Skip(extents.bytes);
  if (set.grouped) kernels_.symbols.spread(groups, (count + 7) / 8, out, values);
  return {};
}

Status DeltaBlock::DecodeSets(const ContextCounts& counts, uint32_t elements,
                              SegmentRest* rest) {
  const uint32_t set1 = counts.bits[kLowPlanes];
  const uint32_t set2 = counts.bits[kLowPlanes + 1];
  const std::array<uint32_t, kMaxSets> sizes = {elements - set1 - set2, set1,
                                                set2};
  std::array<const uint8_t*, kMaxSets> values;
  for (unsigned set = 0; set < kMaxSets; ++set) {
    values[set] = scratch_->sets[set].data();
    if (set >= side_.sets) continue;
    INGOT_TRY(DecodeSet(side_.tiers[set], sizes[set], rest,
                        scratch_->sets[set].data()));
  }
  kernels_.symbols.merge(scratch_->contexts.data(), elements,
                         side_.set_of_context.data(), values,
                         scratch_->symbols.data());
  return {};
}

Status DeltaBlock::DecodeRans(uint32_t elements) {
  const unsigned lane_bits = header_.planes[0].lane_bits;
  const uint8_t* const contexts = scratch_->contexts.data();
  uint8_t* const out = scratch_->symbols.data();
  const bool ok =
      lane_bits == kMaxContextLaneBits
          ? kernels_.symbols.decode_context_rans(*side_.rans, contexts,
                                                 elements, &cursor_, out)
          : DecodeContextRansBySymbol(*side_.rans, lane_bits, contexts,
                                      elements, &cursor_, out);
  if (!ok) return Corrupt("its words run out");
  return {};
}

Status DeltaBlock::Apply(uint64_t first, uint32_t elements,
                         const ContextCounts& counts, SegmentRest rest,
                         uint8_t* out, bool stream) {
  const size_t bytes = format_.bytes;
  DeltaDecode in{.elements = elements,
                 .base = base_ + first * bytes,
                 .contexts = scratch_->contexts.data(),
                 .symbols = scratch_->symbols.data(),
                 .low_bits = side_.low_bits.data(),
                 .lows = {},
                 .low_planes = 0,
                 .exceptions = nullptr,
                 .exception_count = 0};
  for (unsigned plane = 0; plane < kLowPlanes; ++plane) {
    const uint8_t* const fields = rest.at;
    const uint32_t count = counts.bits[plane];
    if (!rest.Skip(((size_t{count} << plane) + 7) / 8)) {
      return Corrupt("low bits leave their segment");
    }
    in.lows[plane] = fields;
    if (count != 0) in.low_planes |= static_cast<uint8_t>(1u << plane);
    if (plane < 3) {
      in.lows[plane] = scratch_->lows[plane].data();
      if (count == 0) continue;
      kernels_.symbols.unpack(fields, count, 1u << plane,
                              scratch_->lows[plane].data());
    }
  }
  const size_t entry = kPositionBytes + bytes;
  if (rest.bytes % entry != 0) {
    return Corrupt("exceptions do not fill their segment");
  }
  in.exceptions = rest.at;
  in.exception_count = static_cast<uint32_t>(rest.bytes / entry);
  uint32_t next = 0;
  for (; rest.bytes > 0; rest.Skip(entry)) {
    const uint32_t at = LoadLittleEndian<uint16_t>(rest.at);
    if (at < next || at >= elements) {
      return Corrupt("an exception is out of order or out of range");
    }
    next = at + 1;
  }
  kernels_.delta(format_).apply(in, out, stream);
  return {};
}

Status DeltaBlock::Decode(uint64_t begin, uint64_t end, MutableByteSpan out,
                          bool stream) {
  const size_t bytes = format_.bytes;
  const bool rans = side_.coder == Coder::kRans;
  for (uint64_t first = 0; first < end; first += kSubBlockElements) {
    const auto elements = static_cast<uint32_t>(
        std::min<uint64_t>(kSubBlockElements, header_.elements - first));
    const uint64_t next = first + elements;
    SegmentRest rest{segment_, SegmentBytes(first / kSubBlockElements)};
    segment_ += rest.bytes;
    if (next <= begin && !rans) continue;
    uint8_t* const contexts = scratch_->contexts.data();
    const ContextCounts counts = ClassifyBlock(
        kernels_, side_, geometry_, position_, base_ + first * bytes, first,
        elements, {side_.context_of_class.data(), summary_.data()}, contexts);
    if (rans) INGOT_TRY(DecodeRans(elements));
    if (next == header_.elements && rans && !cursor_.AtEnd()) {
      return Corrupt("words or states are left at its end");
    }
    if (next <= begin) continue;
    if (!rans) INGOT_TRY(DecodeSets(counts, elements, &rest));
    if (first >= begin && next <= end) {
      uint8_t* const to = AsU8(out.data()) + (first - begin) * bytes;
      const bool aligned = reinterpret_cast<uintptr_t>(to) % 64 == 0;
      INGOT_TRY(Apply(first, elements, counts, rest, to, stream && aligned));
      continue;
    }
    AlignedBuffer& whole = scratch_->elements;
    INGOT_TRY(whole.Resize(kSubBlockElements * bytes));
    INGOT_TRY(Apply(first, elements, counts, rest, AsU8(whole.data()), false));
    const uint64_t from = std::max(first, begin);
    const uint64_t to = std::min(next, end);
    std::memcpy(out.data() + (from - begin) * bytes,
                whole.data() + (from - first) * bytes, (to - from) * bytes);
  }
  return {};
}

// Coder cm: the whole block, from its begin.
Status DecodeModelledDelta(const Kernels& kernels, const DeltaSide& side,
                           const Geometry& geometry,
                           const BlockPosition& position,
                           const BlockHeader& header, const std::byte* payload,
                           uint64_t begin, uint64_t end,
                           DeltaDecodeScratch* scratch, MutableByteSpan out) {
  const DifferenceFormat format = *DifferenceFormatOf(geometry.dtype);
  std::vector<uint8_t> classes(header.elements + kKernelSlack);
  for (uint64_t first = 0; first < header.elements;
       first += kSubBlockElements) {
    const auto count = static_cast<uint32_t>(
        std::min<uint64_t>(kSubBlockElements, header.elements - first));
    ClassifyBlock(kernels, side, geometry, position,
                  AsU8(position.base) + first * format.bytes, first, count,
                  PlainClasses(), classes.data() + first);
  }
  scratch->differences.resize(header.elements);
  if (!DecodeDifferences(
          format.bits(), std::span(classes).first(header.elements),
          ByteSpan(payload, header.planes[0].length), scratch->differences)) {
    return Corruption("delta plane of " +
                      std::to_string(header.planes[0].length) +
                      " bytes: cm streams do not end where they should");
  }
  WithElements(format, [&]<typename Kind, typename Word>(Kind, Word) {
    for (uint64_t i = begin; i < end; ++i) {
      const Word base = LoadLittleEndian<Word>(position.base + i * sizeof(Word));
      StoreLittleEndian(
          out.data() + (i - begin) * sizeof(Word),
          ApplyDifference<Kind::value>(
              base, static_cast<Word>(scratch->differences[i])));
    }
  });
  return {};
}

}  // namespace

const ContextTables& PlainClasses() {
  struct Tables {
    alignas(64) std::array<uint8_t, 64> classes;
    alignas(64) std::array<uint8_t, 64> nothing;
  };
  static constexpr Tables kTables = [] {
    Tables tables{};
    for (unsigned k = 0; k < kDeltaClasses; ++k) {
      tables.classes[k] = static_cast<uint8_t>(k);
    }
    return tables;
  }();
  static constexpr ContextTables kPlain = {kTables.classes.data(),
                                           kTables.nothing.data()};
  return kPlain;
}

ContextCounts ClassifyBlock(const Kernels& kernels, const DeltaSide& side,
                            const Geometry& geometry,
                            const BlockPosition& position, const uint8_t* base,
                            uint64_t first, uint32_t count,
                            const ContextTables& tables, uint8_t* contexts) {
  const DifferenceFormat format = *DifferenceFormatOf(geometry.dtype);
  const DeltaKernels& kernel = kernels.delta(format);
  ContextCounts counts;
  if (side.row_shifts.empty()) {
    kernel.classify(format, base, count, side.origin, 0, tables, contexts,
                    &counts);
    return counts;
  }
  const uint64_t place = position.first + first;
  uint64_t row = place / geometry.columns -
                 position.group_first / geometry.columns;
  uint64_t column = place % geometry.columns;
  for (uint32_t done = 0; done < count; ++row, column = 0) {
    const auto length = static_cast<uint32_t>(
        std::min<uint64_t>(count - done, geometry.columns - column));
    kernel.classify(format, base + size_t{done} * format.bytes, length,
                    side.origin, side.row_shifts[row], tables,
                    contexts + done, &counts);
    done += length;
  }
  return counts;
}

Status DecodeDeltaBlock(const Kernels& kernels, const DeltaSide& side,
                        const Geometry& geometry,
                        const BlockPosition& position,
                        const BlockHeader& header, const std::byte* payload,
                        uint64_t begin, uint64_t end,
                        DeltaDecodeScratch* scratch, MutableByteSpan out,
                        bool stream) {
  const size_t bytes = geometry.element_bytes();
  const StreamFence fence;
  if (header.method == Method::kCopy) {
    const std::byte* const from = position.base + begin * bytes;
    if (stream) {
      StreamCopy(out.data(), from, out.size());
    } else {
      std::memcpy(out.data(), from, out.size());
    }
    return {};
  }
  if (header.method == Method::kTouched) {
    return DecodeTouchedBlock(geometry, position, header, payload, begin, end,
                              scratch, out, stream);
  }
  if (header.planes[0].coder != side.coder) {
    return Corruption("delta block of coder " +
                      std::string(CoderName(header.planes[0].coder)) +
                      " in a group without it");
  }
  if (side.coder == Coder::kCm) {
    return DecodeModelledDelta(kernels, side, geometry, position, header,
                               payload, begin, end, scratch, out);
  }
  DeltaBlock block(kernels, side, geometry, position, header, payload, scratch);
  INGOT_TRY(block.Open());
  return block.Decode(begin, end, out, stream);
}

}  // namespace ingot
