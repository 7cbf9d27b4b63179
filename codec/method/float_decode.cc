#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "codec/method/float_method.h"
#include "codec/planes/bit_stream.h"

namespace ingot {
namespace {

// One sub-block of a tiered exponent plane, located and checked.
struct LocatedSubBlock {
  const uint8_t* codes;
  const uint8_t* segment;
  uint32_t escapes;
  uint32_t segment_bytes;
};

// Walks the sub-blocks of a tiered exponent plane.
class TieredPlane {
 public:
  static Result<TieredPlane> Open(const TierCode& code,
                                  const PlaneHeader& header,
                                  const uint8_t* plane, uint32_t elements) {
    TieredPlane tiered(code, header, plane);
    const size_t sub_blocks = DivideRoundingUp(elements, kSubBlockElements);
    const unsigned width =
        header.table.escape_bits + header.table.segment_bits;
    const size_t table_bytes = (sub_blocks * width + 7) / 8;
    const size_t code_bytes = PlaneBytes(elements, code.widths[0]);
    if (code_bytes + table_bytes > header.length) {
      return Corruption("tiered plane of " + std::to_string(header.length) +
                        " bytes: too short for " + std::to_string(elements) +
                        " elements");
    }
    tiered.table_ = plane + header.length - table_bytes;
    tiered.segment_ = plane + code_bytes;
    uint64_t segments = 0;
    for (size_t i = 0; i < sub_blocks; ++i) {
      segments += tiered.Entry(i).second;
    }
    if (code_bytes + segments + table_bytes != header.length) {
      return Corruption("tiered plane of " + std::to_string(header.length) +
                        " bytes: segments of " + std::to_string(segments) +
                        " do not fill it");
    }
    return tiered;
  }

  // REQUIRES: called for 0, 1, 2, ... in order.
  LocatedSubBlock Next() {
    const auto [escapes, bytes] = Entry(next_);
    LocatedSubBlock located{
        plane_ + next_ * kSubBlockElements * code_.widths[0] / 8, segment_,
        escapes, bytes};
    segment_ += bytes;
    ++next_;
    return located;
  }

 private:
  TieredPlane(const TierCode& code, const PlaneHeader& header,
              const uint8_t* plane)
      : code_(code), parameters_(header.table), plane_(plane) {}

  // Escapes and segment bytes of a sub-block.
  std::pair<uint32_t, uint32_t> Entry(size_t index) const {
    const unsigned escape_bits = parameters_.escape_bits;
    const unsigned width = escape_bits + parameters_.segment_bits;
    const uint64_t field = width == 0 ? 0 : GetField(table_, index, width);
    const auto escapes =
        static_cast<uint32_t>(field & ((1u << escape_bits) - 1));
    const auto bytes = static_cast<uint32_t>(field >> escape_bits);
    return {parameters_.min_escapes + escapes,
            parameters_.min_segment_bytes + bytes};
  }

