#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "codec/base/stream_copy.h"
#include "codec/method/exponent_source.h"
#include "codec/method/float_method.h"
#include "codec/method/remainder_plane.h"
#include "codec/planes/bit_stream.h"

namespace ingot {
namespace {

class TieredExponents final : public ExponentSource {
 public:
  explicit TieredExponents(const ExponentPlane& plane)
      : plane_(plane), code_(plane.side.code) {}

  // Checks that the parts of the plane fill it.
  Status Open() {
    const SubBlockTable& table = plane_.header.table;
    const size_t sub_blocks =
        DivideRoundingUp(plane_.elements, kSubBlockElements);
    const unsigned width = table.escape_bits + table.segment_bits;
    const size_t table_bytes = (sub_blocks * width + 7) / 8;
    const size_t code_bytes = PlaneBytes(plane_.elements, code_.widths[0]);
    if (code_bytes + table_bytes > plane_.header.length) {
      return Corruption("tiered plane of " +
                        std::to_string(plane_.header.length) +
                        " bytes: too short for " +
                        std::to_string(plane_.elements) + " elements");
    }
    table_ = plane_.bytes + plane_.header.length - table_bytes;
    segment_ = plane_.bytes + code_bytes;
    uint64_t segments = 0;
    for (size_t i = 0; i < sub_blocks; ++i) segments += Find(i).bytes;
    if (code_bytes + segments + table_bytes != plane_.header.length) {
      return Corruption("tiered plane of " +
                        std::to_string(plane_.header.length) +
                        " bytes: segments of " + std::to_string(segments) +
                        " do not fill it");
    }
    return {};
  }

  Status Skip(uint32_t /*elements*/) override {
    segment_ += Find(next_++).bytes;
    return {};
  }

  Status Decode(const SubBlockTask& task) override {
    const Segment segment = Find(next_++);
    SubBlockDecode in{.elements = task.elements,
                      .runs = task.runs,
                      .planes = task.planes,
                      .codes = plane_.bytes + task.first * code_.widths[0] / 8,
                      .segment = segment_,
                      .extents = {},
                      .exceptions = nullptr,
                      .exception_count = 0,
                      .ahead = task.ahead};
    segment_ += segment.bytes;
    if (!LocateTiers(code_, in.elements, segment.escapes, in.segment,
                     segment.bytes, &in.extents)) {
      return Corruption("tiered plane: tiers do not fit a segment of " +
                        std::to_string(segment.bytes) + " bytes");
    }
    const uint32_t rest = segment.bytes - in.extents.bytes;
    if (rest % kExceptionBytes != 0) {
      return Corruption("tiered plane: exceptions do not fill their segment");
    }
    in.exceptions = in.segment + in.extents.bytes;
    in.exception_count = rest / kExceptionBytes;
    INGOT_TRY(CheckExceptions(in.exceptions, in.exception_count, in.elements,
                              GetFloatLayoutInfo(plane_.layout).exponent_bits));
    if (!plane_.float_kernels.decode(code_, in, task.out, task.stream)) {
      return Corruption("tiered plane: tier 1 has other escapes than the "
                        "sub-block table says");
    }
    return {};
  }

 private:
  struct Segment {
    uint32_t escapes;
    uint32_t bytes;
  };

  Segment Find(size_t index) const {
    const SubBlockTable& table = plane_.header.table;
    const unsigned width = table.escape_bits + table.segment_bits;
    const uint64_t field = width == 0 ? 0 : GetField(table_, index, width);
    const auto escapes =
        static_cast<uint32_t>(field & ((1u << table.escape_bits) - 1));
    const auto bytes = static_cast<uint32_t>(field >> table.escape_bits);
    return {table.min_escapes + escapes, table.min_segment_bytes + bytes};
  }

  const ExponentPlane plane_;
  const TierCode& code_;
  const uint8_t* table_ = nullptr;
  const uint8_t* segment_ = nullptr;  // of the next sub-block
  size_t next_ = 0;
};

// Exponents as bytes.
class PlainExponents final : public ExponentSource {
 public:
  PlainExponents(const FloatKernels& kernels, const uint8_t* symbols)
      : kernels_(kernels), symbols_(symbols) {}

  Status Skip(uint32_t /*elements*/) override { return {}; }
  Status Decode(const SubBlockTask& task) override {
    kernels_.join(symbols_ + task.first, task.planes, task.elements, task.out);
    return {};
  }

