#include <algorithm>
#include <cstring>

#include "codec/base/byte_writer.h"
#include "codec/base/zigzag.h"
#include "codec/method/modelled_method.h"
#include "codec/method/remainder_plane.h"
#include "codec/planes/bit_stream.h"
#include "codec/planes/float_parts.h"

namespace ingot {
namespace {

// Shorter blocks have one lane: four would pay for streams that nobody needs.
constexpr size_t kMinLanedElements = 1u << 14;

unsigned LanesFor(size_t elements) {
  return elements < kMinLanedElements ? 1 : kMaxLanes;
}

// Splits elements into symbols and remainders. Null planes are left out.
template <FloatLayout kLayout>
void Separate(const SymbolShape& shape, const uint8_t* in, size_t count,
              ModelledSymbols* symbols,
              const std::array<uint8_t*, kMaxRemainderPlanes>& planes,
              size_t first) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  const unsigned low_bits = kInfo.mantissa_bits - shape.top_bits;
  const uint64_t low_mask = (uint64_t{1} << low_bits) - 1;
  const auto top_mask = static_cast<uint8_t>((1u << shape.top_bits) - 1);
  symbols->escapes.clear();
  for (size_t i = 0; i < count; ++i, in += kInfo.element_bytes) {
    const FloatParts parts = SplitFloat<kLayout>(in);
    int slot = symbols->octaves[i] + int{kScaleSlot} -
               static_cast<int>(parts.exponent);
    if (parts.exponent == 0) {
      slot = kZeroSlot;
    } else if (slot < 0 || slot >= static_cast<int>(kOctaveSlots)) {
      slot = kEscapeSlot;
      symbols->escapes.push_back(static_cast<uint16_t>(parts.exponent));
    }
    symbols->slots[i] = static_cast<uint8_t>(slot);
    symbols->tops[i] =
        static_cast<uint8_t>((parts.remainder >> low_bits) & top_mask);
    if (planes[0] == nullptr) continue;
    const uint64_t remainder = (parts.remainder >> kInfo.mantissa_bits)
                                   << low_bits |
                               (parts.remainder & low_mask);
    const unsigned width = kInfo.plane_bits[0] - shape.top_bits;
    if constexpr (kInfo.plane_count == 1) {
      PutField(planes[0], first + i, width, remainder);
    } else {
      constexpr unsigned kLowWidth = kInfo.plane_bits[1];
      PutField(planes[0], first + i, width, remainder >> kLowWidth);
      PutField(planes[1], first + i, kLowWidth,
               remainder & ((uint64_t{1} << kLowWidth) - 1));
    }
  }
}

// Encodes the symbols of elements [first, first + count) of the group.
bool EncodeSymbols(const ModelledSide& side, const GroupData& group,
                   FloatLayout layout, uint64_t first, size_t count,
                   unsigned lanes,
                   const std::array<uint8_t*, kMaxRemainderPlanes>& planes,
                   size_t first_in_block, ModelledEncodeScratch* scratch) {
  ModelledSymbols& symbols = scratch->symbols;
  symbols.Resize(count);
  FillScales(side, group.geometry, group.first, group.first + first,
             symbols.classes, symbols.octaves.data());
  const uint8_t* const in =
      AsU8(group.raw.data()) + first * group.geometry.element_bytes();
  WithLayout(layout, [&](auto constant) {
    Separate<constant()>(side.start.shape, in, count, &symbols, planes,
                         first_in_block);
  });
  scratch->model = side.model;
  return EncodeRun(side.start.shape, lanes,
                   {.classes = symbols.classes,
                    .slots = symbols.slots.data(),
                    .tops = symbols.tops.data(),
                    .escapes = symbols.escapes.data()},
                   &scratch->model, &scratch->run);
}

}  // namespace

void ModelledSymbols::Resize(size_t elements) {
  classes.resize(elements);
  octaves.resize(elements);
  slots.resize(elements);
  tops.resize(elements);
}

