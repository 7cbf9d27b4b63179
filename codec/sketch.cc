#include "codec/sketch.h"

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "codec/method/geometry.h"
#include "codec/planes/element_order.h"

namespace ingot {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint64_t kMaxElements = uint64_t{1} << 47;
constexpr uint64_t kUnitElements = 64;
constexpr uint64_t kUnitDistance = 4096;
constexpr uint64_t kMaxUnits = 16384;
constexpr uint64_t kNoAnchor = 0xFFF;
constexpr size_t kSketchHeaderBytes = 12;
constexpr size_t kAnchorBytes = 5;
constexpr size_t kSketchReadBytes = 64 << 10;

static_assert(kSketchHeaderBytes + 2 * kSketchPlaces +
                  kAnchorBytes * kSketchAnchors ==
              kSketchBytes);

constexpr uint64_t Mix(uint64_t n) {
  n += 0x9E3779B97F4A7C15;
  n = (n ^ n >> 30) * 0xBF58476D1CE4E5B9;
  n = (n ^ n >> 27) * 0x94D049BB133111EB;
  return n ^ n >> 31;
}

// The smallest power of two, as its exponent, of which `limit` cover `count`.
unsigned LevelFor(uint64_t count, uint64_t limit) {
  unsigned level = 0;
  while (((count - 1) >> level) + 1 > limit) ++level;
  return level;
}

uint32_t RowOf(uint64_t columns, uint64_t elements) {
  if (columns <= 1 || columns >= elements || columns > UINT32_MAX) {
    return kUnitDistance;
  }
  if (columns >= kUnitElements) return static_cast<uint32_t>(columns);
  return static_cast<uint32_t>(DivideRoundingUp(kUnitElements, columns) *
                               columns);
}

// The units of an object and its strata of them.
class Units {
 public:
  Units(uint64_t elements, uint32_t row)
      : row_(row), per_row_((row - kUnitElements) / kUnitDistance + 1) {
    const uint64_t tail = elements % row;
    uint64_t units = elements / row * per_row_;
    if (tail >= kUnitElements) {
      units += (tail - kUnitElements) / kUnitDistance + 1;
    }
    if (units == 0) return;
    stride_level_ = LevelFor(units, kMaxUnits);
    count_ = ((units - 1) >> stride_level_) + 1;
    stratum_level_ = LevelFor(count_, kSketchAnchors);
  }

  // Of those that count.
  uint64_t count() const { return count_; }
  uint64_t Position(uint64_t unit) const {
    unit <<= stride_level_;
    return unit / per_row_ * row_ + unit % per_row_ * kUnitDistance;
  }
  size_t Stratum(uint64_t unit) const {
    return static_cast<size_t>(unit >> stratum_level_);
  }
  uint64_t InStratum(uint64_t unit) const {
    return unit & ((uint64_t{1} << stratum_level_) - 1);
  }
  // Nothing where there is no such unit.
  std::optional<uint64_t> Unit(size_t stratum, uint64_t in_stratum) const {
    if (in_stratum >> stratum_level_ != 0) return std::nullopt;
    const uint64_t unit = uint64_t{stratum} << stratum_level_ | in_stratum;
    if (unit >= count_) return std::nullopt;
    return unit;
  }
  // The inverse of Position().
  uint64_t UnitAt(uint64_t position) const {
    return (position / row_ * per_row_ + position % row_ / kUnitDistance) >>
           stride_level_;
  }

 private:
  const uint64_t row_;
  const uint64_t per_row_;
  uint64_t count_ = 0;
  unsigned stride_level_ = 0;
  unsigned stratum_level_ = 0;
};

uint16_t TopBits(const ElementOrder& order, uint64_t element) {
  if (order.bytes == 1) return static_cast<uint16_t>(element << 8);
  if (order.is_float)
    return static_cast<uint16_t>(element >> (order.bits() - 16));
  return static_cast<uint16_t>(order.bytes == 2 ? element : element >> 16);
}

uint16_t FineBits(const ElementOrder& order, uint64_t element) {
  if (order.bytes <= 2) return TopBits(order, element);
  if (order.is_float)
    return static_cast<uint16_t>(element >> (order.bits() - 32));
  return static_cast<uint16_t>(element);
}

// Reads pieces of an object in ascending order, several at once where they lie
// close together.
class PieceReader {
 public:
  // `distance`: bytes from one piece to the next, about.
  PieceReader(const RangeReader& read, uint64_t length, uint64_t distance)
      : read_(read),
        length_(length),
        ahead_(distance <= kSketchReadBytes / 8) {}