  const TierCode& code_;
  const SubBlockTable& parameters_;
  const uint8_t* plane_;
  const uint8_t* table_ = nullptr;
  const uint8_t* segment_ = nullptr;
  size_t next_ = 0;
};

Status CheckExceptions(const SubBlockDecode& in, unsigned exponent_bits) {
  uint32_t next_position = 0;
  for (uint32_t i = 0; i < in.exception_count; ++i) {
    uint32_t entry = 0;
    std::memcpy(&entry, in.exceptions + i * kExceptionBytes, kExceptionBytes);
    const uint32_t position = entry & (kSubBlockElements - 1);
    if (position < next_position || position >= in.elements ||
        entry >> kExceptionPositionBits >> exponent_bits != 0) {
      return Corruption("tiered plane: exception " + std::to_string(i) +
                        " out of order or out of range");
    }
    next_position = position + 1;
  }
  return {};
}

// Fills in tiers and exceptions of `*in` from a located sub-block.
Status OpenSegment(const TierCode& code, const LocatedSubBlock& located,
                   unsigned exponent_bits, SubBlockDecode* in) {
  in->codes = located.codes;
  in->segment = located.segment;
  if (!LocateTiers(code, in->elements, located.escapes, located.segment,
                   located.segment_bytes, &in->extents)) {
    return Corruption("tiered plane: tiers do not fit a segment of " +
                      std::to_string(located.segment_bytes) + " bytes");
  }
  const uint32_t rest = located.segment_bytes - in->extents.bytes;
  if (rest % kExceptionBytes != 0) {
    return Corruption("tiered plane: exceptions do not fill their segment");
  }
  in->exceptions = located.segment + in->extents.bytes;
  in->exception_count = rest / kExceptionBytes;
  return CheckExceptions(*in, exponent_bits);
}

// The part of `ahead` that falls to elements [first, first + count) of
// `elements`.
std::span<const uint8_t> ShareOf(ByteSpan ahead, uint64_t first,
                                 uint64_t count, uint64_t elements) {
  const uint64_t begin = ahead.size() * first / elements;
  const uint64_t end = ahead.size() * (first + count) / elements;
  return {AsU8(ahead.data()) + begin, end - begin};
}

// A plane as kernels read it: in place, or decoded into `*scratch`.
Result<const uint8_t*> MaterialisePlane(const PlaneHeader& header,
                                        const std::byte* encoded,
                                        size_t raw_bytes,
                                        AlignedBuffer* scratch) {
  const ByteSpan bytes(encoded, header.length);
  if (header.coder == Coder::kStore) {
    if (header.length != raw_bytes) {
      return Corruption("plane of " + std::to_string(header.length) +
                        " bytes, expected " + std::to_string(raw_bytes));
    }
    return AsU8(encoded);
  }
  INGOT_TRY(scratch->Resize(raw_bytes + kKernelSlack));
  INGOT_TRY(
      DecodeBytes(header.coder, bytes, scratch->span().first(raw_bytes)));
  return AsU8(scratch->data());
}

}  // namespace

Status DecodeFloatBlock(const Kernels& kernels, const GroupSide& side,
                        const Geometry& geometry,
                        const BlockPosition& position,
                        const BlockHeader& header, const std::byte* payload,
                        uint64_t begin, uint64_t end,
                        FloatDecodeScratch* scratch, MutableByteSpan out,
                        bool stream, ByteSpan ahead) {
  const FloatLayout layout = *FloatLayoutOf(geometry.dtype);
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  const FloatKernels& float_kernels =
      kernels.floats[static_cast<size_t>(layout)];
  const uint32_t elements = header.elements;

  SubBlockDecode in{};
  std::array<const uint8_t*, kMaxRemainderPlanes> planes{};
  for (unsigned plane = 0; plane < info.plane_count; ++plane) {
    INGOT_ASSIGN(planes[plane],
                 MaterialisePlane(header.planes[1 + plane],
                                  payload + header.PlaneOffset(1 + plane),
                                  PlaneBytes(elements, info.plane_bits[plane]),
                                  &scratch->planes[plane]));
  }
  const PlaneHeader& exponents = header.planes[0];
  const bool tiered = exponents.coder == Coder::kTiered;
  if (tiered && !side.tiered) {
    return Corruption("tiered block in a group without tiers");
  }
  const uint8_t* symbols = nullptr;
  if (!tiered) {
    INGOT_ASSIGN(symbols, MaterialisePlane(exponents, payload,
                                           PlaneBytes(elements, 8),
                                           &scratch->symbols));
  }
  std::optional<TieredPlane> tiers;
  if (tiered) {
    INGOT_ASSIGN(TieredPlane plane, TieredPlane::Open(side.code, exponents,
                                                      AsU8(payload), elements));
    tiers.emplace(plane);
  }

  const size_t bytes = info.element_bytes;
  const StreamFence fence;
  stream = stream && reinterpret_cast<uintptr_t>(out.data()) %
                             kPayloadAlignment == 0;
  for (uint64_t first = 0; first < end; first += kSubBlockElements) {
    const uint32_t count = static_cast<uint32_t>(
        std::min<uint64_t>(kSubBlockElements, elements - first));
    LocatedSubBlock located{};
    if (tiered) located = tiers->Next();
    if (first + count <= begin) continue;
    for (unsigned plane = 0; plane < info.plane_count; ++plane) {
      in.planes[plane] = planes[plane] + first * info.plane_bits[plane] / 8;
    }
    // Whole sub-blocks go straight to the output, others by way of scratch.
    const bool whole = first >= begin && first + count <= end;
    uint8_t* target;
    if (whole) {
      target = AsU8(out.data()) + (first - begin) * bytes;
    } else {
      INGOT_TRY(scratch->elements.Resize(kSubBlockElements * bytes));
      target = AsU8(scratch->elements.data());
    }
    if (tiered) {
      in.elements = count;
      in.ahead = ShareOf(ahead, first, count, elements);
      in.runs = scratch->runs.Build(side, geometry, position.group_first,
                                    position.first + first, count);
      INGOT_TRY(OpenSegment(side.code, located, info.exponent_bits, &in));
      const bool aligned =
          reinterpret_cast<uintptr_t>(target) % kPayloadAlignment == 0;
      if (!float_kernels.decode(side.code, in, target,
                                stream && whole && aligned)) {
        return Corruption("tiered plane: tier 1 has other escapes than the "
                          "sub-block table says");
      }
    } else {
      float_kernels.join(symbols + first, in.planes, count, target);
    }
    if (!whole) {
      const uint64_t from = std::max(first, begin);
      const uint64_t to = std::min(first + count, end);
      std::memcpy(out.data() + (from - begin) * bytes,
                  target + (from - first) * bytes, (to - from) * bytes);
    }
  }
  return {};
}

}  // namespace ingot
