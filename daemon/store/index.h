// Index: what the journal's records say, as rows that are found fast (STORE.md,
// "Index"). It can be thrown away: the journal makes the same rows again.
//
// Rows are bytes by key, in the order of their keys, kept by RocksDB. What
// they mean is their tables' affair; the Index applies batches by the function
// that it was opened with, and shows a group's rows all at once.
//
// Thread-safety: reading from several threads at once; a JournalState's
// functions by the journal alone. Iterators see the rows of one moment.

#ifndef INGOT_DAEMON_STORE_INDEX_H_
#define INGOT_DAEMON_STORE_INDEX_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "codec/result.h"
#include "daemon/store/journal_state.h"

namespace ingot::store {

// Called with rows in the order of their keys; false ends the reading.
using RowVisitor =
    std::function<Result<bool>(std::string_view key, std::string_view value)>;

class IndexReader {
 public:
  virtual ~IndexReader() = default;
  // Nothing where there is no such row. An error: the index cannot be read.
  virtual Result<std::optional<std::string>> Get(
      std::string_view key) const = 0;
  // The rows whose keys begin with `prefix` and lie behind `after`.
  virtual Status ScanAfter(std::string_view prefix, std::string_view after,
                           const RowVisitor& visit) const = 0;
  Status Scan(std::string_view prefix, const RowVisitor& visit) const {
    return ScanAfter(prefix, {}, visit);
  }
  // Whether there is one.
  Result<bool> HasRows(std::string_view prefix) const;
};

// Reads what it has written, and the rows below it.
class IndexWriter : public IndexReader {
 public:
  virtual void Put(std::string_view key, std::string_view value) = 0;
  virtual void Delete(std::string_view key) = 0;
  // All whose keys begin with `prefix`.
  Status DeleteRows(std::string_view prefix);
};

struct IndexOptions {
  // Created where it is missing. Empty: the rows are kept in memory.
  std::string folder = {};
  uint64_t cache_bytes = 32 << 20;
};

// Writes what a batch says; an error refuses it, as JournalState::Stage does.
using ApplyBatch = std::function<Status(const JournalBatch&, IndexWriter*)>;

class Index final : public IndexReader, public JournalState {
 public:
  // An index of another format than this program's is emptied: the journal
  // fills it again. kCorruption where it is damaged; RemoveIndex then helps.
  static Result<std::unique_ptr<Index>> Open(const IndexOptions& options,
                                             ApplyBatch apply);
  // Makes the rows durable, as far as it can: the next opening replays less.
  ~Index() override;

  Result<std::optional<std::string>> Get(std::string_view key) const override;
  Status ScanAfter(std::string_view prefix, std::string_view after,
                   const RowVisitor& visit) const override;

  JournalMark mark() const override;
  Status Stage(const JournalBatch& batch) override;
  Status Commit(const JournalMark& mark) override;
  void Drop() override;

 private:
  class Impl;
  class GroupWriter;
  explicit Index(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

// Removes the rows in `folder`. No Index may have it open.
Status RemoveIndex(const std::string& folder);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_INDEX_H_