  Result<const std::byte*> Read(uint64_t offset, uint64_t size) {
    if (offset < begin_ || offset + size > begin_ + buffer_.size()) {
      const uint64_t wanted = ahead_ ? kSketchReadBytes : size;
      begin_ = offset;
      buffer_.resize(std::min(wanted, length_ - offset));
      INGOT_TRY(read_(offset, buffer_));
    }
    return buffer_.data() + (offset - begin_);
  }

 private:
  const RangeReader& read_;
  const uint64_t length_;
  const bool ahead_;
  uint64_t begin_ = 0;
  std::vector<std::byte> buffer_;
};

Status FindPlaces(const ElementOrder& order, const RangeReader& read,
                  Sketch* sketch) {
  std::array<std::byte, 8> bytes;
  for (size_t i = 0; i < kSketchPlaces; ++i) {
    const uint64_t position = SketchPlace(i, sketch->level, 0);
    if (position >= sketch->elements) continue;
    INGOT_TRY(read(position * order.bytes,
                   MutableByteSpan(bytes).first(order.bytes)));
    sketch->places[i] = TopBits(order, order.Load(bytes.data()));
  }
  return {};
}

uint32_t OrderWord(const ElementOrder& order, const std::byte* unit) {
  uint32_t word = 0;
  for (unsigned i = 0; i < 32; ++i) {
    const int64_t a = order.Value(order.Load(unit + 2 * i * order.bytes));
    const int64_t b = order.Value(order.Load(unit + (2 * i + 1) * order.bytes));
    word |= static_cast<uint32_t>(a < b) << i;
  }
  return word;
}

Status FindAnchors(const ElementOrder& order, const RangeReader& read,
                   Sketch* sketch) {
  const Units units(sketch->elements, sketch->row);
  if (units.count() == 0) return {};
  const uint64_t distance =
      units.count() > 1 ? units.Position(1) * order.bytes : 0;
  PieceReader pieces(read, sketch->elements * order.bytes, distance);
  std::array<uint64_t, kSketchAnchors> lowest;
  lowest.fill(UINT64_MAX);
  for (uint64_t unit = 0; unit < units.count(); ++unit) {
    const uint64_t position = units.Position(unit);
    INGOT_ASSIGN(
        const std::byte* const bytes,
        pieces.Read(position * order.bytes, kUnitElements * order.bytes));
    const uint32_t word = OrderWord(order, bytes);
    const int ones = std::popcount(word);
    if (ones < 4 || ones > 28) continue;
    const uint64_t mixed = Mix(word);
    const size_t stratum = units.Stratum(unit);
    if (mixed >> 32 >= lowest[stratum]) continue;
    lowest[stratum] = mixed >> 32;
    const uint64_t sampled = mixed >> 12 & (kUnitElements - 1);
    sketch->anchors[stratum] = Sketch::Anchor{
        .position = position,
        .key = static_cast<uint16_t>(mixed & 0xFFF),
        .fine = FineBits(order, order.Load(bytes + sampled * order.bytes))};
  }
  return {};
}

Error BadSketch(const std::string& what) {
  return Corruption("sketch: " + what);
}

}  // namespace

uint64_t SketchPlace(uint64_t index, unsigned level, unsigned to_level) {
  for (; level > to_level; --level) {
    index = 2 * index + (Mix((uint64_t{level} << 56) + index) & 1);
  }
  return index;
}

Result<std::optional<Sketch>> MakeSketch(DType dtype, uint64_t columns,
                                         uint64_t length,
                                         const RangeReader& read) {
  if (length < kMinSketchedBytes || length > kMaxElements) {
    return std::optional<Sketch>();
  }
  const ElementOrder order = ElementOrderOf(dtype);
  Sketch sketch;
  sketch.dtype = dtype;
  sketch.elements = length / order.bytes;
  if (GetDTypeInfo(dtype).block_elements > 1) {
    columns =
        columns > UINT32_MAX ? 0 : columns * (GetDTypeInfo(dtype).bits / 8);
  }
  sketch.row = RowOf(columns, sketch.elements);
  sketch.level = LevelFor(sketch.elements, kSketchPlaces);
  INGOT_TRY(FindPlaces(order, read, &sketch));
  INGOT_TRY(FindAnchors(order, read, &sketch));
  return std::optional<Sketch>(sketch);
}

