#include "tools/similarity.h"

#include <algorithm>
#include <utility>

#include "codec/delta_estimate.h"

namespace ingot {
namespace {

// Pieces of an object that are sampled, all of it where it is small.
constexpr uint64_t kPieces = 64;
constexpr uint64_t kPieceBytes = 1024;
// A base must save this much of what the file takes without one.
constexpr double kWorthwhile = 0.95;

// Calls fn(first element, elements) for pieces of an object of `elements`.
template <typename Fn>
Status ForPieces(uint64_t elements, uint64_t element_bytes, const Fn& fn) {
  const uint64_t piece = std::max<uint64_t>(kPieceBytes / element_bytes, 1);
  const uint64_t pieces = DivideRoundingUp(elements, piece);
  const uint64_t taken = std::min(pieces, kPieces);
  for (uint64_t i = 0; i < taken; ++i) {
    const uint64_t first = i * pieces / taken * piece;
    INGOT_TRY(fn(first, std::min(piece, elements - first)));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<SimilarityModel>> SimilarityModel::Open(
    const std::string& path, std::string name,
    const std::optional<RawElements>& raw) {
  auto model = std::make_unique<SimilarityModel>();
  model->name_ = std::move(name);
  INGOT_ASSIGN(model->objects_, ModelObjects::Open(path, raw));
  ModelObjects* const objects = model->objects_.get();
  double plain_bytes = static_cast<double>(objects->size());
  for (size_t i = 0; i < objects->objects().size(); ++i) {
    const ModelObject& object = objects->objects()[i];
    INGOT_ASSIGN(const std::optional<Sketch> sketch,
                 MakeSketch(object.dtype, object.columns, object.length,
                            [&](uint64_t offset, MutableByteSpan out) {
                              return objects->Read(i, offset, out);
                            }));
    DeltaEstimate estimate(object.dtype);
    std::vector<std::byte> bytes;
    const uint64_t unit = object.element_bytes();
    INGOT_TRY(ForPieces(object.length / unit, unit,
                        [&](uint64_t first, uint64_t count) -> Status {
                          bytes.resize(count * unit);
                          INGOT_TRY(objects->Read(i, first * unit, bytes));
                          estimate.Add(bytes);
                          return {};
                        }));
    const double plain = estimate.plain_size();
    plain_bytes -= static_cast<double>(object.length) * (1 - plain);
    if (!sketch) continue;
    model->sketched_.push_back(
        {.object = i, .sketch = *sketch, .plain_size = plain});
    model->sketches_.push_back(*sketch);
  }
  if (objects->size() > 0) {
    model->plain_size_ = plain_bytes / static_cast<double>(objects->size());
  }
  return model;
}

bool SimilarityModel::has_elements() const {
  return std::any_of(
      objects().begin(), objects().end(),
      [](const ModelObject& object) { return object.dtype != DType::kBytes; });
}

Result<ObjectPair> SimilarityModel::Compare(const Sketched& sketched,
                                            std::vector<BaseMatch> matches,
                                            SimilarityModel* base) {
  const ModelObject& object = objects()[sketched.object];
  DeltaEstimate estimate(object.dtype);
  std::vector<std::byte> bytes;
  std::vector<std::byte> base_bytes;
  const uint64_t unit = object.element_bytes();
  for (BaseMatch& match : matches) {
    match.candidate = base->sketched_[match.candidate].object;
  }
  const auto add = [&](uint64_t first, uint64_t count) -> Status {
    bytes.resize(count * unit);
    INGOT_TRY(objects_->Read(sketched.object, first * unit, bytes));
    uint64_t done = 0;
    for (const BaseMatch& match : matches) {
      const uint64_t begin = std::max(first + done, match.first_element);
      const uint64_t end =
          std::min(first + count, match.first_element + match.elements);
      if (begin >= end) continue;
      const MutableByteSpan own(bytes);
      estimate.Add(own.subspan(done * unit, (begin - first - done) * unit));
      base_bytes.resize((end - begin) * unit);
      const uint64_t there =
          match.base_first_element + (begin - match.first_element);
      INGOT_TRY(
          base->objects_->Read(match.candidate, there * unit, base_bytes));
      estimate.Add(own.subspan((begin - first) * unit, base_bytes.size()),
                   base_bytes);
      done = end - first;
    }
    estimate.Add(MutableByteSpan(bytes).subspan(done * unit));
    return {};
  };
  INGOT_TRY(ForPieces(object.length / unit, unit, add));
  return ObjectPair{.object = sketched.object,
                    .matches = std::move(matches),
                    .plain_size = sketched.plain_size,
                    .delta_size = estimate.delta_size()};
}

Result<FilePair> SimilarityModel::Given(SimilarityModel* base) {
  FilePair pair;
  if (size() == 0) return pair;
  double distance = static_cast<double>(size());
  double bytes = plain_size_ * static_cast<double>(size());
  for (const Sketched& sketched : sketched_) {
    const ModelObject& object = objects()[sketched.object];
    const auto length = static_cast<double>(object.length);
    const double typical = TypicalSize(object.dtype);
    std::vector<BaseMatch> matches =
        CoverWithBases(sketched.sketch, base->sketches_);
    distance -= length * (1 - typical);
    if (matches.empty()) continue;
    for (const BaseMatch& match : matches) {
      distance -= static_cast<double>(match.elements * object.element_bytes()) *
                  (typical - match.delta_size);
    }
    INGOT_ASSIGN(ObjectPair compared,
                 Compare(sketched, std::move(matches), base));
    bytes -= length * (compared.plain_size - compared.delta_size);
    pair.objects.push_back(std::move(compared));
  }
  pair.distance = distance / static_cast<double>(size());
  pair.delta_size = bytes / static_cast<double>(size());
  return pair;
}

double Similarity::Apart(size_t i, size_t j) const {
  double apart = 1;
  for (const auto& [file, base] : {std::pair(i, j), std::pair(j, i)}) {
    const std::optional<FilePair>& pair = files[file].given[base];
    if (!pair || files[file].plain_size <= 0) continue;
    apart = std::min(apart, pair->delta_size / files[file].plain_size);
  }
  return std::max(apart, 0.0);
}

Result<Similarity> CompareModels(
    const std::vector<std::unique_ptr<SimilarityModel>>& models,
    const std::function<void(size_t)>& progress) {
  Similarity similarity;
  for (size_t i = 0; i < models.size(); ++i) {
    const SimilarityModel& model = *models[i];
    Similarity::File file;
    file.name = model.name();
    file.size = model.size();
    file.plain_size = model.plain_size();
    file.objects.assign(model.objects().begin(), model.objects().end());
    double best = kWorthwhile * file.plain_size;
    for (size_t j = 0; j < models.size(); ++j) {
      file.given.emplace_back();
      if (i == j) continue;
      INGOT_ASSIGN(file.given[j], models[i]->Given(models[j].get()));
      if (file.given[j]->delta_size >= best) continue;
      best = file.given[j]->delta_size;
      file.best_base = j;
    }
    similarity.files.push_back(std::move(file));
    progress(i);
  }
  return similarity;
}

}  // namespace ingot
