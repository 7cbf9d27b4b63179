#include "codec/method/subset.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <unordered_map>

#include "codec/base/checksum.h"

namespace ingot {
namespace {

constexpr size_t kMapEntryBytes = 2;
constexpr size_t kMaxRows = size_t{1} << (8 * kMapEntryBytes);

bool Bit(ByteSpan bits, uint64_t index) {
  return (bits[index / 8] >> (index % 8) & std::byte{1}) != std::byte{0};
}

// Side data for the kept elements: their scales as those of the columns of one
// long row. `is_kept(i)` tells element i's fate.
template <typename IsKept>
void GatherScales(const GroupSide& side, const Geometry& geometry,
                  const BlockPosition& position, uint64_t elements,
                  uint64_t count, const IsKept& is_kept,
                  GroupSide* gathered) {
  gathered->elements = count;
  gathered->tiered = side.tiered;
  gathered->code = side.code;
  gathered->joined = side.joined;
  gathered->columns.clear();
  if (!side.has_scales()) return;
  std::vector<uint8_t> scales(elements);
  AddScales(side, geometry, position.group_first, position.first, elements,
            scales.data());
  gathered->columns.assign(count + kKernelSlack, 0);
  // Without branches: which elements are kept is as good as random.
  uint8_t* to = gathered->columns.data();
  for (uint64_t i = 0; i < elements; ++i) {
    *to = scales[i];
    to += size_t{is_kept(i)};
  }
  *to = 0;
}

// The kept elements as a geometry of one row.
Geometry OneRow(const Geometry& geometry, uint64_t count) {
  return {.dtype = geometry.dtype,
          .columns = std::max<uint64_t>(1, count),
          .block_elements = std::max<uint64_t>(1, count),
          .group_elements = std::max<uint64_t>(1, count)};
}

// Fills map, signs and kept elements of a sparse block.
template <typename Element>
void KeepNonZero(ByteSpan raw, SubsetEncodeScratch* scratch) {
  constexpr auto kSign =
      static_cast<Element>(Element{1} << (8 * sizeof(Element) - 1));
  const size_t elements = raw.size() / sizeof(Element);
  scratch->map.assign(DivideRoundingUp(elements, 8), std::byte{0});
  scratch->signs.assign(scratch->map.size(), std::byte{0});
  scratch->kept.resize(raw.size() + sizeof(Element));
  std::byte* kept = scratch->kept.data();
  size_t dropped = 0;
  for (size_t i = 0; i < elements; ++i) {
    Element element;
    std::memcpy(&element, raw.data() + i * sizeof(Element), sizeof(Element));
    const bool is_kept = (element & static_cast<Element>(~kSign)) != 0;
    std::memcpy(kept, &element, sizeof(Element));
    kept += size_t{is_kept} * sizeof(Element);
    scratch->map[i / 8] |= std::byte{is_kept} << (i % 8);
    const bool minus = !is_kept && element != 0;
    scratch->signs[dropped / 8] |= std::byte{minus} << (dropped % 8);
    dropped += is_kept ? 0 : 1;
  }
  scratch->kept.resize(static_cast<size_t>(kept - scratch->kept.data()));
  scratch->signs.resize(DivideRoundingUp(dropped, 8));
}

// The same for rows; false where the block has no whole rows.
bool KeepDistinctRows(ByteSpan raw, const Geometry& geometry, uint64_t first,
                      SubsetEncodeScratch* scratch) {
  const uint64_t columns = geometry.columns;
  const uint64_t row_bytes = columns * geometry.element_bytes();
  if (first % columns != 0 || raw.size() % row_bytes != 0) return false;
  const uint64_t rows = raw.size() / row_bytes;
  if (rows > kMaxRows) return false;
  scratch->map.clear();
  scratch->kept.clear();
  std::unordered_map<uint64_t, uint64_t> seen;  // hash to kept row
  uint64_t kept = 0;
  for (uint64_t row = 0; row < rows; ++row) {
    const ByteSpan bytes = raw.subspan(row * row_bytes, row_bytes);
    const auto [found, is_new] = seen.try_emplace(Checksum(bytes), kept);
    uint64_t source = found->second;
    if (is_new || std::memcmp(scratch->kept.data() + source * row_bytes,
                              bytes.data(), row_bytes) != 0) {
      source = kept++;
      scratch->kept.insert(scratch->kept.end(), bytes.begin(), bytes.end());
    }
    for (size_t byte = 0; byte < kMapEntryBytes; ++byte) {
      scratch->map.push_back(static_cast<std::byte>(source >> (8 * byte)));
    }
  }
  return true;
}

// Copies kept elements to where the map has ones, and zeros elsewhere.
struct Scatter {
  ByteSpan map;
  ByteSpan signs;
  const std::byte* kept;  // readable for one element more
  uint64_t begin;
  uint64_t end;
  uint64_t dropped;  // before `begin`

