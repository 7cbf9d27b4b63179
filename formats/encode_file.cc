#include "formats/encode_file.h"

#include <algorithm>
#include <utility>

#include "formats/base_models.h"
#include "formats/format_table.h"

namespace ingot {
namespace {

// Reads of this size keep the progress lively and cost nothing.
constexpr uint64_t kFileReadBytes = uint64_t{4} << 20;

// What a source promised and no longer has is no fault of a container.
Error AsChanged(Error error) {
  if (error.kind != ErrorKind::kCorruption) return error;
  return {ErrorKind::kConflict,
          std::move(error.message) + " (changed while it was read)"};
}

}  // namespace

Result<Layout> ChooseLayout(const Source& source,
                            const std::optional<RawElements>& raw) {
  Result<Layout> layout =
      raw ? RawLayout(source.size(), raw->dtype, raw->columns)
          : DetectLayout(source);
  if (!layout.ok()) return AsChanged(std::move(layout).error());
  return layout;
}

Status FeedRegion(const Source& source, const Region& region,
                  StreamEncoder* encoder, const EncodeProgress& progress) {
  uint64_t done = 0;
  while (done < region.length) {
    INGOT_ASSIGN(MutableByteSpan room, encoder->Reserve());
    room = room.first(std::min(
        {uint64_t{room.size()}, kFileReadBytes, region.length - done}));
    if (Status read = source.ReadAt(region.offset + done, room); !read.ok()) {
      return AsChanged(std::move(read).error());
    }
    INGOT_TRY(encoder->Commit(room.size()));
    done += room.size();
    if (progress) progress(room.size());
  }
  return {};
}

Result<ObjectId> EncodeFile(const Source& source, const Layout& layout,
                            FileInfo info, StreamEncoder* encoder,
                            const EncodeProgress& progress, BaseModels* bases,
                            const AdjustRegion& adjust) {
  info.format = layout.format();
  INGOT_TRY(encoder->BeginFile(info));
  for (const Region& region : layout.regions()) {
    RegionInfo coded{.view = region.tensor,
                     .element_dtype = region.element_dtype,
                     .columns = region.columns};
    if (bases != nullptr) {
      INGOT_ASSIGN(coded.bases,
                   bases->FindBase(coded, region.length, region.offset));
    }
    if (adjust) adjust(region, &coded);
    INGOT_TRY(encoder->BeginRegion(coded));
    INGOT_TRY(FeedRegion(source, region, encoder, progress));
    INGOT_TRY(encoder->EndRegion());
  }
  if (bases != nullptr) INGOT_TRY(bases->NameFiles(encoder));
  return encoder->EndFile(layout.note());
}

}  // namespace ingot
