// RecordLayout: how the fields of packed blocks (GGUF's Q4_0 ... Q6_K) become
// planes.
//
// A packed block is a record of fixed size: scales, and the quantized weights
// with their bits scattered over it. Each plane collects one field of every
// record as symbols of at most 8 bits, a byte for each: a byte of a scale, a
// pair of 4-bit weights as it lies, or a weight whose low and high bits lie
// apart (codec/FORMAT.md, section 5). Every bit of a record belongs to exactly
// one symbol, so that planes and records restore each other.
//
// Thread-safety: layouts are constants; functions may be called from any
// thread.

#ifndef INGOT_CODEC_PLANES_RECORD_LAYOUT_H_
#define INGOT_CODEC_PLANES_RECORD_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/bytes.h"
#include "codec/dtype.h"

namespace ingot {

// The bits of a symbol: `low_width` of them from bit `low_bit` of byte `low`
// upwards, above them `high_width` from bit `high_bit` of byte `high`; and the
// same of the `count` - 1 bytes that follow both.
struct RecordRun {
  uint8_t low = 0;
  uint8_t low_bit = 0;
  uint8_t low_width = 8;
  uint8_t high = 0;
  uint8_t high_bit = 0;
  uint8_t high_width = 0;
  uint8_t count = 1;
};

// One field: its symbols in each record, in the plane's order.
struct RecordPlane {
  RecordPlane(std::vector<RecordRun> symbol_runs);  // NOLINT: implicit

  std::vector<RecordRun> runs;
  size_t symbols = 0;  // of all runs
};

struct RecordLayout {
  size_t record_bytes = 0;
  std::vector<RecordPlane> planes;
};

inline constexpr size_t kMaxRecordPlanes = 8;

// The layout of a packed dtype; null for others.
const RecordLayout* RecordLayoutOf(DType dtype);

// Collects a plane: `out` has a byte for each symbol of each record.
void GatherPlane(const RecordPlane& plane, size_t record_bytes,
                 ByteSpan records, MutableByteSpan out);

// The inverse: ORs the symbols of whole records into `records`, which begin as
// zeros. Bits of a symbol beyond its width are ignored.
void ScatterPlane(const RecordPlane& plane, size_t record_bytes,
                  ByteSpan symbols, MutableByteSpan records);

}  // namespace ingot

#endif  // INGOT_CODEC_PLANES_RECORD_LAYOUT_H_