 private:
  const FloatKernels& kernels_;
  const uint8_t* const symbols_;
};

// The part of `ahead` that falls to elements [first, first + count) of
// `elements`.
std::span<const uint8_t> ShareOf(ByteSpan ahead, uint64_t first,
                                 uint64_t count, uint64_t elements) {
  const uint64_t begin = ahead.size() * first / elements;
  const uint64_t end = ahead.size() * (first + count) / elements;
  return {AsU8(ahead.data()) + begin, end - begin};
}

Result<std::unique_ptr<ExponentSource>> OpenExponents(
    const ExponentPlane& plane) {
  switch (plane.header.coder) {
    case Coder::kTiered: {
      if (!plane.side.tiered) {
        return Corruption("tiered block in a group without tiers");
      }
      auto source = std::make_unique<TieredExponents>(plane);
      INGOT_TRY(source->Open());
      return std::unique_ptr<ExponentSource>(std::move(source));
    }
    case Coder::kHuffman:
    case Coder::kRans:
      if (!plane.side.joined ||
          plane.side.joined->coder != plane.header.coder ||
          !plane.side.joined->has_decode_table()) {
        return Corruption(std::string(CoderName(plane.header.coder)) +
                          " block in a group without its code");
      }
      return OpenJoinedExponents(plane);
    default: {
      INGOT_ASSIGN(const uint8_t* const symbols,
                   MaterialisePlane(
                       plane.header,
                       reinterpret_cast<const std::byte*>(plane.bytes),
                       PlaneBytes(plane.elements, 8), &plane.scratch->symbols));
      return std::unique_ptr<ExponentSource>(
          std::make_unique<PlainExponents>(plane.float_kernels, symbols));
    }
  }
}

}  // namespace

Status CheckExceptions(const uint8_t* exceptions, uint32_t count,
                       uint32_t elements, unsigned value_bits) {
  uint32_t next_position = 0;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t entry = 0;
    std::memcpy(&entry, exceptions + i * kExceptionBytes, kExceptionBytes);
    const uint32_t position = entry & (kSubBlockElements - 1);
    if (position < next_position || position >= elements ||
        entry >> kExceptionPositionBits >> value_bits != 0) {
      return Corruption("exponent plane: exception " + std::to_string(i) +
                        " out of order or out of range");
    }
    next_position = position + 1;
  }
  return {};
}

Status DecodeFloatBlock(const Kernels& kernels, const GroupSide& side,
                        const Geometry& geometry,
                        const BlockPosition& position,
                        const BlockHeader& header, const std::byte* payload,
                        uint64_t begin, uint64_t end,
                        FloatDecodeScratch* scratch, MutableByteSpan out,
                        bool stream, ByteSpan ahead) {
  const FloatLayout layout = *FloatLayoutOf(geometry.dtype);
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  const uint32_t elements = header.elements;
  const ExponentPlane plane{
      .kernels = kernels,
      .float_kernels = kernels.floats[static_cast<size_t>(layout)],
      .side = side,
      .layout = layout,
      .header = header.planes[0],
      .bytes = AsU8(payload),
      .readable = AsU8(payload) + header.payload_length + kKernelSlack,
      .elements = elements,
      .scratch = scratch};
  INGOT_ASSIGN(const std::unique_ptr<ExponentSource> exponents,
               OpenExponents(plane));
  const unsigned top_bits =
      IsJoined(plane.header.coder) ? side.joined->code.top_bits : 0;

  std::array<unsigned, kMaxRemainderPlanes> widths{};
  std::array<const uint8_t*, kMaxRemainderPlanes> planes{};
  for (unsigned k = 0; k < info.plane_count; ++k) {
    widths[k] = JoinedPlaneBits(layout, k, top_bits);
    INGOT_ASSIGN(planes[k],
                 MaterialisePlane(header.planes[1 + k],
                                  payload + header.PlaneOffset(1 + k),
                                  PlaneBytes(elements, widths[k]),
                                  &scratch->planes[k]));
  }

  const size_t bytes = info.element_bytes;
  const StreamFence fence;
  stream = stream && reinterpret_cast<uintptr_t>(out.data()) %
                             kPayloadAlignment == 0;
  for (uint64_t first = 0; first < end; first += kSubBlockElements) {
    SubBlockTask task{};
    task.first = first;
    task.elements = static_cast<uint32_t>(
        std::min<uint64_t>(kSubBlockElements, elements - first));
    const uint64_t next = first + task.elements;
    if (next <= begin) {
      INGOT_TRY(exponents->Skip(task.elements));
      continue;
    }
    for (unsigned k = 0; k < info.plane_count; ++k) {
      task.planes[k] = planes[k] + first * widths[k] / 8;
    }
    // Whole sub-blocks go straight to the output, others by way of scratch.
    const bool whole = first >= begin && next <= end;
    if (whole) {
      task.out = AsU8(out.data()) + (first - begin) * bytes;
    } else {
      INGOT_TRY(scratch->elements.Resize(kSubBlockElements * bytes));
      task.out = AsU8(scratch->elements.data());
    }
    task.stream = stream && whole &&
                  reinterpret_cast<uintptr_t>(task.out) % kPayloadAlignment ==
                      0;
    task.ahead = ShareOf(ahead, first, task.elements, elements);
    task.runs = scratch->runs.Build(side, geometry, position.group_first,
                                    position.first + first, task.elements);
    INGOT_TRY(exponents->Decode(task));
    if (!whole) {
      const uint64_t from = std::max(first, begin);
      const uint64_t to = std::min(next, end);
      std::memcpy(out.data() + (from - begin) * bytes,
                  task.out + (from - first) * bytes, (to - from) * bytes);
    }
  }
  return {};
}

}  // namespace ingot
