#include "daemon/ingest/base_finder.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <tuple>
#include <utility>

#include "codec/container/format.h"
#include "codec/delta_estimate.h"

namespace ingot::ingest {
namespace {

constexpr size_t kMaxTensors = 100'000;
// Each is opened for every pack that is made.
constexpr size_t kMaxPacks = 256;
constexpr size_t kMaxCandidates = 8;
constexpr size_t kMaxFilesOfRepository = 256;
// Tensors after which only the best files are still candidates.
constexpr size_t kTrials = 6;
constexpr size_t kCandidatesAfterTrials = 2;
constexpr uint64_t kBeingWritten = UINT64_MAX;
// A delta costs time to decode: what saves less is not worth it.
constexpr double kWorthwhile = 0.03;

constexpr uint64_t kSamples = 6;
constexpr uint64_t kSampleBytes = 4096;

}  // namespace

void BaseFinder::AddFile(const Digest& file, const Audience& audience) {
  file_numbers_[file] = files_.size();
  files_.push_back({file, audience, kBeingWritten});
}

void BaseFinder::AddTensor(const Region& region, const ObjectId& id,
                           unsigned depth) {
  const size_t index = tensors_.size();
  tensors_.push_back({.file = files_.size() - 1,
                      .id = id,
                      .dtype = region.element_dtype,
                      .columns = region.columns,
                      .depth = depth});
  by_digest_[id.digest].push_back(index);
  if (region.tensor) by_name_[region.tensor->name].push_back(index);
}

Status BaseFinder::LoadPacks() {
  INGOT_ASSIGN(const auto packs, store_->packs().List());
  size_t loaded = 0;
  for (const store::PackInfo& pack : packs | std::views::reverse) {
    if (tensors_.size() >= kMaxTensors || loaded == kMaxPacks) break;
    if (pack.retired || pack.damaged) continue;
    ++loaded;
    // One that is damaged, or was taken away, is no base.
    const auto load = [&](ContainerReader* reader) -> Status {
      for (size_t file = 0; file < reader->files().size(); ++file) {
        INGOT_TRY(LoadFile(pack.number, *reader, file));
      }
      return {};
    };
    (void)objects_->WithPack(pack.number, load);
  }
  return {};
}

Status BaseFinder::Prepare(const Search& search) {
  for (const Digest& hint : search.hints) INGOT_TRY(LoadPackedFile(hint));
  for (const uint64_t repository : search.audience.repositories) {
    INGOT_ASSIGN(
        const std::vector<Digest> files,
        store_->repositories().ListGranted(repository, kMaxFilesOfRepository));
    for (const Digest& file : files) INGOT_TRY(LoadPackedFile(file));
  }
  return {};
}

Status BaseFinder::LoadPackedFile(const Digest& file) {
  if (file_numbers_.contains(file) || tensors_.size() >= 2 * kMaxTensors) {
    return {};
  }
  INGOT_ASSIGN(const auto places, store_->packs().FindFile(file));
  for (const store::PackPlace& place : places) {
    if (!place.usable()) continue;
    (void)objects_->WithPack(place.pack, [&](ContainerReader* reader) {
      if (place.index >= reader->files().size()) return Status();
      return LoadFile(place.pack, *reader, place.index);
    });
    break;
  }
  return {};
}

Status BaseFinder::LoadFile(uint64_t pack, const ContainerReader& reader,
                            size_t file) {
  const Manifest& manifest = reader.files()[file];
  if (file_numbers_.contains(manifest.id.digest)) return {};
  INGOT_ASSIGN(const Audience audience,
               FindAudience(store_->repositories(), manifest.id.digest));
  AddFile(manifest.id.digest, audience);
  files_.back().pack = pack;
  uint64_t at = 0;
  for (const Segment& segment : manifest.segments) {
    at += segment.length;
    if (segment.kind == Segment::Kind::kLiteral || !segment.view) continue;
    const Region region = TensorRegion(at - segment.length, *segment.view);
    const Digest digest = segment.kind == Segment::Kind::kObject
                              ? reader.object(segment.object).id.digest
                              : segment.outside.digest;
    INGOT_ASSIGN(const std::optional<unsigned> depth, DepthOf(digest));
    if (depth) AddTensor(region, {digest, segment.length}, *depth);
  }
  return {};
}

Result<std::optional<unsigned>> BaseFinder::DepthOf(
    const Digest& object) const {
  INGOT_ASSIGN(const auto places, store_->packs().FindObject(object));
  for (const store::PackPlace& place : places) {
    if (place.usable()) return std::optional(place.depth);
  }
  return std::optional<unsigned>();
}

Result<bool> BaseFinder::MayRefer(const ObjectId& id,
                                  const Audience& audience) const {
  INGOT_ASSIGN(const std::optional<unsigned> depth, DepthOf(id.digest));
  if (depth == 0u) return true;
  const auto known = by_digest_.find(id.digest);
  if (known == by_digest_.end()) return false;
  return std::ranges::any_of(known->second, [&](size_t index) {
    const File& file = files_[tensors_[index].file];
    return (depth || file.pack == kBeingWritten) &&
           MayNeed(audience, file.audience);
  });
}

std::vector<size_t> BaseFinder::Candidates(const Region& region,
                                           const Search& search) const {
  std::vector<size_t> found;
  const auto named = by_name_.find(region.tensor->name);
  if (named == by_name_.end()) return found;
  for (const size_t index : named->second) {
    const Tensor& tensor = tensors_[index];
    if (tensor.dtype == region.element_dtype &&
        tensor.columns == region.columns && tensor.depth < max_depth_ &&
        MayNeed(search.audience, files_[tensor.file].audience)) {
      found.push_back(index);
    }
  }
  const auto rank = [&](size_t index) {
    const File& file = files_[tensors_[index].file];
    const auto hint = std::ranges::find(search.hints, file.digest);
    const bool tried = search.searched >= kTrials;
    const auto saved = search.saved.find(tensors_[index].file);
    return std::tuple(
        tried && saved != search.saved.end() ? -saved->second : 0.0,
        hint - search.hints.begin(),
        !ShareRepository(file.audience, search.audience), ~file.pack, ~index);
  };
  std::ranges::sort(found, {}, rank);
  const size_t most =
      search.searched < kTrials ? kMaxCandidates : kCandidatesAfterTrials;
  if (found.size() > most) found.resize(most);
  return found;
}

Result<BaseFinder::Estimate> BaseFinder::EstimateDelta(
    const Region& region, const Tensor& base, const Source& source,
    ReferenceSource* objects) const {
  DeltaEstimate estimate(region.element_dtype);
  const uint64_t unit = CodedBytes(region.element_dtype);
  const uint64_t piece = std::min(kSampleBytes - kSampleBytes % unit,
                                  region.length - region.length % unit);
  std::vector<std::byte> elements(piece);
  std::vector<std::byte> predicted(piece);
  for (uint64_t i = 0; i < kSamples; ++i) {
    uint64_t at = (region.length - piece) / kSamples * i;
    at -= at % unit;
    INGOT_TRY(source.ReadAt(region.offset + at, elements));
    if (at + piece > base.id.length) {
      estimate.Add(elements);
      continue;
    }
    INGOT_TRY(objects->Read(base.id.digest, at, predicted));
    estimate.Add(elements, predicted);
  }
  const double plain = estimate.plain_size();
  const double delta = estimate.delta_size();
  return Estimate{.saved = (plain - delta) * static_cast<double>(region.length),
                  .share = plain > 0 ? 1 - delta / plain : 0};
}

Result<std::vector<RegionBase>> BaseFinder::FindBase(const Region& region,
                                                     ReferenceSource* objects,
                                                     Search* search) const {
  std::vector<RegionBase> bases;
  if (!region.tensor || region.length < kMinObjectBytes) return bases;
  const Tensor* best = nullptr;
  double most = 0;
  for (const size_t index : Candidates(region, *search)) {
    const Tensor& tensor = tensors_[index];
    const auto estimate =
        EstimateDelta(region, tensor, *search->source, objects);
    // One that cannot be read is no base.
    if (!estimate.ok()) continue;
    search->saved[tensor.file] += estimate->saved;
    if (estimate->share > kWorthwhile && estimate->saved > most) {
      // Candidates come in the order of preference: ties go to the first.
      most = estimate->saved;
      best = &tensor;
    }
  }
  ++search->searched;
  if (best == nullptr) return bases;
  const uint64_t unit = CodedBytes(region.element_dtype);
  bases.push_back({.object = best->id,
                   .first_element = 0,
                   .elements = std::min(best->id.length, region.length) / unit,
                   .depth = best->depth});
  return bases;
}

}  // namespace ingot::ingest
