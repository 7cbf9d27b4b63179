// RecordedFiles: the files of one folder that the journal's records name. Each
// gets a number that no other had, becomes part of the store by a record, and
// is removed when no record can name it any more (STORE.md, "Recorded files").
//
// Thread-safety: RecordedFiles may be used from several threads at once, a
// NewFile from one at a time. What appends a record waits for the disk.

#ifndef INGOT_DAEMON_STORE_RECORDED_FILES_H_
#define INGOT_DAEMON_STORE_RECORDED_FILES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/result.h"
#include "codec/source.h"
#include "daemon/store/journal.h"
#include "daemon/store/records.h"
#include "daemon/store/space.h"
#include "daemon/store/storage.h"

namespace ingot::store {

class NewFile;

class RecordedFiles {
 public:
  struct Parts {
    Storage* storage;
    Journal* journal;
    Space* space;
    uint64_t reserved_bytes;  // that new files leave free
  };

  // Removes the files in `folder` that `is_named` does not name; one that
  // cannot be removed now is left to the next opening. `largest`: of any
  // number in a record. What the parts point to must outlive the object.
  static Result<std::unique_ptr<RecordedFiles>> Open(
      const Parts& parts, std::string_view folder, uint64_t largest,
      const std::function<Result<bool>(uint64_t number)>& is_named);

  // A new file, which must not outlive the object. Space for `expected_length`
  // bytes is kept for it; kResourceExhausted where there is none.
  Result<std::unique_ptr<NewFile>> Create(uint64_t expected_length);
  std::string Key(uint64_t number) const;
  // kCorruption where the file is missing or of another length.
  Result<std::unique_ptr<Source>> Open(uint64_t number, uint64_t length) const;

  // Makes `record`, which names the files that were named before, true.
  Status Append(const Record& record);
  // Makes `record` true, by which the files `numbers` are named no more, and
  // removes them. After an error other than a refusal (kConflict, kNotFound)
  // the files stay, and may be gone at the next opening.
  Status Retract(std::span<const uint64_t> numbers, const Record& record);
  // Removes a file that no record names any more; where that fails, the next
  // opening does.
  void Remove(uint64_t number);

 private:
  friend class NewFile;

  RecordedFiles(const Parts& parts, std::string_view folder)
      : parts_(parts), folder_(folder) {}

  const Parts parts_;
  const std::string folder_;
  std::mutex mutex_;
  uint64_t next_number_ = 1;
  // Files whose records failed to be written, and may yet be found.
  std::vector<uint64_t> doubtful_;
};

// A file that no record names yet. Destroying it removes the file.
class NewFile {
 public:
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  uint64_t number() const { return number_; }
  uint64_t size() const { return size_; }
  // After an error (kResourceExhausted: no space) the file can only be given
  // up.
  Status Append(ByteSpan bytes);
  // Makes the bytes durable; nothing is appended afterwards.
  Status Finish();
  // Nothing is appended afterwards, and no record will name it: what is read
  // once, by Open, and given up.
  void Close() { file_.reset(); }
  // The bytes so far.
  Result<std::unique_ptr<Source>> Open() const;
  // Makes `record`, which names the file, true. A refusal (kConflict,
  // kNotFound) removes the file; after another error it stays until a later
  // record has succeeded. REQUIRES: Finish() has succeeded.
  Status Name(const Record& record);

 private:
  friend class RecordedFiles;
  NewFile(RecordedFiles* files, uint64_t number,
          std::unique_ptr<AppendFile> file)
      : files_(files),
        allotment_(files->parts_.space, files->parts_.reserved_bytes),
        file_(std::move(file)),
        number_(number) {}

  RecordedFiles* const files_;
  Space::Allotment allotment_;
  std::unique_ptr<AppendFile> file_;  // null: finished, or closed
  const uint64_t number_;
  uint64_t size_ = 0;
  bool is_ours_ = true;  // to be removed
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_RECORDED_FILES_H_
