// StreamDecoder: decodes a container as its bytes arrive, from a pipe or a
// socket, without seeking.
//
//   StreamDecoder decoder("(stdin)", options);
//   for (;;) {
//     Result<StreamDecoder::Event> event = decoder.Next();
//     switch (*event) {
//       case kNeedInput:  decoder.Feed(next bytes), or decoder.EndInput();
//       case kFileBegin:  decoder.file() says which
//       case kRegion:     decoder.view() says what follows, if it has a name
//       case kData:       decoder.data() are the file's next bytes
//       case kFileEnd:    decoder.file_id(), decoder.note()
//       case kEnd:        the container is complete
//     }
//   }
//
// Blocks decode on a pool, a bounded number ahead of what Next has returned;
// events come in order. A reference to an object elsewhere in the container is
// kUnsupported: it needs random access (ContainerReader). What needs an object
// outside that DecodeOptions::references do not have is kNotFound. Block
// checksums are compared always, SHA-256 digests where the options say so.
//
// Memory: the bytes fed and not yet consumed, and a few blocks for each thread.
// Thread-safety: one thread at a time. After an error every call fails.

#ifndef INGOT_CODEC_STREAM_DECODER_H_
#define INGOT_CODEC_STREAM_DECODER_H_

#include <memory>
#include <optional>
#include <string>

#include "codec/bytes.h"
#include "codec/manifest.h"
#include "codec/options.h"
#include "codec/result.h"
#include "codec/tensor_view.h"

namespace ingot {

class StreamDecoder {
 public:
  enum class Event {
    kNeedInput,
    kFileBegin,
    kRegion,
    kData,
    kFileEnd,
    kEnd,
  };

  // `name` is how messages call the stream.
  StreamDecoder(std::string name, const DecodeOptions& options);
  ~StreamDecoder();

  // Bytes are copied. REQUIRES: EndInput has not been called.
  void Feed(ByteSpan bytes);
  // No more bytes will come; a container that is not complete then is
  // kCorruption ("truncated").
  void EndInput();

  Result<Event> Next();

  // Valid after the event that they belong to, until the next call of Next.
  const FileInfo& file() const;
  const std::optional<TensorView>& view() const;
  ByteSpan data() const;
  const ObjectId& file_id() const;
  const std::string& note() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_STREAM_DECODER_H_
