#include <algorithm>
#include <bit>
#include <cstring>

#include "codec/method/float_method.h"
#include "codec/planes/bit_stream.h"

namespace ingot {
namespace {

// What one sub-block's segment needs at most: the streams, each rounded up to
// a byte, what their encoder stores beyond them, exceptions.
constexpr size_t kMaxJoinedSegment =
    MaxHuffmanBytes(kSubBlockElements) + kHuffmanStreams + 8 +
    kMaxExceptionBytes + kKernelSlack;

struct StreamSizes {
  std::array<uint32_t, kHuffmanStreams> streams{};
  uint32_t exceptions = 0;
};

// Writes the stream table at `out` and its parameters to `*table`; returns its
// size.
size_t PutStreamTable(std::span<const StreamSizes> sub_blocks,
                      StreamTable* table, uint8_t* out) {
  uint32_t low = UINT32_MAX;
  uint32_t high = 0;
  uint32_t exceptions = 0;
  for (const StreamSizes& sizes : sub_blocks) {
    for (const uint32_t size : sizes.streams) {
      low = std::min(low, size);
      high = std::max(high, size);
    }
    exceptions = std::max(exceptions, sizes.exceptions);
  }
  table->min_stream_bytes = low;
  table->stream_bits = static_cast<uint8_t>(std::bit_width(high - low));
  table->exception_bits = static_cast<uint8_t>(std::bit_width(exceptions));
  const size_t width =
      kHuffmanStreams * table->stream_bits + table->exception_bits;
  const size_t bytes = (sub_blocks.size() * width + 7) / 8;
  std::memset(out, 0, bytes + 8);
  size_t bit = 0;
  for (const StreamSizes& sizes : sub_blocks) {
    for (const uint32_t size : sizes.streams) {
      PutBits(out, bit, size - low);
      bit += table->stream_bits;
    }
    PutBits(out, bit, sizes.exceptions);
    bit += table->exception_bits;
  }
  return bytes;
}

}  // namespace

Result<bool> EncodeJoinedBlock(const GroupPlan& plan, const GroupData& group,
                               uint64_t index, size_t limit,
                               JoinedEncodeScratch* scratch,
                               EncodedBlock* block) {
  const FloatLayout layout = *FloatLayoutOf(group.geometry.dtype);
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  const FloatKernels& kernels =
      plan.kernels->floats[static_cast<size_t>(layout)];
  const GroupSide& side = plan.floats.side;
  const JoinedCode& code = side.joined->code;
  const ByteSpan raw = group.BlockRaw(index);
  const size_t elements = raw.size() / info.element_bytes;

  std::array<unsigned, kMaxRemainderPlanes> widths{};
  for (unsigned plane = 0; plane < info.plane_count; ++plane) {
    widths[plane] = JoinedPlaneBits(layout, plane, code.top_bits);
    INGOT_TRY(scratch->planes[plane].Resize(
        PlaneBytes(elements, widths[plane]) + kKernelSlack));
  }
  // Words of coder rans come last first: it begins when all ranks are there.
  const bool rans = side.joined->coder == Coder::kRans;
  INGOT_TRY(scratch->ranks.Resize(
      (rans ? PlaneBytes(elements, 8) : kSubBlockElements) + kKernelSlack));
  INGOT_TRY(scratch->exponents.Resize(limit + kMaxJoinedSegment));
  uint8_t* ranks = AsU8(scratch->ranks.data());
  std::vector<StreamSizes> sub_blocks;
  sub_blocks.reserve(DivideRoundingUp(elements, kSubBlockElements));
  scratch->exceptions.resize(kMaxExceptionBytes + kKernelSlack);
  size_t exception_bytes = 0;  // of the block so far, for coder rans
  size_t bytes = 0;
  for (size_t first = 0; first < elements; first += kSubBlockElements) {
    JoinedEncode out;
    out.elements =
        static_cast<uint32_t>(std::min(kSubBlockElements, elements - first));
    out.runs = scratch->runs.Build(
        side, group.geometry, group.first,
        group.first + group.BlockBegin(index) + first, out.elements);
    for (unsigned plane = 0; plane < info.plane_count; ++plane) {
      out.planes[plane] =
          AsU8(scratch->planes[plane].data()) + first * widths[plane] / 8;
    }
    out.ranks = ranks;
    out.exceptions = AsU8(scratch->exceptions.data()) + exception_bytes;
    const uint32_t added =
        kernels.encode_joined(code, plan.floats.joined.ranks, out,
                              AsU8(raw.data()) + first * info.element_bytes);
    StreamSizes& sizes = sub_blocks.emplace_back();
    sizes.exceptions = added / kExceptionBytes;
    if (rans) {
      ranks += out.elements;
      exception_bytes += added;
      scratch->exceptions.resize(exception_bytes + kMaxExceptionBytes +
                                 kKernelSlack);
      if (exception_bytes >= limit) return false;
      continue;
    }
    uint8_t* const segment = AsU8(scratch->exponents.data());
    for (size_t stream = 0; stream < kHuffmanStreams; ++stream) {
      const HuffmanRange range = HuffmanStreamRange(out.elements, stream);
      sizes.streams[stream] = plan.kernels->entropy.encode_huffman(
          plan.floats.joined.huffman, ranks + range.begin, ranks + range.end,
          segment + bytes);
      bytes += sizes.streams[stream];
    }
    std::memcpy(segment + bytes, out.exceptions, added);
    bytes += added;
    // A block that outgrows the limit is given up.
    if (bytes >= limit) return false;
  }

  if (rans) {
    std::vector<std::byte>& stream = scratch->stream;
    stream.clear();
    EncodeRans(plan.floats.joined.rans,
               {AsU8(scratch->ranks.data()), PlaneBytes(elements, 8)}, &stream);
    bytes = stream.size() + exception_bytes;
    if (bytes >= limit) return false;
    std::byte* const out = scratch->exponents.data();
    std::memcpy(out, stream.data(), stream.size());
    std::memcpy(out + stream.size(), scratch->exceptions.data(),
                exception_bytes);
  }

  PlaneHeader& header = block->header.planes[0];
  header = PlaneHeader{};
  header.coder = side.joined->coder;
  bytes += PutStreamTable(sub_blocks, &header.streams,
                          AsU8(scratch->exponents.data()) + bytes);
  header.length = static_cast<uint32_t>(bytes);
  const ByteSpan exponents = scratch->exponents.span().first(bytes);
  std::array<ByteSpan, kMaxRemainderPlanes> planes;
  for (unsigned plane = 0; plane < info.plane_count; ++plane) {
    planes[plane] = scratch->planes[plane].span().first(
        PlaneBytes(elements, widths[plane]));
  }
  AppendFloatPlanes(plan.level, {&exponents, 1},
                    std::span(planes).first(info.plane_count), &scratch->coded,
                    block);
  return block->header.payload_length < limit;
}

}  // namespace ingot
