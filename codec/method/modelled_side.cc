#include "codec/method/modelled_side.h"

#include <algorithm>
#include <array>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/entropy/cm/byte_vector_coder.h"
#include "codec/method/group_side.h"

namespace ingot {
namespace {

constexpr uint8_t kHasRows = 1;
constexpr uint8_t kHasColumns = 2;
constexpr unsigned kScalePhases = 16;

// Knots follow each other closely: their differences modulo 256 are sent.
std::vector<uint8_t> Differences(const std::vector<uint8_t>& knots) {
  std::vector<uint8_t> differences(knots.size());
  uint8_t previous = 0;
  for (size_t i = 0; i < knots.size(); ++i) {
    differences[i] = static_cast<uint8_t>(knots[i] - previous);
    previous = knots[i];
  }
  return differences;
}

Result<uint8_t> ReadAtMost(ByteReader* reader, unsigned limit,
                           const char* what) {
  INGOT_ASSIGN(const uint8_t value, reader->ReadU8());
  if (value > limit) {
    return reader->Corrupt(std::string(what) + " of " + std::to_string(value) +
                           ", expected at most " + std::to_string(limit));
  }
  return value;
}

Status ParseStart(ByteReader* reader, FloatLayout layout, ModelStart* start) {
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  const unsigned max_top =
      std::min<unsigned>(kMaxModelledTopBits, info.mantissa_bits);
  INGOT_ASSIGN(start->shape.top_bits, ReadAtMost(reader, max_top, "top bits"));
  INGOT_ASSIGN(start->shape.window, ReadAtMost(reader, kMaxWindow, "window"));
  INGOT_ASSIGN(start->confidence,
               ReadAtMost(reader, kMaxCount / 4, "confidence"));
  INGOT_ASSIGN(start->zeros, reader->ReadU16());
  if (start->zeros == 0) return reader->Corrupt("share of zeros is 0");
  INGOT_ASSIGN(start->knot_spacing,
               ReadAtMost(reader, kMaxKnotSpacing, "knot spacing"));
  if (start->knot_spacing < kMinKnotSpacing) {
    return reader->Corrupt("knot spacing below 2");
  }
  INGOT_ASSIGN(start->first_knot, reader->ReadU8());
  INGOT_ASSIGN(const uint8_t knots, reader->ReadU8());
  if (start->first_knot + unsigned{knots} > MaxKnots(start->knot_spacing)) {
    return reader->Corrupt("knots beyond the last cell");
  }
  start->knots.resize(knots);
  CompleteStart(layout, start);
  return {};
}

}  // namespace

void CompleteStart(FloatLayout layout, ModelStart* start) {
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  start->shape.escape_bits = info.exponent_bits;
  start->rounded = start->shape.top_bits == info.mantissa_bits;
}

void FillScales(const ModelledSide& side, const Geometry& geometry,
                uint64_t group_first, uint64_t first,
                std::span<uint8_t> classes, int16_t* octaves) {
  const uint64_t columns = geometry.columns;
  const uint64_t first_row = group_first / columns;
  const auto put = [&](size_t i, int32_t scale) {
    classes[i] = static_cast<uint8_t>(scale & (kScalePhases - 1));
    octaves[i] = static_cast<int16_t>(scale >> 4);
  };
  if (!side.has_scales()) {
    for (size_t i = 0; i < classes.size(); ++i) put(i, side.base);
    return;
  }
  for (size_t done = 0; done < classes.size();) {
    const uint64_t row = (first + done) / columns;
    const uint64_t column = (first + done) % columns;
    const auto length = static_cast<size_t>(
        std::min<uint64_t>(classes.size() - done, columns - column));
    int32_t scale = side.base;
    if (!side.rows.empty()) {
      scale += side.rows[row - first_row] << side.row_step;
    }
    if (side.columns.empty()) {
      for (size_t i = 0; i < length; ++i) put(done + i, scale);
    } else {
      const uint8_t* const steps = side.columns.data() + column;
      for (size_t i = 0; i < length; ++i) {
        put(done + i, scale + (steps[i] << side.column_step));
      }
    }
    done += length;
  }
}

void AppendModelledSide(const ModelledSide& side,
                        std::vector<std::byte>* body) {
  const ModelStart& start = side.start;
  ByteWriter writer(body);
  writer.WriteU8(
      static_cast<uint8_t>((side.rows.empty() ? 0 : kHasRows) |
                           (side.columns.empty() ? 0 : kHasColumns)));
  writer.WriteU16(static_cast<uint16_t>(side.base));
  if (!side.rows.empty()) writer.WriteU8(side.row_step);
  if (!side.columns.empty()) writer.WriteU8(side.column_step);
  writer.WriteU8(start.shape.top_bits);
  writer.WriteU8(start.shape.window);
  writer.WriteU8(start.confidence);
  writer.WriteU16(start.zeros);
  writer.WriteU8(start.knot_spacing);
  writer.WriteU8(start.first_knot);
  writer.WriteU8(static_cast<uint8_t>(start.knots.size()));
  const std::vector<uint8_t> knots = Differences(start.knots);
  const std::array<std::span<const uint8_t>, 3> vectors = {knots, side.rows,
                                                           side.columns};
  EncodeByteVectors(vectors, body);
}

Result<ModelledSide> ParseModelledSide(ByteReader* reader,
                                       const Geometry& geometry, uint64_t first,
                                       uint64_t elements) {
  ModelledSide side;
  INGOT_ASSIGN(const uint8_t flags,
               ReadAtMost(reader, kHasRows | kHasColumns, "group flags"));
  INGOT_ASSIGN(const uint16_t base, reader->ReadU16());
  side.base = static_cast<int16_t>(base);
  uint64_t rows = 0;
  uint64_t columns = 0;
  if (flags & kHasRows) {
    INGOT_ASSIGN(side.row_step, ReadAtMost(reader, kMaxScaleStep, "row step"));
    rows = RowsInGroup(geometry, first, elements);
  }
  if (flags & kHasColumns) {
    if (geometry.columns > kMaxModelledColumns) {
      return reader->Corrupt("column scales for more than 2^20 columns");
    }
    INGOT_ASSIGN(side.column_step,
                 ReadAtMost(reader, kMaxScaleStep, "column step"));
    columns = geometry.columns;
  }
  INGOT_TRY(ParseStart(reader, *FloatLayoutOf(geometry.dtype), &side.start));
  if ((rows + columns) / kMaxScalesPerByte > reader->remaining()) {
    return reader->Corrupt(std::to_string(rows + columns) +
                           " scales do not fit the record");
  }
  side.rows.resize(rows);
  side.columns.resize(columns);
  const std::array<std::span<uint8_t>, 3> vectors = {side.start.knots,
                                                     side.rows, side.columns};
  INGOT_ASSIGN(const ByteSpan encoded, reader->ReadBytes(reader->remaining()));
  if (!DecodeByteVectors(encoded, vectors)) {
    return reader->Corrupt("knots and scales do not fill the record");
  }
  uint8_t knot = 0;
  for (uint8_t& value : side.start.knots) {
    value = static_cast<uint8_t>(knot + value);
    knot = value;
  }
  StartModel(side.start, &side.model);
  return side;
}

}  // namespace ingot
