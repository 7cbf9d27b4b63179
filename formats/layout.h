// Layout: the partition of a file into tensors and literal regions. Every byte
// of the file belongs to exactly one region, which Layout::Create checks; who
// holds a Layout may rely on it.
//
// A Layout describes a file and holds none of its bytes. Its size is bounded:
// a parser bounds the number of tensors, and literals and files have the
// limits below.
//
// Thread-safety: as a value type. Offsets and lengths are in bytes.

#ifndef INGOT_FORMATS_LAYOUT_H_
#define INGOT_FORMATS_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/dtype.h"
#include "codec/result.h"
#include "codec/tensor_view.h"

namespace ingot {

inline constexpr uint64_t kMaxLiteralLength = uint64_t{64} << 20;
inline constexpr uint64_t kMaxFileSize = uint64_t{1} << 44;  // 16 TiB
inline constexpr uint64_t kMaxColumns = uint64_t{1} << 40;
inline constexpr size_t kMaxTensors = size_t{1} << 18;

// A stretch of the file that is coded on its own, seen as rows of `columns`
// elements of `element_dtype`, of packed dtypes blocks (the last row may be
// short). Three kinds:
//   tensor   `tensor` is set; may have no bytes
//   raw      elements without a name: `tensor` empty, a dtype but kBytes
//   literal  opaque bytes: `tensor` empty, kBytes, 1..kMaxLiteralLength bytes
struct Region {
  uint64_t offset = 0;
  uint64_t length = 0;
  std::optional<TensorView> tensor;
  DType element_dtype = DType::kBytes;
  uint64_t columns = 1;  // 1..kMaxColumns

  bool IsLiteral() const { return !tensor && element_dtype == DType::kBytes; }
  bool operator==(const Region&) const = default;
};

// The dtype that codes elements of `dtype`: C64 is coded as pairs of F32, and
// elements smaller than a byte (F4, F6) as bytes; others as they are.
DType CodedDType(DType dtype);

// Bytes of an element as it is coded: of packed dtypes, of a block.
uint64_t CodedBytes(DType dtype);

// The region of a tensor at `offset`. Its rows are chosen to be what a matrix
// product sums over, whose weights share a scale:
//   rank 0 or 1        one row
//   rank 2             columns = the second dimension
//   [experts, out, in] columns = the last dimension where that is >= 16
//   [out, in, kh, kw]  columns = the product of all dimensions but the first
// REQUIRES: view.ByteSize() has a value.
Region TensorRegion(uint64_t offset, TensorView view);

// Appends [offset, offset + length) as literals of at most kMaxLiteralLength.
// REQUIRES: length <= kMaxFileSize.
void AppendLiterals(uint64_t offset, uint64_t length,
                    std::vector<Region>* regions);

class Layout {
 public:
  // The layout of a file of `size` bytes. `regions` must partition [0, size)
  // in order, without gap or overlap; a tensor's length must be that of its
  // dtype and shape, and elements must be whole (kInvalidArgument otherwise).
  // Files above kMaxFileSize are kResourceExhausted.
  static Result<Layout> Create(std::string_view format, uint64_t size,
                               std::vector<Region> regions,
                               std::string note = "");

  // "safetensors", "pytorch", ..., "raw", "opaque".
  const std::string& format() const { return format_; }
  uint64_t size() const { return size_; }
  const std::vector<Region>& regions() const { return regions_; }
  // Why a file that looks like a format became opaque, or parts of it did: the
  // format, the rule that it breaks and the offset, in one line. Empty if there
  // is no such why.
  const std::string& note() const { return note_; }

 private:
  Layout() = default;

  std::string format_;
  uint64_t size_ = 0;
  std::vector<Region> regions_;
  std::string note_;
};

// A whole file of `size` bytes as literals.
Result<Layout> OpaqueLayout(uint64_t size, std::string note = "");

// A whole file as elements of `dtype` in rows of `columns` (0: unknown, all of
// it one row). A tail that does not fill an element is a literal.
Result<Layout> RawLayout(uint64_t size, DType dtype, uint64_t columns);

// What parsing a file as a format yields: its Layout, or the rule of the format
// that it breaks, which is no error: such a file is stored as opaque bytes.
struct BrokenRule {
  std::string text;  // "duplicate tensor \"a\" (offset 71)", one line
};
using ParsedLayout = std::variant<Layout, BrokenRule>;

}  // namespace ingot

#endif  // INGOT_FORMATS_LAYOUT_H_
