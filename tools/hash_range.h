// Digests of files and of parts of what can be read at any place.

#ifndef INGOT_TOOLS_HASH_RANGE_H_
#define INGOT_TOOLS_HASH_RANGE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/digest.h"
#include "codec/result.h"

namespace ingot {

using ReadRange = std::function<Status(uint64_t offset, MutableByteSpan out)>;

// Of `part_bytes` each, the last of which may be shorter.
Result<std::vector<Digest>> HashParts(const ReadRange& read, uint64_t length,
                                      uint64_t part_bytes);

Result<Digest> HashFile(const std::string& path);

}  // namespace ingot

#endif  // INGOT_TOOLS_HASH_RANGE_H_