  template <typename Element>
  void Run(std::byte* out) const {
    constexpr unsigned kSignShift = 8 * sizeof(Element) - 1;
    const bool minus = std::ranges::any_of(
        signs, [](std::byte byte) { return byte != std::byte{0}; });
    const std::byte* from = kept;
    uint64_t zero = dropped;
    for (uint64_t i = begin; i < end; ++i, out += sizeof(Element)) {
      // Arithmetic instead of branches, which would be as good as random.
      const auto is_kept = static_cast<Element>(Bit(map, i));
      Element element;
      std::memcpy(&element, from, sizeof(Element));
      element = static_cast<Element>(element & (Element{0} - is_kept));
      from += is_kept * sizeof(Element);
      if (minus && is_kept == 0) {
        element = static_cast<Element>(Element{Bit(signs, zero++)}
                                       << kSignShift);
      }
      std::memcpy(out, &element, sizeof(Element));
    }
  }
};

size_t SourceOf(ByteSpan map, uint64_t row) {
  return std::to_integer<size_t>(map[row * kMapEntryBytes]) |
         std::to_integer<size_t>(map[row * kMapEntryBytes + 1]) << 8;
}

// Which rows a map keeps.
Result<std::vector<bool>> KeptRows(ByteSpan map) {
  std::vector<bool> is_kept;
  uint64_t kept = 0;
  for (uint64_t row = 0; row < map.size() / kMapEntryBytes; ++row) {
    const size_t source = SourceOf(map, row);
    if (source > kept) {
      return Corruption("rows block: row " + std::to_string(row) +
                        " repeats one that follows it");
    }
    is_kept.push_back(source == kept);
    kept += source == kept ? 1 : 0;
  }
  return is_kept;
}

// Fills `out`, which begins at byte `begin` of the block.
void CopyRows(ByteSpan map, uint64_t row_bytes, const std::byte* kept,
              uint64_t begin, MutableByteSpan out) {
  for (uint64_t done = 0; done < out.size();) {
    const uint64_t row = (begin + done) / row_bytes;
    const uint64_t within = (begin + done) % row_bytes;
    const uint64_t length =
        std::min<uint64_t>(row_bytes - within, out.size() - done);
    std::memcpy(out.data() + done,
                kept + SourceOf(map, row) * row_bytes + within, length);
    done += length;
  }
}

uint64_t CountOnes(ByteSpan bits, uint64_t end) {
  uint64_t ones = 0;
  for (uint64_t byte = 0; byte < end / 8; ++byte) {
    ones += static_cast<uint64_t>(
        std::popcount(std::to_integer<unsigned>(bits[byte])));
  }
  for (uint64_t i = end / 8 * 8; i < end; ++i) ones += Bit(bits, i);
  return ones;
}

size_t TrailingPlanes(Method method) {
  return method == Method::kSparse ? 2 : 1;
}

// Plane `plane` decoded to `size` bytes.
Result<ByteSpan> TrailingPlane(const BlockHeader& header, size_t plane,
                               const std::byte* payload, uint64_t size,
                               AlignedBuffer* scratch) {
  INGOT_TRY(scratch->Resize(size));
  INGOT_TRY(DecodeBytes(header.planes[plane].coder,
                        ByteSpan(payload + header.PlaneOffset(plane),
                                 header.planes[plane].length),
                        scratch->span()));
  return ByteSpan(scratch->span());
}

// GatherScales for either method; checks the map of rows.
Status GatherKept(Method method, const GroupSide& side,
                  const Geometry& geometry, const BlockPosition& position,
                  uint64_t elements, ByteSpan map, uint64_t count,
                  GroupSide* gathered) {
  if (method == Method::kSparse) {
    GatherScales(side, geometry, position, elements, count,
                 [&](uint64_t i) { return Bit(map, i); }, gathered);
    return {};
  }
  INGOT_ASSIGN(const std::vector<bool> rows, KeptRows(map));
  GatherScales(side, geometry, position, elements, count,
               [&](uint64_t i) { return rows[i / geometry.columns]; },
               gathered);
  return {};
}

}  // namespace

Result<bool> EncodeSubsetBlock(Method method, const GroupPlan& plan,
                               const GroupData& group, uint64_t index,
                               size_t limit, FloatEncodeScratch* floats,
                               JoinedEncodeScratch* joined,
                               SubsetEncodeScratch* scratch,
                               EncodedBlock* block) {
  const ByteSpan raw = group.BlockRaw(index);
  const Geometry& geometry = group.geometry;
  const size_t bytes = geometry.element_bytes();
  const uint64_t first = group.first + group.BlockBegin(index);
  switch (method == Method::kSparse ? bytes : 0) {
    case 0:
      if (!KeepDistinctRows(raw, geometry, first, scratch)) return false;
      break;
    case 1:
      KeepNonZero<uint8_t>(raw, scratch);
      break;
    case 2:
      KeepNonZero<uint16_t>(raw, scratch);
      break;
    case 4:
      KeepNonZero<uint32_t>(raw, scratch);
      break;
    default:
      KeepNonZero<uint64_t>(raw, scratch);
  }
  const uint64_t count = scratch->kept.size() / bytes;
  if (count == 0) return false;
  scratch->plan.level = plan.level;
  scratch->plan.kernels = plan.kernels;
  scratch->plan.floats.ranks = plan.floats.ranks;
  scratch->plan.floats.joined = plan.floats.joined;
  const BlockPosition position{group.first, first};
  INGOT_TRY(GatherKept(method, plan.floats.side, geometry, position,
                       raw.size() / bytes, scratch->map, count,
                       &scratch->plan.floats.side));
  const GroupData kept{.geometry = OneRow(geometry, count),
                       .first = 0,
                       .raw = scratch->kept};

  std::array<PlaneHeader, 2> trailing;
  const size_t trailing_count = TrailingPlanes(method);
  const std::array<const std::vector<std::byte>*, 2> from = {&scratch->map,
                                                             &scratch->signs};
  const ByteEffort effort = PlaneEffortForLevel(plan.level);
  block->trailing_bytes = 0;
  for (size_t i = 0; i < trailing_count; ++i) {
    scratch->coded[i].clear();
    trailing[i].coder = EncodeBytes(*from[i], effort, &scratch->coded[i]);
    trailing[i].length = static_cast<uint32_t>(scratch->coded[i].size());
    block->trailing_bytes += scratch->coded[i].size();
  }
  Result<bool> done = EncodeEitherBlock(scratch->plan, kept, 0, limit, floats,
                                        joined, block);
  const bool aligned = block->aligned;
  block->trailing_bytes = 0;
  if (!done.ok() || !*done) return done;
  BlockHeader& header = block->header;
  header.method = method;
  header.elements = static_cast<uint32_t>(raw.size() / bytes);
  for (size_t i = 0; i < trailing_count; ++i) {
    header.planes[header.plane_count++] = trailing[i];
    block->AppendPlane(scratch->coded[i], aligned);
  }
  return header.payload_length < limit;
}

Status DecodeSubsetBlock(const Kernels& kernels, const GroupSide& side,
                         const Geometry& geometry,
                         const BlockPosition& position,
                         const BlockHeader& header, const std::byte* payload,
                         uint64_t begin, uint64_t end,
                         FloatDecodeScratch* floats,
                         SubsetDecodeScratch* scratch, MutableByteSpan out) {
  const size_t map_plane = header.plane_count - TrailingPlanes(header.method);
  const uint64_t bytes = geometry.element_bytes();
  uint64_t count = 0;
  ByteSpan map;
  ByteSpan signs;
  if (header.method == Method::kSparse) {
    INGOT_ASSIGN(map, TrailingPlane(header, map_plane, payload,
                                    DivideRoundingUp(header.elements, 8),
                                    &scratch->map));
    count = CountOnes(map, header.elements);
    INGOT_ASSIGN(signs,
                 TrailingPlane(header, map_plane + 1, payload,
                               DivideRoundingUp(header.elements - count, 8),
                               &scratch->signs));
  } else {
    if (position.first % geometry.columns != 0 ||
        header.elements % geometry.columns != 0) {
      return Corruption("rows block: not of whole rows");
    }
    const uint64_t rows = header.elements / geometry.columns;
    INGOT_ASSIGN(map, TrailingPlane(header, map_plane, payload,
                                    rows * kMapEntryBytes, &scratch->map));
    INGOT_ASSIGN(const std::vector<bool> kept, KeptRows(map));
    count = geometry.columns * static_cast<uint64_t>(
                                   std::ranges::count(kept, true));
  }
  INGOT_TRY(GatherKept(header.method, side, geometry, position,
                       header.elements, map, count, &scratch->side));
  // payload_length stays: it says whether planes are aligned.
  BlockHeader inner = header;
  inner.method = Method::kFloat;
  inner.elements = static_cast<uint32_t>(count);
  inner.plane_count = static_cast<uint8_t>(map_plane);
  const auto decode = [&](uint64_t first, uint64_t last) -> Status {
    const uint64_t size = (last - first) * bytes;
    INGOT_TRY(scratch->kept.Resize(size + bytes));
    if (first == last) return {};
    return DecodeFloatBlock(kernels, scratch->side, OneRow(geometry, count),
                            {}, inner, payload, first, last, floats,
                            scratch->kept.span().first(size), false, {});
  };
  if (header.method == Method::kRows) {
    INGOT_TRY(decode(0, count));
    CopyRows(map, geometry.columns * bytes, scratch->kept.data(),
             begin * bytes, out);
    return {};
  }
  const uint64_t before = CountOnes(map, begin);
  INGOT_TRY(decode(before, CountOnes(map, end)));
  const Scatter scatter{map, signs, scratch->kept.data(), begin, end,
                        begin - before};
  switch (bytes) {
    case 1:
      scatter.Run<uint8_t>(out.data());
      break;
    case 2:
      scatter.Run<uint16_t>(out.data());
      break;
    case 4:
      scatter.Run<uint32_t>(out.data());
      break;
    default:
      scatter.Run<uint64_t>(out.data());
  }
  return {};
}

}  // namespace ingot
