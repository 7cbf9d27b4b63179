#include "daemon/ingest/file_tensors.h"

#include <memory>
#include <utility>

#include "formats/format_table.h"

namespace ingot::ingest {
namespace {

// Takes what the query wants; false when it has all of it.
bool Take(FileTensor tensor, const TensorQuery& query, FileTensors* found) {
  const size_t index = found->total++;
  if (query.name) {
    if (tensor.view.name != *query.name) return true;
    found->tensors.push_back(std::move(tensor));
    return false;
  }
  if (index >= query.first && index - query.first < query.limit) {
    found->tensors.push_back(std::move(tensor));
  }
  return true;
}

FileTensors FromManifest(const ContainerReader& reader, const Manifest& file,
                         const TensorQuery& query) {
  FileTensors found;
  found.format = file.info.format;
  uint64_t offset = 0;
  for (const Segment& segment : file.segments) {
    const uint64_t begin = offset;
    offset += segment.length;
    if (!segment.view) continue;
    FileTensor tensor;
    tensor.view = *segment.view;
    tensor.offset = begin;
    tensor.length = segment.length;
    if (segment.kind == Segment::Kind::kObject) {
      tensor.object = reader.object(segment.object).id;
    } else if (segment.kind == Segment::Kind::kOutside) {
      tensor.object = segment.outside;
    }
    if (!Take(std::move(tensor), query, &found)) break;
  }
  return found;
}

}  // namespace

Result<FileTensors> ListTensors(const Source& source,
                                const TensorQuery& query) {
  FileTensors found;
  const Result<Layout> layout = DetectLayout(source);
  if (!layout.ok()) {
    // A file beyond the limits of layouts is one without tensors.
    if (layout.error().kind != ErrorKind::kResourceExhausted) {
      return layout.error();
    }
    found.format = "opaque";
    return found;
  }
  found.format = layout->format();
  for (const Region& region : layout->regions()) {
    if (!region.tensor) continue;
    FileTensor tensor;
    tensor.view = *region.tensor;
    tensor.offset = region.offset;
    tensor.length = region.length;
    if (!Take(std::move(tensor), query, &found)) break;
  }
  return found;
}

Result<FileTensors> ListTensors(store::Store* store, const StoredFiles& files,
                                const Digest& file, const TensorQuery& query) {
  INGOT_ASSIGN(const auto places, store->packs().FindFile(file));
  for (const store::PackPlace& place : places) {
    FileTensors found;
    const Status read = files.objects()->WithPack(
        place.pack, [&](ContainerReader* reader) -> Status {
          if (place.index >= reader->files().size() ||
              reader->files()[place.index].id.digest != file) {
            return Corruption(reader->name() +
                              ": is not the pack that was sealed");
          }
          found = FromManifest(*reader, reader->files()[place.index], query);
          return {};
        });
    if (read.ok()) return found;
  }
  // Staged, or packed in packs that are damaged: then reading says so.
  INGOT_ASSIGN(const std::unique_ptr<Source> source, files.Open(file));
  return ListTensors(*source, query);
}

}  // namespace ingot::ingest
