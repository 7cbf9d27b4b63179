// ReferenceSource: where the objects come from that a container refers to and
// does not hold, such as the base of a fine-tune.
//
// Objects are asked for by digest, never by name: whoever has the bytes can
// answer. A decoder trusts what it gets as far as the digest of its own result
// goes; who implements the interface answers only for bytes whose digest it
// has computed or has reason to believe.
//
// Thread-safety: all functions may be called from many threads at once.

#ifndef INGOT_CODEC_REFERENCE_SOURCE_H_
#define INGOT_CODEC_REFERENCE_SOURCE_H_

#include <cstdint>
#include <optional>

#include "codec/bytes.h"
#include "codec/digest.h"
#include "codec/result.h"

namespace ingot {

// Longest chain of containers that each need another to be decoded: an object
// of depth 0 needs none, one of depth 1 refers to objects of depth 0, and so
// on. No decoder follows more (codec/FORMAT.md, "Depth").
inline constexpr unsigned kMaxDepth = 16;

class ReferenceSource {
 public:
  virtual ~ReferenceSource() = default;

  // Fills `out` with the bytes of the object from byte `offset` on. kNotFound
  // where nobody has the object, kInvalidArgument where it is shorter.
  virtual Status Read(const Digest& object, uint64_t offset,
                      MutableByteSpan out) = 0;

  // The same for elements that predict those of a block. Whoever else decodes
  // what is coded against them will want just the same ones.
  virtual Status ReadBase(const Digest& object, uint64_t offset,
                          MutableByteSpan out) {
    return Read(object, offset, out);
  }

  // The whole object where it lies in memory: saves a copy. Valid as long as
  // the source.
  virtual std::optional<ByteSpan> InMemory(const Digest& object) {
    (void)object;
    return std::nullopt;
  }
};

}  // namespace ingot

#endif  // INGOT_CODEC_REFERENCE_SOURCE_H_
