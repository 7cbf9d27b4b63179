// BaseContainer: a container whose objects serve as bases of others.
//
// Its objects may themselves be predicted from objects elsewhere. Whoever
// decodes one of depth d is lent a reader that hands on requests for objects
// below depth d only; so chains end, and no thread ever waits for itself.
//
// Thread-safety: all functions may be called from many threads at once; each
// uses a reader of its own.

#ifndef INGOT_FORMATS_BASES_BASE_CONTAINER_H_
#define INGOT_FORMATS_BASES_BASE_CONTAINER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "codec/container_reader.h"
#include "codec/reference_source.h"
#include "codec/result.h"

namespace ingot {

class BaseContainer {
 public:
  // Reads bytes of an object elsewhere whose depth is below `limit`.
  using ReadElsewhere =
      std::function<Status(const Digest& object, uint64_t offset,
                           MutableByteSpan out, unsigned limit)>;

  static Result<std::unique_ptr<BaseContainer>> Open(const std::string& path,
                                                     ReadElsewhere elsewhere);

  // For what the index says; not for reading.
  const ContainerReader& index() const { return *listing_; }

  Status ReadObject(size_t object, uint64_t offset, MutableByteSpan out);
  Status ReadSegment(size_t file, size_t segment, uint64_t offset,
                     MutableByteSpan out);
  // All of an object, decoded on `threads`.
  Status ReadWhole(size_t object, int threads, const ByteConsumer& consumer);

 private:
  // Hands on what a reader asks for.
  class Elsewhere final : public ReferenceSource {
   public:
    explicit Elsewhere(const ReadElsewhere& read) : read_(read) {}
    void set_limit(unsigned limit) { limit_ = limit; }
    Status Read(const Digest& object, uint64_t offset,
                MutableByteSpan out) override {
      return read_(object, offset, out, limit_);
    }

   private:
    const ReadElsewhere& read_;
    unsigned limit_ = 0;
  };
  struct Reader {
    std::unique_ptr<Elsewhere> elsewhere;
    std::unique_ptr<ContainerReader> container;
  };

  BaseContainer(std::string path, ReadElsewhere elsewhere)
      : path_(std::move(path)), elsewhere_(std::move(elsewhere)) {}

  Result<Reader> OpenReader(int threads) const;
  // Lends an idle reader to `work`, or a new one.
  Status WithReader(unsigned limit,
                    const std::function<Status(ContainerReader*)>& work);

  const std::string path_;
  const ReadElsewhere elsewhere_;
  std::unique_ptr<ContainerReader> listing_;
  std::mutex mutex_;
  std::vector<Reader> idle_;  // guarded by mutex_
};

}  // namespace ingot

#endif  // INGOT_FORMATS_BASES_BASE_CONTAINER_H_