uint64_t TryRun(const ModelledSide& side, const GroupData& group,
                ModelledEncodeScratch* scratch) {
  const size_t elements = group.elements();
  if (!EncodeSymbols(side, group, *FloatLayoutOf(group.geometry.dtype), 0,
                     elements, LanesFor(elements), {}, 0, scratch)) {
    return UINT64_MAX;
  }
  return scratch->run.streams.size();
}

Result<bool> EncodeModelledBlock(const ModelledSide& side, int level,
                                 const GroupData& group, uint64_t index,
                                 size_t limit, ModelledEncodeScratch* scratch,
                                 EncodedBlock* block) {
  const FloatLayout layout = *FloatLayoutOf(group.geometry.dtype);
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  const size_t elements = group.BlockRaw(index).size() / info.element_bytes;
  std::array<uint8_t*, kMaxRemainderPlanes> planes{};
  std::array<size_t, kMaxRemainderPlanes> plane_bytes{};
  for (unsigned plane = 0; plane < info.plane_count; ++plane) {
    const unsigned width =
        JoinedPlaneBits(layout, plane, side.start.shape.top_bits);
    plane_bytes[plane] = PlaneBytes(elements, width);
    INGOT_TRY(scratch->planes[plane].Resize(plane_bytes[plane] + kKernelSlack));
    planes[plane] = AsU8(scratch->planes[plane].data());
    std::memset(planes[plane], 0, scratch->planes[plane].size());
  }

  const unsigned lanes = LanesFor(elements);
  scratch->plane.clear();
  scratch->streams.clear();
  ByteWriter table(&scratch->plane);
  int64_t previous = 0;
  for (size_t first = 0; first < elements; first += kMaxRunElements) {
    const size_t count = std::min(kMaxRunElements, elements - first);
    if (!EncodeSymbols(side, group, layout, group.BlockBegin(index) + first,
                       count, lanes, planes, first, scratch)) {
      return false;
    }
    for (unsigned lane = 0; lane < lanes; ++lane) {
      const int64_t words = scratch->run.lane_bytes[lane] / kStreamWordBytes;
      table.WriteVarint(ZigZag(words - previous));
      previous = words;
    }
    scratch->streams.insert(scratch->streams.end(),
                            scratch->run.streams.begin(),
                            scratch->run.streams.end());
    if (scratch->streams.size() >= limit) return false;
  }
  scratch->plane.insert(scratch->plane.end(), scratch->streams.begin(),
                        scratch->streams.end());

  BlockHeader& header = block->header;
  header.method = Method::kModelled;
  header.plane_count = static_cast<uint8_t>(1 + info.plane_count);
  PlaneHeader& symbols = header.planes[0];
  symbols = {};
  symbols.coder = Coder::kCm;
  symbols.length = static_cast<uint32_t>(scratch->plane.size());
  symbols.runs = {.run_bits = kMaxRunBits,
                  .lanes = static_cast<uint8_t>(lanes)};
  std::array<ByteSpan, kMaxRemainderPlanes> stored;
  size_t adjacent = symbols.length;
  for (unsigned plane = 0; plane < info.plane_count; ++plane) {
    stored[plane] = scratch->planes[plane].span().first(plane_bytes[plane]);
    header.planes[1 + plane] =
        EncodeRemainder(level, &scratch->coded[plane], &stored[plane]);
    adjacent += stored[plane].size();
  }
  // Adjacent planes decide, so that padding cannot lift a payload across the
  // threshold.
  const bool aligned = adjacent >= kAlignedPayload;
  block->payload.clear();
  header.payload_length = 0;
  block->AppendPlane(scratch->plane, false);
  for (unsigned plane = 0; plane < info.plane_count; ++plane) {
    block->AppendPlane(stored[plane], aligned);
  }
  return header.payload_length < limit;
}

}  // namespace ingot
