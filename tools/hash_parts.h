// Digests of the parts of what can be read at any place.

#ifndef INGOT_TOOLS_HASH_PARTS_H_
#define INGOT_TOOLS_HASH_PARTS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "codec/bytes.h"
#include "codec/digest.h"
#include "codec/result.h"

namespace ingot {

using ReadRange = std::function<Status(uint64_t offset, MutableByteSpan out)>;

// Of `part_bytes` each, the last of which may be shorter.
Result<std::vector<Digest>> HashParts(const ReadRange& read, uint64_t length,
                                      uint64_t part_bytes);

}  // namespace ingot

#endif  // INGOT_TOOLS_HASH_PARTS_H_
