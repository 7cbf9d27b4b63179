#include "formats/bases/base_catalog.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <system_error>
#include <utility>

#include "codec/dtype.h"
#include "formats/encode_file.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kReadBytes = uint64_t{4} << 20;
// Pieces that are worth a thread to hash them a second time.
constexpr size_t kWorthThread = size_t{1} << 20;

// Lengths of a file's beginning that whole elements of some dtype fill.
std::set<uint64_t> ElementLengths(uint64_t size) {
  std::set<uint64_t> lengths;
  for (const DTypeInfo& dtype : AllDTypes()) {
    const uint64_t bytes = CodedBytes(dtype.dtype);
    lengths.insert(size - size % bytes);
  }
  lengths.erase(0);
  return lengths;
}

// How containers name a file: relative to `folder` where it lies below that.
std::string NameIn(const std::string& folder, const std::string& path) {
  if (folder.empty()) return path;
  const fs::path name =
      fs::path(path).lexically_relative(fs::path(folder).lexically_normal());
  const bool below = !name.empty() && *name.begin() != "..";
  return below ? name.string() : path;
}

const std::vector<size_t>& NoObjects() {
  static const std::vector<size_t> kNone;
  return kNone;
}

// A file in two hashers, side by side.
void HashBoth(ByteSpan bytes, Hasher* file, Hasher* object) {
  if (bytes.size() < kWorthThread) {
    file->Update(bytes);
    object->Update(bytes);
    return;
  }
  const std::future<void> other =
      std::async(std::launch::async, [&] { file->Update(bytes); });
  object->Update(bytes);
  other.wait();
}

}  // namespace

Status BaseCatalog::AddPath(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() != fs::file_type::directory) {
    if (options_.exclude && options_.exclude(path)) {
      return InvalidArgument(path + ": cannot be its own base");
    }
    return AddFile(path);
  }
  std::vector<std::string> found;
  for (fs::recursive_directory_iterator at(path, error), end;
       !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;
    std::string file = at->path().string();
    if (!options_.exclude || !options_.exclude(file)) {
      found.push_back(std::move(file));
    }
  }
  if (error) return ErrnoError(path, error.value());
  std::ranges::sort(found);
  for (const std::string& file : found) INGOT_TRY(AddFile(file));
  return {};
}

Status BaseCatalog::AddFile(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return ErrnoError(path, error.value());
  if (!added_.insert(real.string()).second) return {};
  bool container = false;
  {
    INGOT_ASSIGN(const std::unique_ptr<Source> source, OpenFileSource(path));
    INGOT_ASSIGN(container, LooksLikeContainer(*source));
  }
  return container ? AddContainer(path) : AddModel(path);
}

size_t BaseCatalog::AddObject(CatalogObject object) {
  const size_t index = objects_.size();
  files_[object.file].objects.push_back(index);
  if (object.view) {
    files_[object.file].has_tensors = true;
    by_name_[object.view->name].push_back(index);
  }
  const std::optional<Digest> digest = object.digest;
  object.digest.reset();
  objects_.push_back(std::move(object));
  if (digest) SetDigest(index, *digest);
  return index;
}

void BaseCatalog::SetDigest(size_t object, const Digest& digest) {
  objects_[object].digest = digest;
  by_digest_[digest].push_back(object);
}

Status BaseCatalog::AddContainer(const std::string& path) {
  INGOT_ASSIGN(std::unique_ptr<BaseContainer> container,
               BaseContainer::Open(path, elsewhere_));
  const ContainerReader& index = container->index();
  const size_t file = files_.size();
  files_.push_back({.path = fs::path(path).lexically_normal().string(),
                    .container = std::move(container),
                    .size = index.size()});
  std::vector<bool> listed(index.object_count());
  const auto stored = [&](size_t place) {
    const ObjectInfo info = index.object(place);
    listed[place] = true;
    return CatalogObject{.kind = CatalogObject::Kind::kStored,
                         .file = file,
                         .place = place,
                         .element_dtype = info.element_dtype,
                         .columns = info.columns,
                         .length = info.id.length,
                         .depth = info.depth,
                         .digest = info.id.digest};
  };
  for (size_t i = 0; i < index.files().size(); ++i) {
    const std::vector<Segment>& segments = index.files()[i].segments;
    uint64_t end = 0;
    for (size_t k = 0; k < segments.size(); ++k) {
      const Segment& segment = segments[k];
      if (segment.length == 0) continue;
      end += segment.length;
      CatalogObject object;
      if (segment.kind == Segment::Kind::kObject) {
        object = stored(segment.object);
      } else {
        object.file = file;
        object.place = k;
        object.length = segment.length;
        if (segment.view) {
          const Region region = TensorRegion(0, *segment.view);
          object.element_dtype = region.element_dtype;
          object.columns = region.columns;
        }
        object.kind = CatalogObject::Kind::kLiteral;
        if (segment.kind == Segment::Kind::kOutside) {
          object.kind = CatalogObject::Kind::kElsewhere;
          object.digest = segment.outside.digest;
        }
      }
      object.manifest = i;
      object.offset = end - segment.length;
      object.view = segment.view;
      AddObject(std::move(object));
    }
  }
  for (size_t place = 0; place < listed.size(); ++place) {
    if (!listed[place]) AddObject(stored(place));
  }
  return {};
}

