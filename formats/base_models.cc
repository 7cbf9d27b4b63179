#include "formats/base_models.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

#include "formats/bases/base_catalog.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using Kind = CatalogObject::Kind;

// Objects up to this size are decoded once.
constexpr uint64_t kMaxCached = uint64_t{32} << 20;

}  // namespace

class BaseModels::Impl {
 public:
  explicit Impl(const BaseOptions& options)
      : options_(options),
        catalog_(options_, [this](const Digest& object, uint64_t offset,
                                  MutableByteSpan out, unsigned limit) {
          return Read(object, offset, out, limit);
        }) {}

  Status Add(const std::string& path);
  void AddHints(const std::string& path, std::span<const BaseFile> files);
  void AddHint(const std::string& path) { hints_.push_back(path); }
  Result<BaseFile> OnlyFile();
  void Expect(const std::string& name) { expected_.push_back(name); }
  Result<std::vector<RegionBase>> FindBase(const RegionInfo& region,
                                           uint64_t length, uint64_t offset);
  Status NameFiles(StreamEncoder* encoder);
  // Of an object of depth below `limit`.
  Status Read(const Digest& object, uint64_t offset, MutableByteSpan out,
              unsigned limit);

  size_t object_count() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return catalog_.objects().size();
  }
  // They stay where they are and change in nothing but digests.
  const CatalogObject& At(size_t index) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return catalog_.objects()[index];
  }
  const CatalogFile& FileAt(size_t index) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return catalog_.files()[index];
  }
  Status ReadFrom(size_t index, uint64_t offset, MutableByteSpan out);
  Result<RegionBase> AsBase(size_t index, uint64_t first, uint64_t elements);

 private:
  // The object of that depth that was decoded last.
  struct Cache {
    std::mutex mutex;
    std::optional<size_t> object;
    std::vector<std::byte> bytes;
    std::set<size_t> verified;       // of that depth
    std::map<size_t, Error> failed;  // the same
  };

  // Opens the bases of containers that have been added since.
  void AddHintsOfContainers();
  // Objects with that digest of depth below `limit`; looks for them among what
  // has not been hashed and opened yet.
  Result<std::vector<size_t>> Find(const Digest& digest, unsigned limit);
  std::vector<size_t> Known(const Digest& digest, unsigned limit);
  Status HashRest(const Digest& digest, size_t file, unsigned limit);
  Status ReadStored(size_t index, uint64_t offset, MutableByteSpan out);
  // Decodes and hashes an object of a container. Cache::mutex is held.
  Status Verify(size_t index, Cache* cache);
  // Objects that may predict all or some of a region.
  std::vector<size_t> Candidates(const RegionInfo& region);
  // What lies where a region without a name does.
  Result<std::vector<RegionBase>> FindPlace(const RegionInfo& region,
                                            uint64_t length, uint64_t offset);

  const BaseOptions options_;
  // Guards what follows. Not held while an object of a container is decoded.
  std::mutex mutex_;
  BaseCatalog catalog_;
  size_t seen_files_ = 0;  // of the catalog, by AddHintsOfContainers
  std::vector<std::string> expected_;
  std::vector<std::string> hints_;  // paths, the first next_hint_ opened
  size_t next_hint_ = 0;
  std::set<uint64_t> base_lengths_;  // of files that containers name
  std::array<Cache, kMaxDepth + 1> caches_;
};

Status BaseModels::Impl::Add(const std::string& path) {
  INGOT_TRY(catalog_.AddPath(path));
  AddHintsOfContainers();
  return {};
}

Result<BaseFile> BaseModels::Impl::OnlyFile() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (catalog_.files().size() == 1) return catalog_.WholeFile(0);
  return InvalidArgument("expected one base, found " +
                         std::to_string(catalog_.files().size()));
}

void BaseModels::Impl::AddHintsOfContainers() {
  for (; seen_files_ < catalog_.files().size(); ++seen_files_) {
    const CatalogFile& file = catalog_.files()[seen_files_];
    if (file.container == nullptr) continue;
    AddHints(file.path, file.container->index().base_files());
  }
}

void BaseModels::Impl::AddHints(const std::string& path,
                                std::span<const BaseFile> files) {
  const fs::path folder = fs::path(path).parent_path();
  for (const BaseFile& file : files) {
    base_lengths_.insert(file.id.length);
    const fs::path name(file.name);
    if (!name.has_filename()) continue;
    hints_.push_back(name.string());
    if (path.empty()) continue;
    if (name.is_relative()) hints_.push_back((folder / name).string());
    hints_.push_back((folder / name.filename()).string());
  }
}

