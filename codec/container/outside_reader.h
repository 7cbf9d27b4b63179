// OutsideReader: the bytes of objects that a container refers to and does not
// hold, for its decoders and its encoder.
//
// The one place that turns what a ReferenceSource says into messages about the
// container: which object it needs, and which file had it.
//
// Thread-safety: const functions from many threads at once.

#ifndef INGOT_CODEC_CONTAINER_OUTSIDE_READER_H_
#define INGOT_CODEC_CONTAINER_OUTSIDE_READER_H_

#include <cstdint>
#include <span>

#include "codec/base/aligned_buffer.h"
#include "codec/manifest.h"
#include "codec/method/group_data.h"
#include "codec/reference_source.h"
#include "codec/result.h"

namespace ingot {

class OutsideReader {
 public:
  // `source` may be null, `files` empty: those that had the objects, for
  // messages. Both outlive the reader.
  explicit OutsideReader(ReferenceSource* source,
                         std::span<const BaseFile> files = {})
      : source_(source), files_(files) {}

  bool has_source() const { return source_ != nullptr; }

  // Bytes of an object from `offset` on. kNotFound where nobody has it;
  // kCorruption where it is shorter than the container says.
  Status Read(const Digest& object, uint64_t offset, MutableByteSpan out) const;

  // `elements` elements of `element_bytes` bytes, from element `first` on of
  // what `references` give one after the other; zeros behind them. At least
  // kKernelSlack readable bytes follow. They lie in *buffer, or where the
  // source has them in memory.
  Result<const std::byte*> ReadElements(
      std::span<const GroupReference> references, uint64_t element_bytes,
      uint64_t first, uint64_t elements, AlignedBuffer* buffer) const;

 private:
  // What the source says, about the container.
  Status Explain(const Digest& object, Status status) const;
  Error NotFound(const Digest& object, const std::string& why) const;

  ReferenceSource* source_;
  std::span<const BaseFile> files_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_OUTSIDE_READER_H_
