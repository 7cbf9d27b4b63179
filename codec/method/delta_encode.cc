#include <algorithm>
#include <bit>
#include <cstring>

#include "codec/entropy/cm/difference_coder.h"
#include "codec/method/delta_method.h"
#include "codec/method/delta_planner.h"
#include "codec/planes/bit_stream.h"

namespace ingot {
namespace {

// Blocks in which fewer elements change than one of so many are tried as
// touched ones; of the rarer ones nothing else is tried at levels that are to
// decode fast.
constexpr size_t kTouchedShare = 8;
constexpr size_t kRareShare = 32;
constexpr int kLastFastLevel = 4;

// Streams of few words cannot afford many states.
unsigned LaneBitsFor(size_t elements, size_t stream_bytes_guess) {
  unsigned bits = kMaxContextLaneBits;
  while (bits > kMinContextLaneBits &&
         (stream_bytes_guess < (size_t{64} << bits) ||
          elements < (size_t{64} << bits))) {
    --bits;
  }
  return bits;
}

class DeltaBlockEncoder {
 public:
  DeltaBlockEncoder(const GroupPlan& plan, const GroupData& group,
                    uint64_t index, DeltaEncodeScratch* scratch)
      : plan_(*plan.delta),
        side_(*plan.delta->side),
        kernels_(*plan.kernels),
        geometry_(group.geometry),
        format_(*DifferenceFormatOf(group.geometry.dtype)),
        position_{group.first, group.first + group.BlockBegin(index), nullptr},
        raw_(group.BlockRaw(index)),
        base_(group.BlockBase(index)),
        elements_(raw_.size() / format_.bytes),
        scratch_(scratch) {
    unsigned widths = 0;
    for (unsigned k = 0; k < side_.contexts; ++k) {
      widths |= side_.low_bits[k];
      for (unsigned symbol = 0; symbol < kMaxContextSymbols; ++symbol) {
        codable_[k][symbol] =
            side_.coder == Coder::kTiered
                ? symbol < plan_.set_symbols[side_.set_of_context[k]]
                : side_.coder == Coder::kRans &&
                      plan_.rans.contexts[k][symbol].frequency != 0;
      }
    }
    // The largest field first.
    for (unsigned plane = kLowPlanes; plane-- > 0;) {
      if ((widths >> plane & 1) != 0) planes_[plane_count_++] = plane;
    }
  }

  // Fills scratch->plane and the plane's header; false beyond `limit` bytes.
  bool Encode(size_t limit, PlaneHeader* header);

 private:
  // Contexts of all elements.
  void Classify(const ContextTables& tables);
  // Symbols and low bits of a sub-block; exceptions go to *exceptions.
  template <typename Kind, typename Word>
  void Split(uint64_t first, uint32_t count,
             std::vector<std::byte>* exceptions);
  void AppendSets(uint64_t first, uint32_t count, std::vector<std::byte>* out);
  void AppendLows(std::vector<std::byte>* out);

