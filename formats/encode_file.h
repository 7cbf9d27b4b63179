// EncodeFile: feeds one file through its Layout into a StreamEncoder, region
// by region, so that the container can restore it byte for byte.
//
//   Result<Layout> layout = ChooseLayout(*source, std::nullopt);
//   EncodeFile(*source, *layout, {.path = "model.safetensors"}, &encoder, {});
//
// Bytes are read straight into the encoder's memory. For what cannot seek see
// formats/encode_stream.h.
//
// Thread-safety: one thread at a time for each encoder.

#ifndef INGOT_FORMATS_ENCODE_FILE_H_
#define INGOT_FORMATS_ENCODE_FILE_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "codec/dtype.h"
#include "codec/manifest.h"
#include "codec/result.h"
#include "codec/source.h"
#include "codec/stream_encoder.h"
#include "formats/layout.h"

namespace ingot {

class BaseModels;

// How to see a file whose elements the caller knows, whatever it looks like.
struct RawElements {
  DType dtype = DType::kBytes;
  uint64_t columns = 0;  // elements (weights) of a row; 0: unknown
};

// Told how many raw bytes have been read since the last call; may be empty.
using EncodeProgress = std::function<void(uint64_t raw_bytes)>;

// May change how a region is coded, whose bases have been found already.
using AdjustRegion =
    std::function<void(const Region& region, RegionInfo* info)>;

// RawLayout where `raw` is given, else DetectLayout.
Result<Layout> ChooseLayout(const Source& source,
                            const std::optional<RawElements>& raw);

// Writes the bytes of a region that has been begun and is not ended here.
Status FeedRegion(const Source& source, const Region& region,
                  StreamEncoder* encoder, const EncodeProgress& progress);

// Writes one file of `encoder`'s container; returns its address. `layout` is
// that of `source`, and replaces info.format. A source that has become shorter
// meanwhile is kConflict. `bases`, if not null, are what regions are predicted
// from, and the encoder's source of references.
Result<ObjectId> EncodeFile(const Source& source, const Layout& layout,
                            FileInfo info, StreamEncoder* encoder,
                            const EncodeProgress& progress,
                            BaseModels* bases = nullptr,
                            const AdjustRegion& adjust = {});

}  // namespace ingot

#endif  // INGOT_FORMATS_ENCODE_FILE_H_
