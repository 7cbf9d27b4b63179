#include <algorithm>
#include <bit>
#include <cstring>

#include "codec/method/float_method.h"
#include "codec/method/remainder_plane.h"
#include "codec/planes/bit_stream.h"

namespace ingot {
namespace {

// Sub-blocks of the largest block: 2^20 elements of one byte.
constexpr size_t kMaxSubBlocks = kMaxBlockBytes / kSubBlockElements;

struct SubBlockSizes {
  std::array<SegmentSize, kMaxSubBlocks> sizes;
  size_t count = 0;
};

template <typename Member>
std::pair<uint32_t, uint8_t> Range(const SubBlockSizes& sub_blocks,
                                   Member member) {
  const auto begin = sub_blocks.sizes.begin();
  const auto [low, high] = std::minmax_element(
      begin, begin + sub_blocks.count,
      [&](const SegmentSize& a, const SegmentSize& b) {
        return a.*member < b.*member;
      });
  const uint32_t width = (*high).*member - (*low).*member;
  return {(*low).*member, static_cast<uint8_t>(std::bit_width(width))};
}

// Writes the sub-block table behind the segments and its parameters into
// `*table`; returns its size.
size_t PutSubBlockTable(const SubBlockSizes& sub_blocks, SubBlockTable* table,
                        uint8_t* out) {
  std::tie(table->min_escapes, table->escape_bits) =
      Range(sub_blocks, &SegmentSize::escapes);
  std::tie(table->min_segment_bytes, table->segment_bits) =
      Range(sub_blocks, &SegmentSize::bytes);
  const unsigned width = table->escape_bits + table->segment_bits;
  const size_t bytes = (sub_blocks.count * width + 7) / 8;
  std::memset(out, 0, bytes + 8);
  if (width == 0) return 0;
  for (size_t i = 0; i < sub_blocks.count; ++i) {
    const SegmentSize& size = sub_blocks.sizes[i];
    PutField(out, i, width,
             (size.escapes - table->min_escapes) |
                 uint64_t{size.bytes - table->min_segment_bytes}
                     << table->escape_bits);
  }
  return bytes;
}

}  // namespace

void AppendFloatPlanes(
    int level, std::span<const ByteSpan> exponents,
    std::span<const ByteSpan> planes,
    std::array<std::vector<std::byte>, kMaxRemainderPlanes>* coded,
    EncodedBlock* block) {
  BlockHeader& header = block->header;
  header.method = Method::kFloat;
  header.plane_count = static_cast<uint8_t>(1 + planes.size());
  std::array<ByteSpan, kMaxRemainderPlanes> remainders;
  size_t adjacent = header.planes[0].length + block->trailing_bytes;
  for (size_t plane = 0; plane < planes.size(); ++plane) {
    remainders[plane] = planes[plane];
    header.planes[1 + plane] =
        EncodeRemainder(level, &(*coded)[plane], &remainders[plane]);
    adjacent += remainders[plane].size();
  }
  // Adjacent planes decide, so that padding cannot lift a payload across the
  // threshold.
  const bool aligned = adjacent >= kAlignedPayload;
  block->aligned = aligned;
  block->payload.clear();
  header.payload_length = 0;
  for (const ByteSpan piece : exponents) block->AppendPlane(piece, false);
  for (size_t plane = 0; plane < planes.size(); ++plane) {
    block->AppendPlane(remainders[plane], aligned);
  }
}

Result<bool> EncodeFloatBlock(const GroupPlan& plan, const GroupData& group,
                              uint64_t index, size_t limit,
                              FloatEncodeScratch* scratch,
                              EncodedBlock* block) {
  const FloatLayout layout = *FloatLayoutOf(group.geometry.dtype);
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  const FloatKernels& kernels =
      plan.kernels->floats[static_cast<size_t>(layout)];
  const TierCode& code = plan.floats.side.code;
  const ByteSpan raw = group.BlockRaw(index);
  const size_t elements = raw.size() / info.element_bytes;

  for (unsigned plane = 0; plane < info.plane_count; ++plane) {
    INGOT_TRY(scratch->planes[plane].Resize(
        PlaneBytes(elements, info.plane_bits[plane]) + kKernelSlack));
  }
  const size_t code_bytes = PlaneBytes(elements, code.widths[0]);
  INGOT_TRY(scratch->codes.Resize(code_bytes + kKernelSlack));
  INGOT_TRY(scratch->segments.Resize(limit + kMaxSegmentBytes + kKernelSlack));
  SubBlockSizes sub_blocks;
  size_t segment_bytes = 0;
  for (size_t first = 0; first < elements; first += kSubBlockElements) {
    SubBlockEncode out;
    out.elements = static_cast<uint32_t>(
        std::min(kSubBlockElements, elements - first));
    out.runs = scratch->runs.Build(
        plan.floats.side, group.geometry, group.first,
        group.first + group.BlockBegin(index) + first, out.elements);
    for (unsigned plane = 0; plane < info.plane_count; ++plane) {
      out.planes[plane] = AsU8(scratch->planes[plane].data()) +
                          first * info.plane_bits[plane] / 8;
    }
    out.codes =
        AsU8(scratch->codes.data()) + first * code.widths[0] / 8;
    out.segment = AsU8(scratch->segments.data()) + segment_bytes;
    const SegmentSize size =
        kernels.encode(code, plan.floats.ranks, out,
                       AsU8(raw.data()) + first * info.element_bytes);
    sub_blocks.sizes[sub_blocks.count++] = size;
    segment_bytes += size.bytes;
    // A block that outgrows the limit is given up.
    if (code_bytes + segment_bytes >= limit) return false;
  }

  BlockHeader& header = block->header;
  PlaneHeader& exponents = header.planes[0];
  exponents.coder = Coder::kTiered;
  segment_bytes += PutSubBlockTable(
      sub_blocks, &exponents.table,
      AsU8(scratch->segments.data()) + segment_bytes);
  exponents.length = static_cast<uint32_t>(code_bytes + segment_bytes);

  std::array<ByteSpan, kMaxRemainderPlanes> planes;
  for (unsigned plane = 0; plane < info.plane_count; ++plane) {
    planes[plane] = scratch->planes[plane].span().first(
        PlaneBytes(elements, info.plane_bits[plane]));
  }
  const std::array<ByteSpan, 2> pieces = {
      scratch->codes.span().first(code_bytes),
      scratch->segments.span().first(segment_bytes)};
  AppendFloatPlanes(plan.level, pieces,
                    std::span(planes).first(info.plane_count),
                    &scratch->coded, block);
  return header.payload_length < limit;
}

Result<bool> EncodeEitherBlock(const GroupPlan& plan, const GroupData& group,
                               uint64_t index, size_t limit,
                               FloatEncodeScratch* tiered,
                               JoinedEncodeScratch* joined,
                               EncodedBlock* block) {
  if (plan.floats.side.joined) {
    INGOT_ASSIGN(const bool done, EncodeJoinedBlock(plan, group, index, limit,
                                                    joined, block));
    if (done) return true;
  }
  return EncodeFloatBlock(plan, group, index, limit, tiered, block);
}

}  // namespace ingot
