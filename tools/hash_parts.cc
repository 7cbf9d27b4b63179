#include "tools/hash_parts.h"

#include <algorithm>

namespace ingot {

Result<std::vector<Digest>> HashParts(const ReadRange& read, uint64_t length,
                                      uint64_t part_bytes) {
  constexpr uint64_t kPiece = uint64_t{4} << 20;
  std::vector<Digest> digests;
  std::vector<std::byte> buffer;
  Hasher hasher;
  uint64_t end = std::min(length, part_bytes);  // of the part
  for (uint64_t at = 0; at < length;) {
    buffer.resize(std::min(kPiece, end - at));
    INGOT_TRY(read(at, buffer));
    hasher.Update(buffer);
    at += buffer.size();
    if (at < end) continue;
    digests.push_back(hasher.Finish());
    end += std::min(length - end, part_bytes);
  }
  return digests;
}

}  // namespace ingot