std::vector<size_t> BaseModels::Impl::Known(const Digest& digest,
                                            unsigned limit) {
  std::vector<size_t> known;
  for (const size_t index : catalog_.WithDigest(digest)) {
    const CatalogObject& object = catalog_.objects()[index];
    if (object.kind != Kind::kElsewhere && object.depth < limit) {
      known.push_back(index);
    }
  }
  // What costs least comes first.
  std::ranges::stable_sort(
      known, {}, [&](size_t index) { return catalog_.objects()[index].depth; });
  return known;
}

Status BaseModels::Impl::HashRest(const Digest& digest, size_t file,
                                  unsigned limit) {
  const CatalogFile& entry = catalog_.files()[file];
  if (entry.container == nullptr && !entry.has_tensors) {
    return catalog_.HashFile(file);
  }
  for (size_t i = 0; i < entry.objects.size(); ++i) {
    const size_t index = entry.objects[i];
    const CatalogObject& object = catalog_.objects()[index];
    const bool unknown = !object.digest && (object.kind == Kind::kLiteral ||
                                            object.view.has_value());
    if (!unknown) continue;
    INGOT_TRY(catalog_.HashObject(index));
    if (!Known(digest, limit).empty()) break;
  }
  return {};
}

Result<std::vector<size_t>> BaseModels::Impl::Find(const Digest& digest,
                                                   unsigned limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<size_t> known = Known(digest, limit);
  if (!known.empty()) return known;
  for (const std::string& name : expected_) {
    for (const size_t index : catalog_.WithName(name)) {
      if (catalog_.objects()[index].kind == Kind::kElsewhere) continue;
      INGOT_TRY(catalog_.HashObject(index));
    }
  }
  size_t file = 0;
  for (;;) {
    known = Known(digest, limit);
    if (!known.empty()) return known;
    if (file < catalog_.files().size()) {
      INGOT_TRY(HashRest(digest, file++, limit));
    } else if (next_hint_ < hints_.size()) {
      // A hint that leads nowhere is none.
      const std::string hint = hints_[next_hint_++];
      std::error_code ignored;
      if (!fs::is_regular_file(hint, ignored)) continue;
      if (options_.exclude && options_.exclude(hint)) continue;
      if (catalog_.AddFile(hint).ok()) AddHintsOfContainers();
    } else {
      break;
    }
  }
  // Files that look like models may have served as raw elements.
  for (file = 0; file < catalog_.files().size(); ++file) {
    const CatalogFile& entry = catalog_.files()[file];
    if (entry.container == nullptr && base_lengths_.contains(entry.size)) {
      INGOT_TRY(catalog_.HashFile(file));
    }
  }
  return Known(digest, limit);
}

Status BaseModels::Impl::Read(const Digest& digest, uint64_t offset,
                              MutableByteSpan out, unsigned limit) {
  INGOT_ASSIGN(const std::vector<size_t> found, Find(digest, limit));
  Status status = Error{ErrorKind::kNotFound, "none of the bases has it"};
  for (const size_t index : found) {
    status = ReadFrom(index, offset, out);
    if (status.ok()) break;
  }
  return status;
}

Status BaseModels::Impl::ReadFrom(size_t index, uint64_t offset,
                                  MutableByteSpan out) {
  const CatalogObject& object = At(index);
  const CatalogFile& file = FileAt(object.file);
  if (offset > object.length || out.size() > object.length - offset) {
    return InvalidArgument(file.path + ": an object of " +
                           std::to_string(object.length) +
                           " bytes, expected more");
  }
  switch (object.kind) {
    case Kind::kRaw: {
      const Source* source = nullptr;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        INGOT_ASSIGN(source, catalog_.SourceOf(object.file));
      }
      return source->ReadAt(object.offset + offset, out);
    }
    case Kind::kStored:
      return ReadStored(index, offset, out);
    case Kind::kLiteral:
      return file.container->ReadSegment(*object.manifest, object.place, offset,
                                         out);
    case Kind::kElsewhere:
      return Read(*object.digest, offset, out, kMaxDepth + 1);
  }
  return {};
}

Status BaseModels::Impl::ReadStored(size_t index, uint64_t offset,
                                    MutableByteSpan out) {
  const CatalogObject& object = At(index);
  Cache& cache = caches_[object.depth];
  {
    // Locks are taken from greater depths to smaller ones.
    const std::lock_guard<std::mutex> lock(cache.mutex);
    if (!cache.verified.contains(index)) INGOT_TRY(Verify(index, &cache));
    if (cache.object == index) {
      if (!out.empty()) {
        std::memcpy(out.data(), cache.bytes.data() + offset, out.size());
      }
      return {};
    }
  }
  if (out.empty()) return {};
  return FileAt(object.file).container->ReadObject(object.place, offset, out);
}