Status BaseCatalog::AddModel(const std::string& path) {
  INGOT_ASSIGN(const std::unique_ptr<Source> source, OpenFileSource(path));
  INGOT_ASSIGN(const Layout layout, ChooseLayout(*source, options_.raw));
  const size_t file = files_.size();
  files_.push_back({.path = fs::path(path).lexically_normal().string(),
                    .size = source->size()});
  for (const Region& region : layout.regions()) {
    if (region.length == 0) continue;
    AddObject({.kind = CatalogObject::Kind::kRaw,
               .file = file,
               .offset = region.offset,
               .view = region.tensor,
               .element_dtype = region.element_dtype,
               .columns = region.columns,
               .length = region.length});
  }
  return {};
}

const std::vector<size_t>& BaseCatalog::WithName(
    const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? NoObjects() : found->second;
}

const std::vector<size_t>& BaseCatalog::WithDigest(const Digest& digest) const {
  const auto found = by_digest_.find(digest);
  return found == by_digest_.end() ? NoObjects() : found->second;
}

Result<BaseFile> BaseCatalog::FileOf(size_t object) {
  const CatalogObject& entry = objects_[object];
  const CatalogFile& file = files_[entry.file];
  if (!entry.manifest) return WholeFile(entry.file);
  return BaseFile{NameIn(options_.folder, file.path),
                  file.container->index().files()[*entry.manifest].id};
}

Result<BaseFile> BaseCatalog::WholeFile(size_t file) {
  INGOT_TRY(HashFile(file));
  const CatalogFile& entry = files_[file];
  return BaseFile{NameIn(options_.folder, entry.path),
                  {*entry.digest, entry.size}};
}

Result<size_t> BaseCatalog::BeginningOf(size_t file, uint64_t unit) {
  INGOT_TRY(HashFile(file));
  const uint64_t length = files_[file].size - files_[file].size % unit;
  for (const size_t index : files_[file].objects) {
    const CatalogObject& object = objects_[index];
    if (object.offset == 0 && object.length == length) return index;
  }
  return InvalidArgument(files_[file].path + ": has no element of " +
                         std::to_string(unit) + " bytes");
}

Result<const Source*> BaseCatalog::SourceOf(size_t file) {
  CatalogFile& entry = files_[file];
  if (entry.source == nullptr) {
    INGOT_ASSIGN(entry.source, OpenFileSource(entry.path));
  }
  return static_cast<const Source*>(entry.source.get());
}

Status BaseCatalog::HashObject(size_t object) {
  const CatalogObject& entry = objects_[object];
  if (entry.digest) return {};
  if (entry.kind == CatalogObject::Kind::kLiteral) {
    std::vector<std::byte> buffer(entry.length);
    INGOT_TRY(files_[entry.file].container->ReadSegment(
        *entry.manifest, entry.place, 0, buffer));
    SetDigest(object, HashBytes(buffer));
    return {};
  }
  INGOT_ASSIGN(const Source* const source, SourceOf(entry.file));
  INGOT_ASSIGN(const Digest digest,
               HashRange(*source, entry.offset, entry.length));
  SetDigest(object, digest);
  return {};
}

Status BaseCatalog::HashFile(size_t file) {
  CatalogFile& entry = files_[file];
  if (entry.digest) return {};
  INGOT_ASSIGN(const std::unique_ptr<Source> source,
               OpenFileSource(entry.path));
  std::set<uint64_t> cuts = ElementLengths(entry.size);
  // Of a container only the whole is asked for.
  std::vector<size_t> objects;
  if (entry.container == nullptr) objects = entry.objects;
  std::vector<std::byte> buffer;
  Hasher whole;
  Hasher part;
  size_t next = 0;  // of objects: what `part` hashes
  for (uint64_t at = 0; at < entry.size; at += buffer.size()) {
    uint64_t end = std::min(at + kReadBytes, *cuts.upper_bound(at));
    if (next < objects.size()) {
      const CatalogObject& object = objects_[objects[next]];
      end = std::min(end, object.offset > at ? object.offset
                                             : object.offset + object.length);
    }
    buffer.resize(end - at);
    INGOT_TRY(source->ReadAt(at, buffer));
    HashBoth(buffer, &whole, &part);
    if (cuts.contains(end) && entry.container == nullptr) {
      AddObject({.kind = CatalogObject::Kind::kRaw,
                 .file = file,
                 .length = end,
                 .digest = whole.Peek()});
    }
    if (next == objects.size()) continue;
    const CatalogObject& object = objects_[objects[next]];
    if (end <= object.offset) {
      part = Hasher();
    } else if (end == object.offset + object.length) {
      const Digest digest = part.Finish();
      if (!object.digest) SetDigest(objects[next], digest);
      ++next;
    }
  }
  entry.digest = whole.Finish();
  return {};
}

}  // namespace ingot
