// The GGUF format, versions 2 and 3, as specified in docs/gguf.md of the
// repository ggml-org/ggml on GitHub; where that is silent, by what ggml's own
// reader (src/gguf.cpp) refuses.
//
//   "GGUF", u32 version, u64 tensors, u64 metadata entries
//   metadata: string key, u32 type, value; a string is u64 length and bytes; an
//             array is u32 type, u64 count and the values
//   tensors:  string name, u32 dimensions, u64 each (the innermost first), u32
//             type, u64 offset
//   zeros up to a multiple of the alignment (metadata general.alignment, a
//   power of two, else 32), from which offsets are counted, then the data
//
// Tensors of plain types and of the packed blocks that codec/dtype.h names
// become tensors; of other types the bytes up to the next tensor are opaque.
// Tensors may lie in any order and apart, but neither on each other nor beyond
// the end.
//
// Limits of Ingot, noted like broken rules: 262,144 tensors, 2^20 metadata
// entries, arrays nested 4 deep, a header of 256 MiB, 48 MiB for all names, and
// those of codec/tensor_view.h and layout.h. Big-endian files are opaque.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_FORMATS_GGUF_H_
#define INGOT_FORMATS_GGUF_H_

#include <cstdint>
#include <optional>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"
#include "formats/layout.h"

namespace ingot {

bool LooksLikeGguf(ByteSpan first_bytes);

// `source` need not hold the data: for a pipe it may be a prefix of the file,
// and without `file_size` the file is taken to end with the last tensor of
// known type. Errors: reading failed.
Result<ParsedLayout> ParseGguf(const Source& source,
                               std::optional<uint64_t> file_size);

}  // namespace ingot

#endif  // INGOT_FORMATS_GGUF_H_
