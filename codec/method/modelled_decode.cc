#include <algorithm>
#include <cstring>
#include <string>

#include "codec/base/zigzag.h"
#include "codec/method/modelled_method.h"
#include "codec/method/remainder_plane.h"
#include "codec/planes/bit_stream.h"
#include "codec/planes/float_parts.h"

namespace ingot {
namespace {

// A run's place in the symbol plane.
struct LocatedRun {
  const uint8_t* streams;
  std::array<uint32_t, kMaxLanes> lane_bytes;
};

// Reads the table of streams and checks that they fill the plane.
Result<std::vector<LocatedRun>> LocateRuns(const PlaneHeader& header,
                                           const std::byte* plane,
                                           uint64_t elements) {
  ByteReader reader(ByteSpan(plane, header.length), "symbol plane");
  const uint64_t run_elements = uint64_t{1} << header.runs.run_bits;
  std::vector<LocatedRun> runs(DivideRoundingUp(elements, run_elements));
  int64_t words = 0;
  uint64_t total = 0;
  for (LocatedRun& run : runs) {
    run.lane_bytes = {};
    for (unsigned lane = 0; lane < header.runs.lanes; ++lane) {
      INGOT_ASSIGN(const uint64_t difference, reader.ReadVarint());
      // Both numbers are small where they make sense.
      const int64_t step = UnZigZag(difference);
      constexpr int64_t kMaxWords = kMaxPayloadBytes / kStreamWordBytes;
      if (step < -kMaxWords || step > kMaxWords || words + step < 1 ||
          words + step > kMaxWords) {
        return reader.Corrupt("length of a stream: expected 1 to " +
                              std::to_string(kMaxWords) + " words");
      }
      words += step;
      run.lane_bytes[lane] = static_cast<uint32_t>(words * kStreamWordBytes);
      total += run.lane_bytes[lane];
    }
  }
  if (total != reader.remaining()) {
    return reader.Corrupt("streams of " + std::to_string(total) +
                          " bytes do not fill the plane");
  }
  const uint8_t* streams = AsU8(plane) + reader.position();
  for (LocatedRun& run : runs) {
    run.streams = streams;
    for (const uint32_t bytes : run.lane_bytes) streams += bytes;
  }
  return runs;
}

// Joins elements [from, to) of a run that begins at element `first` of the
// block.
template <FloatLayout kLayout>
void Join(const SymbolShape& shape, const ModelledSymbols& symbols,
          const std::array<const uint8_t*, kMaxRemainderPlanes>& planes,
          uint64_t first, size_t from, size_t to, uint8_t* out) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  constexpr unsigned kExponentMask = (1u << kInfo.exponent_bits) - 1;
  const unsigned low_bits = kInfo.mantissa_bits - shape.top_bits;
  const uint64_t low_mask = (uint64_t{1} << low_bits) - 1;
  const unsigned width = kInfo.plane_bits[0] - shape.top_bits;
  auto escape = symbols.escapes.begin();
  if (!symbols.escapes.empty()) {
    escape += std::count(symbols.slots.begin(),
                         symbols.slots.begin() + static_cast<ptrdiff_t>(from),
                         uint8_t{kEscapeSlot});
  }
  for (size_t i = from; i < to; ++i, out += kInfo.element_bytes) {
    const unsigned slot = symbols.slots[i];
    auto exponent = static_cast<unsigned>(symbols.octaves[i] + int{kScaleSlot} -
                                          static_cast<int>(slot)) &
                    kExponentMask;
    if (slot >= kOctaveSlots) [[unlikely]] {
      exponent = slot == kEscapeSlot ? *escape++ : 0;
    }
    uint64_t remainder = GetField(planes[0], first + i, width);
    if constexpr (kInfo.plane_count > 1) {
      constexpr unsigned kLowWidth = kInfo.plane_bits[1];
      remainder =
          remainder << kLowWidth | GetField(planes[1], first + i, kLowWidth);
    }
    const uint64_t sign = remainder >> low_bits;
    JoinFloat<kLayout>({exponent, sign << kInfo.mantissa_bits |
                                      uint64_t{symbols.tops[i]} << low_bits |
                                      (remainder & low_mask)},
                       out);
  }
}

}  // namespace

Status DecodeModelledBlock(const ModelledSide& side, const Geometry& geometry,
                           const BlockPosition& position,
                           const BlockHeader& header, const std::byte* payload,
                           uint64_t begin, uint64_t end,
                           ModelledDecodeScratch* scratch,
                           MutableByteSpan out) {
  const FloatLayout layout = *FloatLayoutOf(geometry.dtype);
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  const SymbolShape& shape = side.start.shape;
  const PlaneHeader& plane = header.planes[0];
  if (plane.coder != Coder::kCm) {
    return Corruption("modelled block: expected coder cm");
  }
  std::array<const uint8_t*, kMaxRemainderPlanes> planes{};
  for (unsigned k = 0; k < info.plane_count; ++k) {
    const unsigned width = JoinedPlaneBits(layout, k, shape.top_bits);
    INGOT_ASSIGN(planes[k],
                 MaterialisePlane(
                     header.planes[1 + k], payload + header.PlaneOffset(1 + k),
                     PlaneBytes(header.elements, width), &scratch->planes[k]));
  }
  INGOT_ASSIGN(const std::vector<LocatedRun> runs,
               LocateRuns(plane, payload, header.elements));
  const uint64_t run_elements = uint64_t{1} << plane.runs.run_bits;
  ModelledSymbols& symbols = scratch->symbols;
  for (uint64_t run = begin / run_elements; run * run_elements < end; ++run) {
    const uint64_t first = run * run_elements;
    const auto count = static_cast<size_t>(
        std::min<uint64_t>(run_elements, header.elements - first));
    symbols.Resize(count);
    symbols.escapes.clear();
    FillScales(side, geometry, position.group_first, position.first + first,
               symbols.classes, symbols.octaves.data());
    scratch->model = side.model;
    if (!DecodeRun(shape, plane.runs.lanes, symbols.classes, runs[run].streams,
                   runs[run].lane_bytes, &scratch->model,
                   {.slots = symbols.slots.data(),
                    .tops = symbols.tops.data(),
                    .escapes = &symbols.escapes})) {
      return Corruption("symbol plane: run " + std::to_string(run) +
                        " does not end where its streams end");
    }
    const auto from = static_cast<size_t>(std::max(begin, first) - first);
    const auto to = static_cast<size_t>(std::min(end, first + count) - first);
    uint8_t* const target =
        AsU8(out.data()) + (first + from - begin) * info.element_bytes;
    WithLayout(layout, [&](auto constant) {
      Join<constant()>(shape, symbols, planes, first, from, to, target);
    });
  }
  return {};
}

}  // namespace ingot
