// MultipartUploads: uploads that come in parts, as the Hub's clients send large
// files (API.md, "git-lfs"): in any order, several at once, some of them again.
//
//   auto part = uploads->BeginPart(permit);        // its file
//   part->upload()->Write(...);
//   uploads->KeepPart(std::move(part));
//   uploads->Complete(permit, etags);              // stages and grants the
//   whole
//
// Each part is a file until those before it have come; then it is appended to
// the whole and removed. Nothing of this outlives the process: the store
// removes files that no record names when it is opened.
//
// Bounded are the unfinished uploads of a repository and of all, and, by their
// permits, the number and lengths of parts. What nothing comes to for a while
// is given up. Bytes count as the storage's as they are written.
//
// Thread-safety: may be used from several threads at once, a Part from one.
// All but Plan and NewUpload wait for the disk. Outlives its Parts.

#ifndef INGOT_DAEMON_API_MULTIPART_UPLOADS_H_
#define INGOT_DAEMON_API_MULTIPART_UPLOADS_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "codec/result.h"
#include "daemon/api/url_signer.h"
#include "daemon/store/staging.h"
#include "daemon/store/store.h"

namespace ingot::api {

struct MultipartOptions {
  // Longer files come in parts of at least as much; 0: none does.
  uint64_t bytes = uint64_t{64} << 20;
  uint64_t idle_milliseconds = 60 * 60 * 1000;
  size_t most_of_repository = 64;
  size_t most = 1024;
};

// How a file is cut.
struct PartsPlan {
  uint64_t chunk = 0;  // bytes of each part but the last
  uint64_t parts = 0;
};

class MultipartUploads {
 public:
  class Part;

  // `store` must outlive it.
  explicit MultipartUploads(store::Store* store, MultipartOptions options = {});
  ~MultipartUploads();
  MultipartUploads(const MultipartUploads&) = delete;
  MultipartUploads& operator=(const MultipartUploads&) = delete;

  // Of a file of that length; nothing: it comes whole.
  std::optional<PartsPlan> Plan(uint64_t length) const;
  // A number that no other upload has.
  uint64_t NewUpload() { return ++last_upload_; }

  // kInvalidArgument where there is no such part, kUnavailable for too many
  // uploads, kResourceExhausted without space.
  Result<std::unique_ptr<Part>> BeginPart(const PartPermit& permit);
  // Takes a part that is whole, in the place of one that came before. Returns
  // its entity tag. kInvalidArgument where it has another length, kConflict
  // where the one before had other bytes and was used; else the store's.
  Result<std::string> KeepPart(std::unique_ptr<Part> part);
  // `etags`: of the parts, by number. kNotFound where nothing has come,
  // kInvalidArgument where a part is missing or another, or where the whole is
  // not the file; kConflict while somebody else puts it together. All but the
  // errors about parts end the upload.
  Status Complete(const PartPermit& permit,
                  const std::map<uint64_t, std::string>& etags);
  // Gives an upload up, if it is there.
  void Forget(uint64_t upload);

  // Gives up what nothing came to for long. Called every minute, too.
  void Expire();
  size_t unfinished() const;

 private:
  struct Whole;
  class Use;

  // Keeps the upload from being given up. kNotFound where there is none.
  Result<std::unique_ptr<Use>> Find(const PartPermit& permit, bool may_create);
  // Of `whole`, by whoever holds its `busy`: the next part, if it has come.
  Result<bool> AppendNext(Whole* whole);
  Status Finish(Whole* whole, const PartPermit& permit);

  store::Store* const store_;
  const MultipartOptions options_;
  std::atomic<uint64_t> last_upload_ = 0;
  mutable std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Whole>> uploads_;
  std::condition_variable_any ending_;
  std::jthread expirer_;  // last: ends before what it uses
};

// A part that is coming. Destroying it before KeepPart gives it up.
class MultipartUploads::Part {
 public:
  ~Part();
  store::Staging::Upload* upload() { return upload_.get(); }
  uint64_t length() const { return length_; }  // that it has to have

 private:
  friend class MultipartUploads;
  Part(std::unique_ptr<Use> use, uint64_t number, uint64_t length,
       std::unique_ptr<store::Staging::Upload> upload);

  const std::unique_ptr<Use> use_;
  const uint64_t number_;
  const uint64_t length_;
  std::unique_ptr<store::Staging::Upload> upload_;
};

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_MULTIPART_UPLOADS_H_
