// EncodeStream: the twin of EncodeFile for what cannot seek and does not tell
// its length, such as a pipe.
//
// A stream in a format whose header comes first is parsed from that alone,
// which waits in memory until it is complete (of safetensors 8 + N bytes, at
// most 100 MB; of others at most 64 MiB; growing only as bytes arrive); the
// tensors then pass through. Whatever follows, the stream is stored exactly:
// one that ends early, or goes on where its format does not allow it, gets a
// note, as does a header that breaks a rule. A zip archive, whose directory
// comes last, is opaque unless it is whole in the first MiB.
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
// messages call the stream; info.format is replaced. `bases` as in EncodeFile.
Result<ObjectId> EncodeStream(const StreamReader& read, const std::string& name,
                              const std::optional<RawElements>& raw,
                              FileInfo info, StreamEncoder* encoder,
                              const EncodeProgress& progress,
                              BaseModels* bases = nullptr);

}  // namespace ingot

#endif  // INGOT_FORMATS_ENCODE_STREAM_H_
