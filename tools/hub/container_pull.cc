#include "tools/hub/container_pull.h"

#include <algorithm>
#include <utility>

#include "codec/container_reader.h"
#include "codec/digest.h"
#include "codec/source.h"

namespace ingot {
namespace {

// Digests of one request, each of 67 bytes in its body, which goes along with
// every 16 MiB of a container.
constexpr size_t kMaxHave = 8192;
// Smaller ones are literals in containers.
constexpr uint64_t kMinObjectBytes = 4096;

// A container with another entity tag is another one.
ContentId KeptAs(const ContentId& id, const ContainerOffer& offer) {
  const std::string text = "container " + id.hex + " " + offer.etag;
  return {.hex = ToHex(HashBytes(AsBytes(text))), .size = offer.size};
}

}  // namespace

bool EndsAllTransfers(const Error& error) {
  return error.kind == ErrorKind::kUnavailable ||
         error.kind == ErrorKind::kDeadlineExceeded ||
         error.kind == ErrorKind::kCancelled;
}

Result<std::unique_ptr<ContainerPull>> ContainerPull::Create(
    const std::vector<std::string>& bases) {
  std::unique_ptr<ContainerPull> pull(new ContainerPull());
  for (const std::string& base : bases) INGOT_TRY(pull->bases_.Add(base));
  pull->has_bases_ = !bases.empty();
  return pull;
}

void ContainerPull::AddReplaced(std::string path) {
  replaced_.push_back(std::move(path));
}

void ContainerPull::AddComplete(std::string path, const std::string& sha256) {
  complete_.emplace(sha256, std::move(path));
}

Result<std::vector<std::string>> ContainerPull::Have(Transfer* transfer,
                                                     const std::string& commit,
                                                     const std::string& path) {
  std::vector<std::string> added = std::exchange(replaced_, {});
  if (!complete_.empty()) {
    Result<std::vector<std::string>> named = transfer->BasesOf(commit, path);
    if (!named.ok() && EndsAllTransfers(named.error())) return named;
    if (named.ok()) {
      for (const std::string& digest : *named) {
        const auto found = complete_.find(digest);
        if (found == complete_.end()) continue;
        added.push_back(found->second);
        complete_.erase(digest);
      }
    }
  }
  for (const std::string& file : added) {
    // What is no model is no base, and no reason to end.
    if (bases_.Add(file).ok()) has_bases_ = true;
  }
  // The largest first, in case that there are too many.
  std::vector<std::pair<uint64_t, size_t>> objects;
  for (; hashed_objects_ < bases_.object_count(); ++hashed_objects_) {
    const uint64_t length = bases_.object(hashed_objects_).length;
    if (length >= kMinObjectBytes)
      objects.emplace_back(length, hashed_objects_);
  }
  std::ranges::sort(objects, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  for (const auto& [length, object] : objects) {
    if (digests_.size() == kMaxHave) break;
    // Of what cannot be read now nothing is said.
    const Result<RegionBase> hashed = bases_.AsBase(object, 0, 1);
    if (hashed.ok()) digests_.push_back(ToHex(hashed->object.digest));
  }
  return digests_;
}

Result<std::optional<ContainerPlan>> ContainerPull::Look(
    Transfer* transfer, const std::string& commit, const std::string& path,
    const ContentId& id) {
  if (unknown_ || id.kind != ContentId::Kind::kSha256) {
    return std::optional<ContainerPlan>();
  }
  std::vector<std::string> have;
  Result<std::optional<ContainerOffer>> offer =
      transfer->FindContainer(commit, path, have);
  if (!offer.ok()) {
    if (offer.error().kind == ErrorKind::kNotFound) unknown_ = true;
    if (unknown_) return std::optional<ContainerPlan>();
    return std::move(offer).error();
  }
  if (!*offer) return std::optional<ContainerPlan>();
  ContainerOffer best = **offer;
  {
    const std::lock_guard lock(mutex_);
    INGOT_ASSIGN(have, Have(transfer, commit, path));
  }
  if (!have.empty()) {
    offer = transfer->FindContainer(commit, path, have);
    if (!offer.ok()) return std::move(offer).error();
    if (*offer && (**offer).size < best.size) {
      best = **offer;
    } else {
      have.clear();
    }
  }
  if (best.size == 0 || best.size >= id.size) {
    return std::optional<ContainerPlan>();
  }
  ContainerPlan plan = {
      .offer = best,
      .have = std::make_shared<const std::vector<std::string>>(std::move(have)),
      .kept = KeptAs(id, best)};
  return std::optional(std::move(plan));
}

Status ContainerPull::Restore(const std::string& path, const ContentId& id,
                              const std::function<Status(ByteSpan)>& write) {
  const std::lock_guard lock(mutex_);
  // What one container has is of no use to others, and would stay open.
  BaseModels own({.threads = 0});
  BaseModels* const bases = has_bases_ ? &bases_ : &own;
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(path));
  INGOT_ASSIGN(const std::unique_ptr<ContainerReader> reader,
               ContainerReader::Open(std::move(source),
                                     {.threads = 0, .references = bases}));
  if (!reader->base_files().empty()) {
    // They would be looked for.
    return Corruption("it names files of this machine");
  }
  const auto files = reader->files();
  const auto found = std::ranges::find_if(files, [&](const Manifest& file) {
    return ToHex(file.id.digest) == id.hex && file.id.length == id.size;
  });
  if (found == files.end()) return Corruption("it does not hold the file");
  bases->AddHints(path, {});
  return reader->ReadFile(static_cast<size_t>(found - files.begin()), 0,
                          id.size, write);
}

}  // namespace ingot
