// The JSON header of a safetensors file, read as a stream of events.
//
// Everything that one entry of the header can be checked for by itself is
// checked here; how the tensors lie in the file is not.

#ifndef INGOT_FORMATS_SAFETENSORS_HEADER_H_
#define INGOT_FORMATS_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <variant>
#include <vector>

#include "codec/result.h"
#include "codec/source.h"
#include "codec/tensor_view.h"
#include "formats/layout.h"

namespace ingot {

struct SafetensorsEntry {
  TensorView view;     // its ByteSize() is end - begin
  uint64_t begin = 0;  // in bytes from the end of the header
  uint64_t end = 0;
  uint64_t key_offset = 0;  // in the file: where the entry's key ends
};

using SafetensorsHeader =
    std::variant<std::vector<SafetensorsEntry>, BrokenRule>;

// Reads the header that lies at [begin, end) of `source`. The entries keep the
// header's order. Errors: reading failed, or memory is exhausted.
Result<SafetensorsHeader> ReadSafetensorsHeader(const Source& source,
                                                uint64_t begin, uint64_t end);

}  // namespace ingot

#endif  // INGOT_FORMATS_SAFETENSORS_HEADER_H_