Status BaseModels::Impl::Verify(size_t index, Cache* cache) {
  if (const auto failed = cache->failed.find(index);
      failed != cache->failed.end()) {
    return failed->second;
  }
  const CatalogObject& object = At(index);
  const CatalogFile& file = FileAt(object.file);
  const bool keep = object.length <= kMaxCached;
  cache->object.reset();
  cache->bytes.clear();
  if (keep) cache->bytes.reserve(object.length);
  Hasher hasher;
  Status status = file.container->ReadWhole(
      object.place, options_.threads, [&](ByteSpan bytes) {
        hasher.Update(bytes);
        if (keep) {
          cache->bytes.insert(cache->bytes.end(), bytes.begin(), bytes.end());
        }
        return Status();
      });
  if (status.ok() && hasher.Finish() != *object.digest) {
    status = Corruption(file.path + ": object " + ToHex(*object.digest) +
                        ": SHA-256 does not match");
  }
  if (!status.ok()) {
    cache->bytes.clear();
    cache->failed.emplace(index, status.error());
    return status;
  }
  cache->verified.insert(index);
  if (keep) cache->object = index;
  return {};
}

Result<RegionBase> BaseModels::Impl::AsBase(size_t index, uint64_t first,
                                            uint64_t elements) {
  const CatalogObject& object = At(index);
  Digest digest;
  unsigned depth = object.depth;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (object.kind == Kind::kRaw) {
      INGOT_TRY(catalog_.HashFile(object.file));
    } else {
      INGOT_TRY(catalog_.HashObject(index));
    }
    digest = *object.digest;
  }
  if (object.kind == Kind::kElsewhere) {
    INGOT_ASSIGN(const std::vector<size_t> found, Find(digest, kMaxDepth + 1));
    if (!found.empty()) depth = At(found[0]).depth;
  }
  // Fails where it cannot be decoded.
  INGOT_TRY(Read(digest, 0, {}, kMaxDepth + 1));
  return RegionBase{.object = {digest, object.length},
                    .first_element = first,
                    .elements = elements,
                    .depth = depth};
}

std::vector<size_t> BaseModels::Impl::Candidates(const RegionInfo& region) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<size_t> found;
  const auto consider = [&](size_t index) {
    const CatalogObject& object = catalog_.objects()[index];
    const bool same_dtype =
        object.element_dtype == region.element_dtype &&
        (!region.view || object.view->dtype == region.view->dtype);
    const uint64_t elements = object.length / CodedBytes(region.element_dtype);
    // Of unknown columns, all elements are one row.
    const bool same_columns = object.columns == region.columns ||
                              (!region.view && object.columns >= elements &&
                               region.columns >= elements);
    if (same_dtype && same_columns && object.depth < options_.max_depth) {
      found.push_back(index);
    }
  };
  if (region.view) {
    for (const size_t index : catalog_.WithName(region.view->name)) {
      consider(index);
    }
    return found;
  }
  if (region.element_dtype == DType::kBytes) return found;
  for (const CatalogFile& file : catalog_.files()) {
    std::vector<size_t> nameless;
    for (const size_t index : file.objects) {
      const CatalogObject& object = catalog_.objects()[index];
      if (!object.view && object.element_dtype != DType::kBytes) {
        nameless.push_back(index);
      }
    }
    if (nameless.size() == 1) consider(nameless[0]);
  }
  return found;
}

