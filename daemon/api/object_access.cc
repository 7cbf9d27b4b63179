#include "daemon/api/object_access.h"

#include <utility>

namespace ingot::api {
namespace {

constexpr size_t kMaxPacks = 64;
constexpr size_t kMaxParts = 1'000'000;
// A file may be granted to many repositories: those looked at.
constexpr size_t kMaxRepositories = 1000;

}  // namespace

Result<std::vector<store::RepositoryInfo>> ObjectAccess::RepositoriesOf(
    const Digest& file) const {
  std::vector<store::RepositoryInfo> readable;
  INGOT_ASSIGN(std::vector<uint64_t> numbers,
               store_->repositories().ListGrantsOf(file));
  if (numbers.size() > kMaxRepositories) numbers.resize(kMaxRepositories);
  for (const uint64_t number : numbers) {
    INGOT_ASSIGN(auto info, store_->repositories().Find(number));
    // None: deleted meanwhile.
    if (!info) continue;
    const store::Repository& repository = info->repository;
    if (MayAccess(who_, auth::Right::kRead, repository.name.space,
                  repository.name.name, !repository.is_private)) {
      readable.push_back(std::move(*info));
    }
  }
  return readable;
}

Result<const ObjectAccess::FilesOfObjects*> ObjectAccess::LoadPack(
    uint64_t pack) {
  const auto known = packs_.find(pack);
  if (known != packs_.end()) return &known->second;
  FilesOfObjects& files = packs_[pack];
  if (packs_.size() > kMaxPacks || parts_ > kMaxParts) return &files;
  // A pack that cannot be read lets nobody read anything.
  std::vector<Manifest> manifests;
  std::vector<ObjectId> ids;
  const Status read =
      objects_->WithPack(pack, [&](ContainerReader* reader) -> Status {
        manifests.assign(reader->files().begin(), reader->files().end());
        for (size_t i = 0; i < reader->object_count(); ++i) {
          ids.push_back(reader->object(i).id);
        }
        return {};
      });
  if (!read.ok()) return &files;
  for (const Manifest& file : manifests) {
    INGOT_ASSIGN(const auto readable, RepositoriesOf(file.id.digest));
    if (readable.empty()) continue;
    parts_ += file.segments.size();
    for (const Segment& segment : file.segments) {
      if (segment.kind == Segment::Kind::kObject) {
        files[ids[segment.object].digest].insert(file.id);
      } else if (segment.kind == Segment::Kind::kOutside) {
        files[segment.outside.digest].insert(file.id);
      }
    }
  }
  return &files;
}

Result<std::vector<ObjectId>> ObjectAccess::FilesWith(const Digest& object) {
  std::set<ObjectId> found;
  INGOT_ASSIGN(const auto places, store_->packs().FindObject(object));
  for (const store::PackPlace& place : places) {
    INGOT_ASSIGN(const FilesOfObjects* const files, LoadPack(place.pack));
    const auto holders = files->find(object);
    if (holders == files->end()) continue;
    found.insert(holders->second.begin(), holders->second.end());
  }
  return std::vector<ObjectId>(found.begin(), found.end());
}

Result<bool> ObjectAccess::MayReadObject(const Digest& object) {
  INGOT_ASSIGN(const auto places, store_->packs().FindObject(object));
  for (const store::PackPlace& place : places) {
    INGOT_ASSIGN(const FilesOfObjects* const files, LoadPack(place.pack));
    if (files->contains(object)) return true;
  }
  return false;
}

}  // namespace ingot::api
