// Extents: a container as pieces of others and bytes of its own, and a Source
// that reads them where they are.
//
// Records are compared with their checksums whenever they are read, and so are
// payloads, so that what comes out is whole or an error, whoever changed what
// it is read from meanwhile.
//
// Memory: 40 bytes for each record of another container and the own bytes; the
// Source keeps the record that it read last.
//
// Thread-safety: an ExtentSink, one thread at a time; its Source as any.

#ifndef INGOT_CODEC_CONTAINER_EXTENTS_H_
#define INGOT_CODEC_CONTAINER_EXTENTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "codec/sink.h"
#include "codec/source.h"

namespace ingot {

struct Extent {
  enum class Kind : uint8_t { kOwn, kRecord, kBlock };
  uint64_t begin = 0;     // in the container
  uint64_t position = 0;  // among the own bytes, or in the source
  uint64_t size = 0;      // there: of a block with padding and payload
  size_t source = 0;
  Kind kind = Kind::kOwn;
  uint8_t padding = 0;  // of a block in the container
};

class ExtentSink final : public Sink {
 public:
  using Origin = std::shared_ptr<const Source>;

  // Bytes of the container's own.
  Status Write(ByteSpan bytes) override;
  // A record without payload at `position` of `origin`.
  void AddRecord(const Origin& origin, uint64_t position, uint64_t size);
  // A block of `size` bytes there, of which `padding` are to stand before its
  // payload in place of the `old_padding` that do.
  void AddBlock(const Origin& origin, uint64_t position, uint64_t size,
                uint64_t old_padding, uint64_t padding);

  // Of what is read, as far as names of origins say: the same bytes have the
  // same identity.
  Digest Identity() const;
  // Called once, at the end.
  std::unique_ptr<Source> TakeSource(std::string name);

 private:
  size_t IndexOf(const Origin& origin);

  uint64_t size_ = 0;
  std::vector<std::byte> own_;
  std::vector<Origin> origins_;
  std::vector<Extent> extents_;  // in order
};

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_EXTENTS_H_
