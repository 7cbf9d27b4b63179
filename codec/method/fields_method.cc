#include "codec/method/fields_method.h"

#include <algorithm>

#include "codec/planes/record_layout.h"

namespace ingot {

static_assert(kMaxRecordPlanes <= kMaxPlanes);

size_t EncodeFields(ByteSpan raw, DType dtype, int level,
                    std::vector<std::byte>* plane,
                    std::vector<std::byte>* coded,
                    std::array<PlaneHeader, kMaxPlanes>* planes) {
  const RecordLayout& layout = *RecordLayoutOf(dtype);
  const size_t records = raw.size() / layout.record_bytes;
  for (size_t i = 0; i < layout.planes.size(); ++i) {
    plane->resize(records * layout.planes[i].symbols);
    GatherPlane(layout.planes[i], layout.record_bytes, raw, *plane);
    PlaneHeader& header = (*planes)[i];
    const size_t at = coded->size();
    // Weights have no repeats to look for: zstd's entropy coder is what counts,
    // and higher levels, which believe in repeats, often do worse.
    header.coder =
        EncodeBytes(*plane, {.zstd_level = 1, .try_lzma = false}, coded);
    if (const ByteEffort effort = EffortForLevel(level); effort.try_lzma) {
      std::vector<std::byte> thorough;
      const Coder coder = EncodeBytes(*plane, effort, &thorough);
      if (thorough.size() < coded->size() - at) {
        header.coder = coder;
        coded->resize(at);
        coded->insert(coded->end(), thorough.begin(), thorough.end());
      }
    }
    header.length = static_cast<uint32_t>(coded->size() - at);
  }
  return layout.planes.size();
}

Status DecodeFields(const BlockHeader& header, const std::byte* payload,
                    DType dtype, uint64_t begin, AlignedBuffer* plane,
                    MutableByteSpan out) {
  const RecordLayout& layout = *RecordLayoutOf(dtype);
  const size_t records = out.size() / layout.record_bytes;
  std::fill(out.begin(), out.end(), std::byte{0});
  for (size_t i = 0; i < layout.planes.size(); ++i) {
    const RecordPlane& field = layout.planes[i];
    const PlaneHeader& encoded = header.planes[i];
    INGOT_TRY(plane->Resize(header.elements * field.symbols));
    INGOT_TRY(
        DecodeBytes(encoded.coder,
                    ByteSpan(payload + header.PlaneOffset(i), encoded.length),
                    plane->span()));
    ScatterPlane(field, layout.record_bytes,
                 ByteSpan(plane->span())
                     .subspan(begin * field.symbols, records * field.symbols),
                 out);
  }
  return {};
}

}  // namespace ingot
