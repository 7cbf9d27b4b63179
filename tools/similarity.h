// Similarity of model files: what each would take as it is and given each of
// the others, tensor by tensor, with no regard to names.
//
// Sketches of all objects say which resemble which; of those that do, samples
// of the elements say how many bits the delta takes. Objects that are equal are
// nothing but a delta of no bits. What is no object counts as raw bytes.
//
// Sizes are encoded / raw.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_TOOLS_SIMILARITY_H_
#define INGOT_TOOLS_SIMILARITY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/base_search.h"
#include "codec/result.h"
#include "codec/sketch.h"
#include "tools/model_objects.h"

namespace ingot {

// An object of a file, and where in another file its base is.
struct ObjectPair {
  size_t object = 0;
  std::vector<BaseMatch> matches;  // candidates are objects of the base's file
  double plain_size = 1;
  double delta_size = 1;  // plain_size where there are no matches
};

// A file given another.
struct FilePair {
  double distance = 1;              // by sketches alone
  double delta_size = 1;            // estimated from samples
  std::vector<ObjectPair> objects;  // those with matches
};

class SimilarityModel {
 public:
  static Result<std::unique_ptr<SimilarityModel>> Open(
      const std::string& path, std::string name,
      const std::optional<RawElements>& raw);

  const std::string& name() const { return name_; }
  uint64_t size() const { return objects_->size(); }
  double plain_size() const { return plain_size_; }
  std::span<const ModelObject> objects() const { return objects_->objects(); }
  // Whether there are elements of any dtype, rather than bytes alone.
  bool has_elements() const;

  Result<FilePair> Given(SimilarityModel* base);

 private:
  struct Sketched {
    size_t object = 0;
    Sketch sketch;
    double plain_size = 1;
  };

  Result<ObjectPair> Compare(const Sketched& object,
                             std::vector<BaseMatch> matches,
                             SimilarityModel* base);

  std::string name_;
  std::unique_ptr<ModelObjects> objects_;
  std::vector<Sketched> sketched_;
  std::vector<Sketch> sketches_;  // the same, for searching
  double plain_size_ = 1;
};

// All pairs of the models. files[i].given[j] is model i given model j, empty
// for i = j.
struct Similarity {
  struct File {
    std::string name;
    uint64_t size = 0;
    double plain_size = 1;
    std::vector<ModelObject> objects;
    std::vector<std::optional<FilePair>> given;
    std::optional<size_t> best_base;  // where one saves a twentieth at least
  };
  std::vector<File> files;

  // How far two files are apart: the size that the closer to the other comes to
  // given it, as a share of its size without. 1: no relation, 0: the one holds
  // the other.
  double Apart(size_t i, size_t j) const;
};

// `progress` is called after each file with its index.
Result<Similarity> CompareModels(
    const std::vector<std::unique_ptr<SimilarityModel>>& models,
    const std::function<void(size_t)>& progress);

}  // namespace ingot

#endif  // INGOT_TOOLS_SIMILARITY_H_
