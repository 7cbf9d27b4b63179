// The NPY format of numpy's arrays (NEP 1; numpy/lib/format.py), versions 1 to
// 3:
//
//   6      "\x93NUMPY"
//   u8 u8  version
//   u16    length of the header (u32 from version 2 on)
//   ...    header: a dict as Python writes it, padded with spaces:
//          {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
//   rest   the elements
//
// The elements become one tensor, "array". In Fortran order and where the
// dtype is none of Ingot's by that name (complex128, datetime64) the shape is
// flat. Elements that are big-endian or have no dtype (strings, objects,
// records) break a rule in Ingot's sense and stay opaque, as do bytes that are
// fewer or more than the shape's.
//
// Limits: a header of 64 KiB, and those of codec/tensor_view.h and layout.h.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_FORMATS_NPY_H_
#define INGOT_FORMATS_NPY_H_

#include <cstdint>
#include <optional>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"
#include "formats/layout.h"

namespace ingot {

bool LooksLikeNpy(ByteSpan first_bytes);

// `source` need not hold the elements: for a pipe it may be a prefix of the
// file, and without `file_size` the file is taken to end with the array.
// Errors: reading failed.
Result<ParsedLayout> ParseNpy(const Source& source,
                              std::optional<uint64_t> file_size);

}  // namespace ingot

#endif  // INGOT_FORMATS_NPY_H_
