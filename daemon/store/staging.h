// Staging: uploads as they came, durable and readable by their digest until a
// pack holds what is in them (STORE.md, "Staged uploads").
//
// Thread-safety: a Staging may be used from several threads at once, an Upload
// from one at a time. Finish and Discard wait for the disk.

#ifndef INGOT_DAEMON_STORE_STAGING_H_
#define INGOT_DAEMON_STORE_STAGING_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "codec/source.h"
#include "daemon/store/journal.h"
#include "daemon/store/staged_table.h"
#include "daemon/store/storage.h"

namespace ingot::store {

struct StagingOptions {
  // Uploads leave this much free, so that records can still be written and
  // files removed where they find no space.
  uint64_t reserved_bytes = 64 << 20;
};

class Staging {
 public:
  class Upload;

  // `table`: what the journal says. Removes the files that it does not name;
  // one that cannot be removed now is left to the next opening. `storage` and
  // `journal` must outlive the Staging.
  static Result<std::unique_ptr<Staging>> Open(Storage* storage,
                                               Journal* journal,
                                               StagingOptions options,
                                               StagedTable table);
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // An upload, which must not outlive the Staging. Space for
  // `expected_length` bytes is kept for it; kResourceExhausted where there is
  // none.
  Result<std::unique_ptr<Upload>> Begin(uint64_t expected_length = 0);

  // kNotFound where `digest` is not staged, kCorruption where its file is
  // damaged: missing, or of another length.
  Result<std::unique_ptr<Source>> Open(const Digest& digest) const;
  std::optional<StagedRecord> Find(const Digest& digest) const;
  // By number.
  std::vector<StagedRecord> List() const;

  // Takes `digest` away; kNotFound where it is not staged. After another error
  // it stays staged here, and may be gone at the next opening.
  Status Discard(const Digest& digest);

  // Reads a staged file and compares its digest: kCorruption, naming the file,
  // where it differs or Open would say so.
  Status Check(const Digest& digest) const;

 private:
  // Holds a digest, so that one thread at a time changes whether it is staged.
  class Claim;

  Staging(Storage* storage, Journal* journal, StagingOptions options,
          StagedTable table)
      : storage_(storage),
        journal_(journal),
        options_(options),
        table_(std::move(table)) {}

  // Keeps space for an upload, or gives it back.
  Status Allot(uint64_t bytes);
  void GiveBack(uint64_t bytes);

  Result<StagedRecord> Finish(const StagedRecord& record);
  Status Append(const Record& record);
  void Remove(uint64_t number);

  Storage* const storage_;
  Journal* const journal_;
  const StagingOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable released_;
  StagedTable table_;
  std::set<Digest> claimed_;
  uint64_t next_number_ = 1;
  uint64_t allotted_ = 0;  // bytes, and not yet written
  // Files whose staged record failed to be written, and may yet be found.
  std::vector<uint64_t> doubtful_;
};

// One upload. Destroying it before Finish gives it up.
class Staging::Upload {
 public:
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  uint64_t size() const { return size_; }
  // After an error (kResourceExhausted: no space) the upload can only be given
  // up.
  Status Write(ByteSpan bytes);
  // The digest of the bytes so far.
  Digest digest() const { return hasher_.Peek(); }
  // Makes the upload durable. What is returned names an earlier file where
  // one held the same bytes. After an error the upload is given up.
  Result<StagedRecord> Finish();

 private:
  friend class Staging;
  Upload(Staging* staging, uint64_t number, std::unique_ptr<AppendFile> file)
      : staging_(staging), file_(std::move(file)), number_(number) {}

  Staging* const staging_;
  std::unique_ptr<AppendFile> file_;  // null: Finish has been called
  const uint64_t number_;
  uint64_t size_ = 0;
  uint64_t allotted_ = 0;  // bytes, and not yet written
  Hasher hasher_;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_STAGING_H_
