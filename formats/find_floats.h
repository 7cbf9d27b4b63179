// Finds floats in the literals of a layout: weights in files of no known
// format, or in parts that a format says nothing of.
//
// The literal is looked at in chunks; neighbours that look like the same dtype
// and alignment become one region. A wrong guess costs space, never
// correctness.
//
// Thread-safety: may be called from any thread.

#ifndef INGOT_FORMATS_FIND_FLOATS_H_
#define INGOT_FORMATS_FIND_FLOATS_H_

#include "codec/result.h"
#include "codec/source.h"
#include "formats/layout.h"

namespace ingot {

// `layout` with raw regions where its literals hold floats. Reads literals
// from 8 KiB on, of those from 16 MiB on one chunk of sixteen.
Result<Layout> FindFloats(const Source& source, Layout layout);

}  // namespace ingot

#endif  // INGOT_FORMATS_FIND_FLOATS_H_
