// BaseFinder: what the tensors of a file may be coded against, among those of
// files that were packed before or are in the same pack.
//
// Looked for are tensors of the same name, dtype and columns. In this order,
// and within it the last packed first, candidates are files that hints name,
// files granted to the same repository, and files that every reader of the file
// may read (daemon/ingest/audience.h). Of at most eight the one is chosen whose
// delta is estimated to be the smallest from a few samples; after some tensors
// only the files that served best are still looked at. Retired packs are never
// referred to.
//
// Memory: of 100'000 tensors about 20 MB, of more the ones packed last. The
// same repository's files and what hints name are found wherever they are; of
// others those in the last 256 packs.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_INGEST_BASE_FINDER_H_
#define INGOT_DAEMON_INGEST_BASE_FINDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/reference_source.h"
#include "codec/stream_encoder.h"
#include "daemon/ingest/audience.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/store/store.h"
#include "formats/layout.h"

namespace ingot::ingest {

// Digests of files that a file was probably made from, such as those that its
// model card names, the likeliest first; may be empty.
using BaseHints = std::function<std::vector<Digest>(const Digest& file)>;

class BaseFinder {
 public:
  // How the search for one file's tensors went so far.
  struct Search {
    const Source* source = nullptr;  // of the file
    Audience audience;
    std::vector<Digest> hints = {};
    size_t searched = 0;                  // tensors
    std::map<size_t, double> saved = {};  // by file: bytes, about
  };

  // Finds objects of depth below `max_depth`. All must outlive it.
  BaseFinder(store::Store* store, StoredObjects* objects, unsigned max_depth)
      : store_(store), objects_(objects), max_depth_(max_depth) {}

  // Learns what packs hold, the last ones first, as much as there is room for.
  Status LoadPacks();
  // Learns what hints name and what the same repositories hold. To be called
  // before the file itself is added.
  Status Prepare(const Search& search);
  // A file that is being packed, and a tensor of the file added last.
  void AddFile(const Digest& file, const Audience& audience);
  void AddTensor(const Region& region, const ObjectId& id, unsigned depth);

  // Whether an object that packs hold may stand in a file, so that it need not
  // be packed again: one that needs no other, or that is part of what all
  // readers of the file may read.
  Result<bool> MayRefer(const ObjectId& id, const Audience& audience) const;
  // The depth of the copy to refer to; nothing where there is none.
  Result<std::optional<unsigned>> DepthOf(const Digest& object) const;

  // None where nothing helps. `objects`: where candidates are read, those of
  // the same pack, too.
  Result<std::vector<RegionBase>> FindBase(const Region& region,
                                           ReferenceSource* objects,
                                           Search* search) const;

 private:
  struct File {
    Digest digest;
    Audience audience;
    uint64_t pack;  // its number; of one being written, larger than any
  };
  struct Tensor {
    size_t file;
    ObjectId id;
    DType dtype;
    uint64_t columns;
    unsigned depth;
  };
  struct Estimate {
    double saved = 0;  // bytes of the region
    double share = 0;  // of what it takes without a base
  };

  Status LoadPackedFile(const Digest& file);
  Status LoadFile(uint64_t pack, const ContainerReader& reader, size_t file);
  std::vector<size_t> Candidates(const Region& region,
                                 const Search& search) const;
  Result<Estimate> EstimateDelta(const Region& region, const Tensor& base,
                                 const Source& source,
                                 ReferenceSource* objects) const;

  store::Store* const store_;
  StoredObjects* const objects_;
  const unsigned max_depth_;
  std::vector<File> files_;
  std::map<Digest, size_t> file_numbers_;
  std::vector<Tensor> tensors_;
  std::unordered_map<std::string, std::vector<size_t>> by_name_;
  std::map<Digest, std::vector<size_t>> by_digest_;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_BASE_FINDER_H_