  const DeltaPlan& plan_;
  const DeltaSide& side_;
  const Kernels& kernels_;
  const Geometry& geometry_;
  const DifferenceFormat format_;
  const BlockPosition position_;
  const ByteSpan raw_;
  const ByteSpan base_;
  const size_t elements_;
  DeltaEncodeScratch* const scratch_;
  // kNoSymbol is never codable.
  std::array<std::array<bool, kNoSymbol + 1>, kMaxContexts> codable_{};
  // The planes of low bits that some context uses, in coding order.
  std::array<unsigned, kLowPlanes> planes_{};
  unsigned plane_count_ = 0;
  std::array<size_t, kLowPlanes> low_bytes_{};  // in scratch_->lows
};

void DeltaBlockEncoder::Classify(const ContextTables& tables) {
  scratch_->contexts.resize(elements_ + kKernelSlack);
  for (uint64_t first = 0; first < elements_; first += kSubBlockElements) {
    const auto count = static_cast<uint32_t>(
        std::min<uint64_t>(kSubBlockElements, elements_ - first));
    ClassifyBlock(kernels_, side_, geometry_, position_,
                  AsU8(base_.data()) + first * format_.bytes, first, count,
                  tables, scratch_->contexts.data() + first);
  }
}

template <typename Kind, typename Word>
void DeltaBlockEncoder::Split(uint64_t first, uint32_t count,
                              std::vector<std::byte>* exceptions) {
  const std::byte* const base = base_.data() + first * sizeof(Word);
  const std::byte* const raw = raw_.data() + first * sizeof(Word);
  const uint8_t* const contexts = scratch_->contexts.data() + first;
  uint8_t* const symbols = scratch_->symbols.data() + first;
  std::array<uint8_t*, kLowPlanes> fields;
  for (unsigned plane = 0; plane < kLowPlanes; ++plane) {
    fields[plane] = scratch_->lows[plane].data();
  }
  for (uint32_t i = 0; i < count; ++i) {
    const unsigned context = contexts[i];
    const Word z = Difference<Kind::value>(
        LoadLittleEndian<Word>(base + i * sizeof(Word)),
        LoadLittleEndian<Word>(raw + i * sizeof(Word)));
    const unsigned width = side_.low_bits[context];
    const unsigned symbol = SymbolOfDifference<Word>(z, width);
    uint64_t low = z & ((uint64_t{1} << width) - 1);
    if (codable_[context][symbol]) {
      symbols[i] = static_cast<uint8_t>(symbol);
    } else {
      const size_t at = exceptions->size();
      exceptions->resize(at + sizeof(uint16_t) + sizeof(Word));
      StoreLittleEndian(exceptions->data() + at, static_cast<uint16_t>(i));
      std::memcpy(exceptions->data() + at + sizeof(uint16_t),
                  raw + i * sizeof(Word), sizeof(Word));
      symbols[i] = 0;
      low = 0;
    }
    // Contexts change from element to element: no branch would be foreseen.
    for (unsigned k = 0; k < plane_count_; ++k) {
      const unsigned plane = planes_[k];
      const unsigned used = width >> plane & 1;
      const unsigned bits = used << plane;
      const auto field =
          static_cast<uint32_t>(low & ((uint64_t{1} << bits) - 1));
      low >>= bits;
      std::memcpy(fields[plane], &field, sizeof(field));
      fields[plane] += plane < 3 ? used : bits / 8;
    }
  }
  for (unsigned plane = 0; plane < kLowPlanes; ++plane) {
    low_bytes_[plane] =
        static_cast<size_t>(fields[plane] - scratch_->lows[plane].data());
  }
}

void DeltaBlockEncoder::AppendSets(uint64_t first, uint32_t count,
                                   std::vector<std::byte>* out) {
  // To the ends of all sets, of which one moves on: the next element's set
  // would not be foreseen.
  static_assert(kMaxSets == 3);
  uint8_t* end0 = scratch_->sets[0].data();
  uint8_t* end1 = scratch_->sets[1].data();
  uint8_t* end2 = scratch_->sets[2].data();
  for (uint64_t i = first; i < first + count; ++i) {
    const unsigned set = side_.set_of_context[scratch_->contexts[i]];
    *end0 = *end1 = *end2 = scratch_->symbols[i];
    end0 += set == 0;
    end1 += set == 1;
    end2 += set == 2;
  }
  const std::array<uint8_t*, kMaxSets> ends = {end0, end1, end2};
  for (unsigned s = 0; s < side_.sets; ++s) {
    uint8_t* const values = scratch_->sets[s].data();
    const TierSet& set = side_.tiers[s];
    auto coded = static_cast<size_t>(ends[s] - values);
    if (set.grouped) {
      const size_t groups = (coded + 7) / 8;
      std::memset(ends[s], 0, groups * 8 - coded);
      const size_t map = out->size();
      out->resize(map + (groups + 7) / 8);
      coded = 0;
      for (size_t group = 0; group < groups; ++group) {
        if (LoadLittleEndian<uint64_t>(values + group * 8) == 0) continue;
        (*out)[map + group / 8] |= static_cast<std::byte>(1u << (group % 8));
        std::memmove(values + coded, values + group * 8, 8);
        coded += 8;
      }
    }
    const size_t at = out->size();
    out->resize(at + coded * kMaxTiers * kMaxTierWidth / 8 + kMaxTiers +
                kKernelSlack);
    const uint32_t bytes = kernels_.symbols.encode_tiers(
        set.code, static_cast<uint32_t>(coded), values,
        AsU8(out->data() + at));
    out->resize(at + bytes);
  }
}

void DeltaBlockEncoder::AppendLows(std::vector<std::byte>* out) {
  for (unsigned plane = 0; plane < kLowPlanes; ++plane) {
    const uint8_t* const fields = scratch_->lows[plane].data();
    const size_t size = low_bytes_[plane];
    const size_t at = out->size();
    if (plane >= 3) {
      out->resize(at + size);
      std::copy_n(fields, size, AsU8(out->data() + at));
      continue;
    }
    const unsigned width = 1u << plane;
    out->resize(at + (size * width + 7) / 8);
    uint8_t* const packed = AsU8(out->data() + at);
    for (size_t i = 0; i < size; ++i) {
      packed[i * width / 8] |=
          static_cast<uint8_t>(fields[i] << (i * width % 8));
    }
  }
}

bool DeltaBlockEncoder::Encode(size_t limit, PlaneHeader* header) {
  *header = {};
  header->coder = side_.coder;
  std::vector<std::byte>& plane = scratch_->plane;
  plane.clear();
  if (side_.coder == Coder::kCm) {
    Classify(PlainClasses());
    scratch_->differences.resize(elements_);
    WithElements(format_, [&]<typename Kind, typename Word>(Kind, Word) {
      for (size_t i = 0; i < elements_; ++i) {
        scratch_->differences[i] = Difference<Kind::value>(
            LoadLittleEndian<Word>(base_.data() + i * sizeof(Word)),
            LoadLittleEndian<Word>(raw_.data() + i * sizeof(Word)));
      }
    });
    EncodeDifferences(format_.bits(),
                      std::span(scratch_->contexts).first(elements_),
                      scratch_->differences, &plane);
    header->length = static_cast<uint32_t>(plane.size());
    return plane.size() < limit;
  }
  Classify({side_.context_of_class.data(), PlainClasses().summary});
  scratch_->symbols.resize(elements_ + kKernelSlack);
  for (auto& set : scratch_->sets) {
    set.resize(kSubBlockElements + kKernelSlack);
  }
  for (auto& low : scratch_->lows) {
    low.resize(kSubBlockElements * sizeof(uint32_t) + kKernelSlack);
  }
  const bool tiered = side_.coder == Coder::kTiered;
  std::vector<std::byte> segments;
  std::vector<size_t> sizes;
  std::vector<std::byte> exceptions;
  for (uint64_t first = 0; first < elements_; first += kSubBlockElements) {
    const auto count = static_cast<uint32_t>(
        std::min<uint64_t>(kSubBlockElements, elements_ - first));
    const size_t begin = segments.size();
    exceptions.clear();
    WithElements(format_, [&]<typename Kind, typename Word>(Kind, Word) {
      Split<Kind, Word>(first, count, &exceptions);
    });
    if (tiered) AppendSets(first, count, &segments);
    AppendLows(&segments);
    segments.insert(segments.end(), exceptions.begin(), exceptions.end());
    sizes.push_back(segments.size() - begin);
    if (segments.size() >= limit) return false;
  }
  if (!tiered) {
    // What the words will take is not known before the lanes are.
    header->lane_bits = static_cast<uint8_t>(LaneBitsFor(
        elements_, elements_ / 16));
    EncodeContextRans(plan_.rans, header->lane_bits,
                      std::span(scratch_->contexts).first(elements_),
                      std::span(scratch_->symbols).first(elements_), &plane);
    const size_t states = sizeof(uint32_t) << header->lane_bits;
    const unsigned lane_bits = LaneBitsFor(elements_, plane.size() - states);
    if (lane_bits != header->lane_bits) {
      header->lane_bits = static_cast<uint8_t>(lane_bits);
      plane.clear();
      EncodeContextRans(plan_.rans, lane_bits,
                        std::span(scratch_->contexts).first(elements_),
                        std::span(scratch_->symbols).first(elements_), &plane);
    }
  }
  plane.insert(plane.end(), segments.begin(), segments.end());
  const auto [low, high] = std::ranges::minmax(sizes);
  SubBlockTable& table = header->table;
  table.min_segment_bytes = static_cast<uint32_t>(low);
  table.segment_bits = static_cast<uint8_t>(std::bit_width(high - low));
  const size_t table_bytes = (sizes.size() * table.segment_bits + 7) / 8;
  const size_t at = plane.size();
  plane.resize(at + table_bytes + sizeof(uint64_t));
  for (size_t i = 0; i < sizes.size() && table.segment_bits > 0; ++i) {
    PutField(AsU8(plane.data() + at), i, table.segment_bits, sizes[i] - low);
  }
  plane.resize(at + table_bytes);
  header->length = static_cast<uint32_t>(plane.size());
  return plane.size() < limit;
}

size_t CountChanged(const DifferenceFormat& format, ByteSpan base,
                    ByteSpan raw) {
  return WithElements(format, [&]<typename Kind, typename Word>(Kind, Word) {
    size_t changed = 0;
    for (size_t at = 0; at < raw.size(); at += sizeof(Word)) {
      changed += LoadLittleEndian<Word>(base.data() + at) !=
                 LoadLittleEndian<Word>(raw.data() + at);
    }
    return changed;
  });
}

}  // namespace

Result<bool> EncodeDeltaBlock(const GroupPlan& plan, const GroupData& group,
                              uint64_t index, size_t limit,
                              DeltaEncodeScratch* scratch,
                              EncodedBlock* block) {
  const ByteSpan raw = group.BlockRaw(index);
  const ByteSpan base = group.BlockBase(index);
  const DifferenceFormat format = *DifferenceFormatOf(group.geometry.dtype);
  const size_t changed = CountChanged(format, base, raw);
  if (changed == 0) {
    block->UsePlanes(Method::kCopy, {}, {}, 0, SIZE_MAX);
    block->header.predictor = kBasePredictor;
    return true;
  }
  const size_t elements = raw.size() / format.bytes;
  bool done = false;
  if (changed < elements / kTouchedShare) {
    done = EncodeTouchedBlock(plan.level, format, base, raw, limit, scratch,
                              block);
    if (done && changed < elements / kRareShare &&
        plan.level <= kLastFastLevel) {
      return true;
    }
  }
  if (plan.delta->side->coder == Coder::kStore) return done;
  if (done) limit = block->header.payload_length;
  DeltaBlockEncoder encoder(plan, group, index, scratch);
  std::array<PlaneHeader, kMaxPlanes> planes{};
  if (encoder.Encode(limit, &planes[0]) &&
      block->UsePlanes(Method::kDelta, scratch->plane, planes, 1, limit) <
          limit) {
    block->header.predictor = kBasePredictor;
    done = true;
  }
  return done;
}

}  // namespace ingot
