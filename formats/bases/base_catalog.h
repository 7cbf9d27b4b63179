// BaseCatalog: the objects of base models, by name and by digest.
//
// Adding a file reads its header or index. Objects of containers have their
// digests there; those of other files get theirs when they are hashed, which
// the caller starts. Once added, an object never changes but for its digest.
//
// Thread-safety: none, but that files and objects stay where they are, so that
// what does not change may be read while something is added.

#ifndef INGOT_FORMATS_BASES_BASE_CATALOG_H_
#define INGOT_FORMATS_BASES_BASE_CATALOG_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/result.h"
#include "codec/source.h"
#include "formats/base_models.h"
#include "formats/bases/base_container.h"

namespace ingot {

struct CatalogFile {
  std::string path;
  std::unique_ptr<BaseContainer> container = {};  // null: any other file
  std::unique_ptr<Source> source = {};  // not of containers, once needed
  uint64_t size = 0;
  std::vector<size_t> objects = {};
  bool has_tensors = false;
  std::optional<Digest> digest = {};  // once hashed as a whole
};

struct CatalogObject {
  enum class Kind {
    kRaw,        // `length` bytes of a file from `offset` on
    kStored,     // object `place` of a container
    kLiteral,    // segment `place` of file `manifest` of a container
    kElsewhere,  // what such a segment refers to
  };
  Kind kind = Kind::kRaw;
  size_t file = 0;
  std::optional<size_t> manifest = {};
  size_t place = 0;
  uint64_t offset = 0;  // in the file, or in file `manifest` of a container
  std::optional<TensorView> view = {};
  DType element_dtype = DType::kBytes;
  uint64_t columns = 1;
  uint64_t length = 0;
  unsigned depth = 0;
  std::optional<Digest> digest = {};
};

class BaseCatalog {
 public:
  BaseCatalog(const BaseOptions& options,
              BaseContainer::ReadElsewhere elsewhere)
      : options_(options), elsewhere_(std::move(elsewhere)) {}

  // A file or, with all that is in it, a folder.
  Status AddPath(const std::string& path);
  // A file; nothing where it has been added before.
  Status AddFile(const std::string& path);

  const std::deque<CatalogFile>& files() const { return files_; }
  const std::deque<CatalogObject>& objects() const { return objects_; }
  // Indexes of objects, in the order in which they were added.
  const std::vector<size_t>& WithName(const std::string& name) const;
  const std::vector<size_t>& WithDigest(const Digest& digest) const;
  // The file that holds an object, as a container names it. Hashes the file
  // where that has not been done.
  Result<BaseFile> FileOf(size_t object);

  // A file as it is, container or not.
  Result<BaseFile> WholeFile(size_t file);

  // The object that is the beginning of a file that is no container, as far as
  // whole elements of `unit` bytes go. Hashes the file.
  Result<size_t> BeginningOf(size_t file, uint64_t unit);

  Result<const Source*> SourceOf(size_t file);
  // Gives an object of kind kRaw or kLiteral its digest, if it has none.
  Status HashObject(size_t object);
  // All objects of a file that is no container and the file itself, in one
  // pass. Its beginning, as far as whole elements of any dtype go, becomes an
  // object, too: it may have been raw elements for whoever refers to it.
  Status HashFile(size_t file);

 private:
  Status AddContainer(const std::string& path);
  Status AddModel(const std::string& path);
  size_t AddObject(CatalogObject object);
  void SetDigest(size_t object, const Digest& digest);

  const BaseOptions& options_;
  const BaseContainer::ReadElsewhere elsewhere_;
  std::set<std::string> added_;
  std::deque<CatalogFile> files_;
  std::deque<CatalogObject> objects_;
  std::unordered_map<std::string, std::vector<size_t>> by_name_;
  std::map<Digest, std::vector<size_t>> by_digest_;
};

}  // namespace ingot

#endif  // INGOT_FORMATS_BASES_BASE_CATALOG_H_
