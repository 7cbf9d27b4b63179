// Source: bytes to read, with a name for messages.
//
// A Source has a size and random access, like a file; pipes are not Sources
// (StreamDecoder is fed from those). Files are read with pread and never
// mapped, so that a file truncated by somebody else is an error and not a
// signal.
//
// Thread-safety: ReadAt may be called from several threads at once.

#ifndef INGOT_CODEC_SOURCE_H_
#define INGOT_CODEC_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "codec/bytes.h"
#include "codec/digest.h"
#include "codec/result.h"

namespace ingot {

class Source {
 public:
  virtual ~Source() = default;

  // How messages call it: a path, or "(memory)".
  virtual const std::string& name() const = 0;
  virtual uint64_t size() const = 0;

  // Fills `out` with the bytes at `offset`. Reading past the end is an error
  // (kCorruption: what promised those bytes was wrong).
  virtual Status ReadAt(uint64_t offset, MutableByteSpan out) const = 0;

  // Where who reads from `begin` on and wants to go on behind `end` had better
  // stop: behind `begin`, and not behind `end`. For Sources that would do some
  // work twice elsewhere, such as decoding a block.
  virtual uint64_t GoodEnd(uint64_t begin, uint64_t end) const {
    (void)begin;
    return end;
  }
};

// Bytes that the caller keeps alive.
std::unique_ptr<Source> MakeMemorySource(ByteSpan bytes,
                                         std::string name = "(memory)");

// A regular file, opened now and closed with the Source.
Result<std::unique_ptr<Source>> OpenFileSource(const std::string& path);

// The digest of `length` bytes from `offset` on, read a few MiB at a time.
Result<Digest> HashRange(const Source& source, uint64_t offset,
                         uint64_t length);

}  // namespace ingot

#endif  // INGOT_CODEC_SOURCE_H_
