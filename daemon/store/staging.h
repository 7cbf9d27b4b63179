// Staging: uploads as they came, durable and readable by their digest until a
// pack holds what is in them (STORE.md, "Staged uploads").
//
// Thread-safety: a Staging may be used from several threads at once, an Upload
// from one at a time. Finish and Discard wait for the disk.

#ifndef INGOT_DAEMON_STORE_STAGING_H_
#define INGOT_DAEMON_STORE_STAGING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "codec/source.h"
#include "daemon/store/block_checks.h"
#include "daemon/store/file_records.h"
#include "daemon/store/index.h"
#include "daemon/store/recorded_files.h"
#include "daemon/store/staged_table.h"

namespace ingot::store {

class Staging {
 public:
  class Upload;

  // What the parts and `index` point to must outlive the Staging.
  static Result<std::unique_ptr<Staging>> Open(
      const RecordedFiles::Parts& parts, const Index* index);
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // An upload, which must not outlive the Staging. Space for
  // `expected_length` bytes is kept for it; kResourceExhausted where there is
  // none.
  Result<std::unique_ptr<Upload>> Begin(uint64_t expected_length = 0);

  // kNotFound where `digest` is not staged, kCorruption where its file is
  // damaged: missing, of another length, or known to hold other bytes.
  Result<std::unique_ptr<Source>> Open(const Digest& digest) const;
  Result<std::optional<StagedFile>> Find(const Digest& digest) const;
  // By number.
  Result<std::vector<StagedFile>> List() const;

  // Takes `digest` away. kNotFound where it is not staged, kConflict where it
  // is the last copy of what is granted. After another error it stays staged
  // here, and may be gone at the next opening.
  Status Discard(const Digest& digest);

  // Reads a staged file and compares its digest: kCorruption, naming the file,
  // where it differs or Open would say so.
  Status Check(const Digest& digest) const;
  // Says that Check found that: from now on the file is not read, and another
  // upload takes its place.
  Status SetDamaged(uint64_t number);

 private:
  Staging(const Index* index, std::unique_ptr<RecordedFiles> files)
      : index_(index), files_(std::move(files)) {}

  const Index* const index_;
  const std::unique_ptr<RecordedFiles> files_;
};

// One upload. Destroying it before Finish gives it up.
class Staging::Upload {
 public:
  uint64_t size() const { return size_; }
  // After an error (kResourceExhausted: no space) the upload can only be given
  // up.
  Status Write(ByteSpan bytes);
  // The digest of the bytes so far.
  Digest digest() const { return hasher_.Peek(); }
  // For what is a part of another upload: nothing is written afterwards, it is
  // read and given up. It takes no file descriptor until then.
  void Close() { file_->Close(); }
  Result<std::unique_ptr<Source>> Open() const { return file_->Open(); }
  // Makes the upload durable; called once. What is returned names an earlier
  // file where one held the same bytes. After an error the upload is given up.
  Result<StagedRecord> Finish();
  // Instead of Finish: opens what was written, which never becomes part of the
  // store and stays as long as the Upload.
  Result<std::unique_ptr<Source>> ReadBack();

 private:
  friend class Staging;
  Upload(Staging* staging, std::unique_ptr<NewFile> file)
      : staging_(staging), file_(std::move(file)) {}

  Staging* const staging_;
  const std::unique_ptr<NewFile> file_;
  Hasher hasher_;
  BlockSums sums_;
  uint64_t size_ = 0;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_STAGING_H_
