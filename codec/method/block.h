// BlockHeader: what a block record says about its payload (codec/FORMAT.md,
// section 4), and its encoding.
//
// Thread-safety: a value.

#ifndef INGOT_CODEC_METHOD_BLOCK_H_
#define INGOT_CODEC_METHOD_BLOCK_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/entropy/byte_coder.h"
#include "codec/method/geometry.h"
#include "codec/result.h"

namespace ingot {

// Payloads of at least this size are aligned in the container, and their
// planes in the payload, to kPayloadAlignment bytes.
inline constexpr uint64_t kAlignedPayload = 131072;
inline constexpr uint64_t kPayloadAlignment = 64;
inline constexpr uint64_t kMaxPayloadBytes = uint64_t{2} << 20;
inline constexpr size_t kMaxPlanes = 8;

// Numbers of the format.
enum class Method : uint8_t {
  kBytes = 0,
  kConstant = 1,
  kFloat = 2,
  kSplit = 3,
  kFields = 4,
  kModelled = 5,
  kPalette = 6,
  kIntegers = 7,
  kScaled = 8,
  kSparse = 9,
  kRows = 10,
  kCopy = 11,
  kTouched = 12,
  kDelta = 13,
};
// The methods of predictor 1, and no others.
constexpr bool NeedsBase(Method method) {
  return method == Method::kCopy || method == Method::kTouched ||
         method == Method::kDelta;
}
// A block is predicted from the base that its group's delta side names.
inline constexpr uint8_t kBasePredictor = 1;

// False for numbers that no method has.
bool IsMethod(uint8_t number);
std::string_view MethodName(Method method);

// Planes that a block of `method` has; nothing where it does not fit dtype.
std::optional<size_t> PlaneCount(Method method, DType dtype);

inline constexpr uint32_t kMaxPalette = 256;
inline constexpr size_t kMaxPaletteElement = 8;  // bytes
inline constexpr uint32_t kMaxSpan = uint32_t{1} << 24;

// Parameters of methods (codec/method/transform.h).
struct TransformParameters {
  uint16_t palette = 0;  // palette: its values
  uint32_t span = 0;     // scaled: neighbours in a row that share a scale
  uint8_t depth = 0;     // scaled: a code's integer is the code less this
  // scaled: the code of -0.0, plus 1; 0 where there is none.
  uint16_t negative_zero = 0;
  uint32_t changed = 0;    // touched: elements that differ from their base
  uint32_t gap_bytes = 0;  // touched: of the plane of gaps
};

// Parameters of coder tiered (section 6).
struct SubBlockTable {
  uint32_t min_escapes = 0;
  uint8_t escape_bits = 0;
  uint32_t min_segment_bytes = 0;
  uint8_t segment_bits = 0;
};

// Parameters of coders huffman and rans (section 7); rans has exception_bits
// alone.
struct StreamTable {
  uint32_t min_stream_bytes = 0;
  uint8_t stream_bits = 0;
  uint8_t exception_bits = 0;
};
inline constexpr unsigned kMaxStreamBits = 12;
inline constexpr unsigned kMaxExceptionBits = 14;
// Parameters of coder cm (section 8).
struct RunParameters {
  uint8_t run_bits = 0;  // a run has 2^run_bits elements
  uint8_t lanes = 0;
};

struct PlaneHeader {
  Coder coder = Coder::kStore;
  uint32_t length = 0;
  SubBlockTable table;  // coder tiered only
  StreamTable streams;  // coders huffman and rans only
  RunParameters runs = {};  // coder cm of symbols only
  // Method delta has a table whose escapes are not used, and for coder rans the
  // logarithm of its lanes.
  uint8_t lane_bits = 0;
};

struct BlockHeader {
  uint32_t payload_length = 0;
  uint32_t elements = 0;
  Method method = Method::kBytes;
  uint8_t predictor = 0;
  TransformParameters parameters;
  uint8_t plane_count = 0;
  std::array<PlaneHeader, kMaxPlanes> planes;
  uint64_t checksum = 0;  // XXH3 of the payload

  // Where plane `index` begins in the payload.
  uint64_t PlaneOffset(size_t index) const;
};

// "float/tiered": the method with the coder of its exponents, "bytes/zstd" with
// that of its bytes; other methods by their names.
std::string MethodText(const BlockHeader& header);

void AppendBlockHeader(const BlockHeader& header,
                       std::vector<std::byte>* body);

// Parses a block record's body and checks everything that needs no payload:
// the method fits the dtype, lengths add up, limits hold.
Result<BlockHeader> ParseBlockHeader(ByteReader* reader, DType dtype);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_BLOCK_H_
