// The table of the model file formats whose layout Ingot knows, and the
// detection of a file's format. A new format is one row of the table in
// format_table.cc.
//
// Files of no known format, and files that break a rule of theirs, are stored
// as opaque bytes: any content at all is a valid input. Formats are recognized
// from content; a file's name only makes a note more likely where its content
// does not fit the name.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_FORMATS_FORMAT_TABLE_H_
#define INGOT_FORMATS_FORMAT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"
#include "formats/layout.h"

namespace ingot {

// Bytes of a file that are enough for every probe.
inline constexpr size_t kProbeLength = 16;

struct FormatProbe {
  ByteSpan first_bytes;   // kProbeLength of them, or the whole file
  std::string_view name;  // of the file; may be empty
};

struct Format {
  std::string_view name;
  // Whether the file looks like the format, so that breaking a rule of it
  // deserves a note.
  bool (*probe)(const FormatProbe& probe);
  // The layout of a file of `file_size` bytes; without it, `source` is the
  // beginning of a pipe, and the layout ends with the last tensor.
  Result<ParsedLayout> (*parse)(const Source& source,
                                std::optional<uint64_t> file_size);
  // Whether the header comes first, so that a pipe can be parsed from it.
  bool header_first = false;
  // Whether anything may follow the last tensor.
  bool open_end = false;
};

// All formats, in the order in which they are tried.
std::span<const Format> AllFormats();

// The layout of `source` in the first format that it looks like and obeys; an
// opaque one otherwise, with a note if it looks like a format. Reads headers,
// never tensor data. Errors: reading failed, or a limit of layout.h.
Result<Layout> DetectLayout(const Source& source);

}  // namespace ingot

#endif  // INGOT_FORMATS_FORMAT_TABLE_H_
