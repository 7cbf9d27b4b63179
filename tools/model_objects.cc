#include "tools/model_objects.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace ingot {
namespace {

// The first bytes of every container (codec/FORMAT.md, "Header").
constexpr std::array<uint8_t, 8> kMagic = {0x89, 'I', 'N',  'G',
                                           'O',  'T', '\r', '\n'};
// At least a block of most kinds of elements.
constexpr uint64_t kWindowBytes = uint64_t{512} << 10;
// Smaller ones are literals in containers.
constexpr uint64_t kMinObjectBytes = 4096;

Result<bool> IsContainer(const Source& source) {
  std::array<std::byte, kMagic.size()> first;
  if (source.size() < first.size()) return false;
  INGOT_TRY(source.ReadAt(0, first));
  return std::memcmp(first.data(), kMagic.data(), first.size()) == 0;
}

}  // namespace

Result<std::unique_ptr<ModelObjects>> ModelObjects::Open(
    const std::string& path, const std::optional<RawElements>& raw) {
  auto model = std::make_unique<ModelObjects>();
  INGOT_ASSIGN(model->source_, OpenFileSource(path));
  INGOT_ASSIGN(const bool is_container, IsContainer(*model->source_));
  if (is_container) {
    INGOT_ASSIGN(
        model->container_,
        ContainerReader::Open(std::move(model->source_), {.threads = 1}));
    model->AddSegments();
  } else {
    INGOT_TRY(model->AddRegions(raw));
  }
  return model;
}

Status ModelObjects::AddRegions(const std::optional<RawElements>& raw) {
  size_ = source_->size();
  INGOT_ASSIGN(const Layout layout, ChooseLayout(*source_, raw));
  for (const Region& region : layout.regions()) {
    if (region.length < kMinObjectBytes) continue;
    objects_.push_back({.name = region.tensor ? region.tensor->name : "",
                        .dtype = region.element_dtype,
                        .columns = region.columns,
                        .length = region.length});
    Place place;
    place.offset = region.offset;
    places_.push_back(place);
  }
  return {};
}

void ModelObjects::AddSegments() {
  for (size_t file = 0; file < container_->files().size(); ++file) {
    const Manifest& manifest = container_->files()[file];
    size_ += manifest.id.length;
    for (size_t i = 0; i < manifest.segments.size(); ++i) {
      const Segment& segment = manifest.segments[i];
      if (segment.kind != Segment::Kind::kObject) continue;
      const ObjectInfo info = container_->object(segment.object);
      objects_.push_back({.name = segment.view ? segment.view->name : "",
                          .dtype = info.element_dtype,
                          .columns = info.columns,
                          .length = segment.length});
      Place place;
      place.file = file;
      place.segment = i;
      places_.push_back(place);
    }
  }
}

Status ModelObjects::Read(size_t object, uint64_t offset, MutableByteSpan out) {
  if (container_ == nullptr) {
    return source_->ReadAt(places_[object].offset + offset, out);
  }
  return ReadFromContainer(object, offset, out);
}

Status ModelObjects::ReadFromContainer(size_t object, uint64_t offset,
                                       MutableByteSpan out) {
  while (!out.empty()) {
    const uint64_t window_end = window_begin_ + window_.size();
    if (window_.empty() || object != window_object_ || offset < window_begin_ ||
        offset >= window_end) {
      window_.clear();
      window_object_ = object;
      window_begin_ = offset / kWindowBytes * kWindowBytes;
      const uint64_t end =
          std::min(window_begin_ + kWindowBytes, objects_[object].length);
      const Place& place = places_[object];
      INGOT_TRY(container_->ReadSegment(
          place.file, place.segment, window_begin_, end,
          [this](ByteSpan bytes) {
            window_.insert(window_.end(), bytes.begin(), bytes.end());
            return Status();
          }));
    }
    const uint64_t skip = offset - window_begin_;
    const auto count = static_cast<size_t>(
        std::min<uint64_t>(window_.size() - skip, out.size()));
    std::memcpy(out.data(), window_.data() + skip, count);
    out = out.subspan(count);
    offset += count;
  }
  return {};
}

}  // namespace ingot
