// EncodeStream: the twin of EncodeFile for what cannot seek and does not tell
// its length, such as a pipe.
//
// A stream that begins like a safetensors file is parsed from its header
// alone, which waits in memory (8 + N bytes, at most 100 MB, growing only as
// bytes arrive) until it is complete; the tensors then pass through. Whatever
// follows, the stream is stored exactly: one that ends early, or goes on
// behind its last tensor, gets a note, as does a header that breaks a rule.
//
// Thread-safety: one thread at a time for each encoder.

#ifndef INGOT_FORMATS_ENCODE_STREAM_H_
#define INGOT_FORMATS_ENCODE_STREAM_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "codec/bytes.h"
#include "codec/manifest.h"
#include "codec/result.h"
#include "codec/stream_encoder.h"
#include "formats/encode_file.h"

namespace ingot {

// Fills some of `out`, which is not empty, and returns how many bytes: as many
// as are there, at least one, and 0 at the stream's end only.
using StreamReader = std::function<Result<size_t>(MutableByteSpan out)>;

// Writes one file of `encoder`'s container; returns its address. `name` is how
// messages call the stream; info.format is replaced.
Result<ObjectId> EncodeStream(const StreamReader& read, const std::string& name,
                              const std::optional<RawElements>& raw,
                              FileInfo info, StreamEncoder* encoder,
                              const EncodeProgress& progress);

}  // namespace ingot

#endif  // INGOT_FORMATS_ENCODE_STREAM_H_
