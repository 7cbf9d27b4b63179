// ModelledSide: the side data of groups whose blocks use the modelled method:
// fine scales and the model that runs start from (codec/FORMAT.md, section 3).
//
// Thread-safety: a value; read by many threads once built.

#ifndef INGOT_CODEC_METHOD_MODELLED_SIDE_H_
#define INGOT_CODEC_METHOD_MODELLED_SIDE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/entropy/cm/model_start.h"
#include "codec/method/geometry.h"
#include "codec/planes/float_layout.h"
#include "codec/result.h"

namespace ingot {

// Columns beyond which their scales are not sent: a group has too few rows to
// gain from them.
inline constexpr uint64_t kMaxModelledColumns = uint64_t{1} << 20;
// Scales for each byte of their code, at most; a hostile record cannot make a
// reader allocate more.
inline constexpr uint64_t kMaxScalesPerByte = 512;
inline constexpr unsigned kMaxScaleStep = 4;

struct ModelledSide {
  ModelStart start;
  // The scale of an element in sixteenths of an octave is
  // base + (rows[i] << row_step) + (columns[j] << column_step).
  int16_t base = 0;
  uint8_t row_step = 0;
  uint8_t column_step = 0;
  // One for each row that begins in the group or reaches into it, and one for
  // each column; empty where not sent.
  std::vector<uint8_t> rows;
  std::vector<uint8_t> columns;
  // Follows from `start`.
  SymbolModel model;

  bool has_scales() const { return !rows.empty() || !columns.empty(); }
};

// The shape's escape bits and whether elements are rounded to the top follow
// from the dtype.
void CompleteStart(FloatLayout layout, ModelStart* start);

// The classes and octaves of elements [first, first + classes.size()) of an
// object, which lie in the group that begins at `group_first`: the low four
// bits of the scale and the others.
void FillScales(const ModelledSide& side, const Geometry& geometry,
                uint64_t group_first, uint64_t first,
                std::span<uint8_t> classes, int16_t* octaves);

// The record's body behind `elements` and `kind`.
void AppendModelledSide(const ModelledSide& side, std::vector<std::byte>* body);

// REQUIRES: the dtype has a FloatLayout.
Result<ModelledSide> ParseModelledSide(ByteReader* reader,
                                       const Geometry& geometry, uint64_t first,
                                       uint64_t elements);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_MODELLED_SIDE_H_
