// The safetensors format, as specified in the README of the repository
// huggingface/safetensors on GitHub ("Format") and, where that is silent, by
// what its reference implementation (safetensors/src/tensor.rs) refuses.
//
//   u64    N, little-endian, at most 100,000,000
//   N      header: a JSON object in UTF-8, beginning with '{', followed by
//          nothing but spaces (0x20)
//   rest   the tensors' data
//
//   {"__metadata__": {"key": "value", ...},                  (optional)
//    "name": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}, ...}
//
// Rules: no object has a key twice; metadata maps strings to strings; a tensor
// has exactly these three fields; dtype is a known name; dimensions and offsets
// are plain non-negative integers of 64 bits; [begin, end) is counted from the
// end of the header and holds exactly dtype x shape bytes; sorted by offset the
// tensors cover the data without hole or overlap up to the end of the file.
// Scalars, tensors without elements, and headers and tensors at any alignment
// are valid.
//
// Limits of Ingot, noted like broken rules: 262,144 tensors and as many
// metadata entries, 48 MiB for all names, metadata keys and shapes (8 bytes a
// dimension), 16 MiB for one string, and those of codec/tensor_view.h and
// layout.h. The header is parsed as a stream, in less than 200 MiB of memory
// for any 100 MB.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_FORMATS_SAFETENSORS_H_
#define INGOT_FORMATS_SAFETENSORS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"
#include "formats/layout.h"

namespace ingot {

// First bytes of a file that the two functions below need.
inline constexpr size_t kSafetensorsProbeLength = 9;

// Whether a file with these first bytes is meant as safetensors, valid or not:
// a header of at least a byte begins with '{', and what would be its length is
// not text.
bool LooksLikeSafetensors(ByteSpan first_bytes);

// 8 + N: where the data of a file with these first bytes begins, and how much
// of it ParseSafetensors reads. Nothing where the file does not look like
// safetensors or N is too large.
std::optional<uint64_t> SafetensorsDataOffset(ByteSpan first_bytes);

// The layout of a safetensors file: the 8 + N bytes before the data as
// literals, then the tensors in the order of their offsets (in the order of
// the header where those are equal). `source` need not hold the data: for a
// pipe it may be the first 8 + N bytes alone, and without `file_size` the file
// is taken to end with the last tensor.
// Errors: reading failed; `source` is shorter than 8 + N bytes although the
// file is not (kInvalidArgument).
Result<ParsedLayout> ParseSafetensors(const Source& source,
                                      std::optional<uint64_t> file_size);

}  // namespace ingot

#endif  // INGOT_FORMATS_SAFETENSORS_H_
