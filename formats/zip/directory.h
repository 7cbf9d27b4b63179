// The entries of a zip archive, read from its central directory (APPNOTE.TXT
// 6.3 by PKWARE: sections 4.3.7 local header, 4.3.12 central directory, 4.3.14
// to 4.3.16 its end, 4.5.3 ZIP64). Sizes come from the directory alone, so that
// entries with data descriptors are like others; of a local header only its
// length matters. Nothing is inflated.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_FORMATS_ZIP_DIRECTORY_H_
#define INGOT_FORMATS_ZIP_DIRECTORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "codec/result.h"
#include "codec/source.h"
#include "formats/layout.h"

namespace ingot {

struct ZipEntry {
  std::string name;        // as it stands there: any bytes
  uint64_t header = 0;     // offset of the local header
  uint64_t data = 0;       // offset of the data
  uint64_t data_size = 0;  // bytes of the data as stored
  bool readable = false;   // neither compressed nor encrypted

  uint64_t end() const { return data + data_size; }
};

// In the order of their offsets; entries overlap neither each other nor the
// central directory.
using ZipDirectory = std::vector<ZipEntry>;

// Errors: reading failed. Archives of more than `max_entries` entries, or with
// a central directory of more than 64 MiB, count as broken.
Result<std::variant<ZipDirectory, BrokenRule>> ReadZipDirectory(
    const Source& source, size_t max_entries);

}  // namespace ingot

#endif  // INGOT_FORMATS_ZIP_DIRECTORY_H_