Result<std::vector<RegionBase>> BaseModels::Impl::FindPlace(
    const RegionInfo& region, uint64_t length, uint64_t offset) {
  const uint64_t unit = CodedBytes(region.element_dtype);
  // The bytes from `begin` on of a file, or an object of a container.
  struct Place {
    size_t file = 0;
    std::optional<size_t> object = {};
    uint64_t begin = 0;
    uint64_t covered = 0;
  };
  Place best;
  const auto consider = [&](Place place, uint64_t size) {
    if (offset < place.begin || (offset - place.begin) % unit != 0) return;
    const uint64_t skipped = offset - place.begin;
    place.covered = std::min(length, size - std::min(size, skipped));
    if (place.covered > best.covered) best = place;
  };
  size_t index = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (size_t file = 0; file < catalog_.files().size(); ++file) {
      const CatalogFile& entry = catalog_.files()[file];
      if (entry.container == nullptr) {
        if (!entry.has_tensors) consider({.file = file}, entry.size);
        continue;
      }
      for (const size_t object : entry.objects) {
        const CatalogObject& other = catalog_.objects()[object];
        if (other.view || other.element_dtype != region.element_dtype ||
            other.depth >= options_.max_depth) {
          continue;
        }
        consider({.file = file, .object = object, .begin = other.offset},
                 other.length);
      }
    }
    if (best.covered < unit) return std::vector<RegionBase>();
    if (best.object) {
      index = *best.object;
    } else {
      INGOT_ASSIGN(index, catalog_.BeginningOf(best.file, unit));
    }
  }
  const uint64_t first = (offset - best.begin) / unit;
  INGOT_ASSIGN(RegionBase base,
               AsBase(index, first, At(index).length / unit - first));
  if (base.depth >= options_.max_depth) return std::vector<RegionBase>();
  return std::vector<RegionBase>{std::move(base)};
}

Result<std::vector<RegionBase>> BaseModels::Impl::FindBase(
    const RegionInfo& region, uint64_t length, uint64_t offset) {
  const std::vector<size_t> candidates = Candidates(region);
  if (candidates.empty() && !region.view &&
      region.element_dtype != DType::kBytes) {
    return FindPlace(region, length, offset);
  }
  std::vector<size_t> chosen;
  uint64_t all = 0;
  uint64_t most = 0;
  for (const size_t index : candidates) {
    const CatalogObject& object = At(index);
    all += object.length;
    const uint64_t covered = std::min(object.length, length);
    const bool same_shape =
        region.view && object.view->shape == region.view->shape;
    if (same_shape || covered > most) {
      chosen = {index};
      most = covered;
    }
    if (same_shape) break;
  }
  // The rows of a tensor that was put together, or was cut.
  if (most < length && all == length) chosen = candidates;
  std::vector<RegionBase> bases;
  for (const size_t index : chosen) {
    const uint64_t elements =
        At(index).length / CodedBytes(region.element_dtype);
    INGOT_ASSIGN(RegionBase base, AsBase(index, 0, elements));
    if (base.depth >= options_.max_depth) return std::vector<RegionBase>();
    bases.push_back(std::move(base));
  }
  return bases;
}

Status BaseModels::Impl::NameFiles(StreamEncoder* encoder) {
  for (const Digest& digest : encoder->outside_objects()) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::vector<size_t> known = Known(digest, kMaxDepth + 1);
    if (known.empty()) continue;
    INGOT_ASSIGN(const BaseFile file, catalog_.FileOf(known[0]));
    INGOT_TRY(encoder->AddBaseFile(file));
  }
  return {};
}

BaseModels::BaseModels(const BaseOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
BaseModels::~BaseModels() = default;

Status BaseModels::Add(const std::string& path) { return impl_->Add(path); }
void BaseModels::AddHints(const std::string& path,
                          std::span<const BaseFile> files) {
  impl_->AddHints(path, files);
  if (!path.empty()) impl_->AddHint(path);
}
Result<BaseFile> BaseModels::OnlyFile() { return impl_->OnlyFile(); }
void BaseModels::Expect(const std::string& name) { impl_->Expect(name); }
Result<std::vector<RegionBase>> BaseModels::FindBase(const RegionInfo& region,
                                                     uint64_t length,
                                                     uint64_t offset) {
  return impl_->FindBase(region, length, offset);
}
Status BaseModels::NameFiles(StreamEncoder* encoder) {
  return impl_->NameFiles(encoder);
}
Status BaseModels::Read(const Digest& object, uint64_t offset,
                        MutableByteSpan out) {
  return impl_->Read(object, offset, out, kMaxDepth + 1);
}
size_t BaseModels::object_count() const { return impl_->object_count(); }
BaseObject BaseModels::object(size_t index) const {
  const CatalogObject& object = impl_->At(index);
  return {.view = object.view,
          .element_dtype = object.element_dtype,
          .columns = object.columns,
          .length = object.length,
          .depth = object.depth,
          .path = impl_->FileAt(object.file).path};
}
Status BaseModels::ReadObject(size_t index, uint64_t offset,
                              MutableByteSpan out) {
  return impl_->ReadFrom(index, offset, out);
}
Result<RegionBase> BaseModels::AsBase(size_t index, uint64_t first,
                                      uint64_t elements) {
  return impl_->AsBase(index, first, elements);
}

}  // namespace ingot