std::array<std::byte, kSketchBytes> SerializeSketch(const Sketch& sketch) {
  std::array<std::byte, kSketchBytes> bytes{};
  StoreLittleEndian(bytes.data(),
                    kVersion |
                        uint64_t{static_cast<uint8_t>(sketch.dtype)} << 8 |
                        sketch.elements << 16);
  StoreLittleEndian(bytes.data() + 8, sketch.row);
  for (size_t i = 0; i < kSketchPlaces; ++i) {
    StoreLittleEndian(bytes.data() + kSketchHeaderBytes + 2 * i,
                      sketch.places[i].value_or(0));
  }
  const Units units(sketch.elements, sketch.row);
  std::byte* out = bytes.data() + kSketchHeaderBytes + 2 * kSketchPlaces;
  for (const std::optional<Sketch::Anchor>& anchor : sketch.anchors) {
    uint64_t packed = kNoAnchor;
    if (anchor) {
      packed = units.InStratum(units.UnitAt(anchor->position)) |
               uint64_t{anchor->key} << 12 | uint64_t{anchor->fine} << 24;
    }
    std::memcpy(out, &packed, kAnchorBytes);
    out += kAnchorBytes;
  }
  return bytes;
}

Result<Sketch> ParseSketch(ByteSpan bytes) {
  if (bytes.size() != kSketchBytes) {
    return BadSketch(std::to_string(bytes.size()) + " bytes, expected " +
                     std::to_string(kSketchBytes));
  }
  const auto header = LoadLittleEndian<uint64_t>(bytes.data());
  if ((header & 0xFF) != kVersion) {
    return Unsupported("sketch: version " + std::to_string(header & 0xFF) +
                       ", expected 1");
  }
  const std::optional<DType> dtype =
      DTypeFromNumber(static_cast<uint8_t>(header >> 8));
  if (!dtype || !IsCodable(*dtype)) {
    return BadSketch("offset 1: no dtype of objects");
  }
  Sketch sketch;
  sketch.dtype = *dtype;
  sketch.elements = header >> 16;
  sketch.row = LoadLittleEndian<uint32_t>(bytes.data() + 8);
  const uint64_t element_bytes = ElementOrderOf(*dtype).bytes;
  if (sketch.elements < kMinSketchedBytes / element_bytes ||
      sketch.elements > kMaxElements / element_bytes) {
    return BadSketch("offset 2: an object of " +
                     std::to_string(sketch.elements) + " elements has none");
  }
  if (sketch.row < kUnitElements) {
    return BadSketch("offset 8: row of " + std::to_string(sketch.row) +
                     " elements");
  }
  sketch.level = LevelFor(sketch.elements, kSketchPlaces);
  for (size_t i = 0; i < kSketchPlaces; ++i) {
    const size_t offset = kSketchHeaderBytes + 2 * i;
    const auto place = LoadLittleEndian<uint16_t>(bytes.data() + offset);
    if (SketchPlace(i, sketch.level, 0) < sketch.elements) {
      sketch.places[i] = place;
    } else if (place != 0) {
      return BadSketch("offset " + std::to_string(offset) +
                       ": place outside the object");
    }
  }
  const Units units(sketch.elements, sketch.row);
  for (size_t i = 0; i < kSketchAnchors; ++i) {
    const size_t offset =
        kSketchHeaderBytes + 2 * kSketchPlaces + kAnchorBytes * i;
    uint64_t packed = 0;
    std::memcpy(&packed, bytes.data() + offset, kAnchorBytes);
    if (packed == kNoAnchor) continue;
    const std::optional<uint64_t> unit = units.Unit(i, packed & 0xFFF);
    if (!unit) {
      return BadSketch("offset " + std::to_string(offset) +
                       ": anchor outside the object");
    }
    sketch.anchors[i] =
        Sketch::Anchor{.position = units.Position(*unit),
                       .key = static_cast<uint16_t>(packed >> 12 & 0xFFF),
                       .fine = static_cast<uint16_t>(packed >> 24)};
  }
  return sketch;
}

}  // namespace ingot
