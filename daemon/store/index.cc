#include "daemon/store/index.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/write_batch_with_index.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "daemon/store/index_keys.h"

namespace ingot::store {
namespace {

// Of the rows, whatever their table. Others are written anew.
constexpr uint64_t kIndexFormat = 2;
// Rows in memory before they are written to a file: they must find space
// beside what uploads leave free.
constexpr size_t kBufferBytes = 16 << 20;

const std::string kInMemory = "/index";

rocksdb::Slice ToSlice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

Status ToStatus(const rocksdb::Status& status, const std::string& name) {
  if (status.ok()) return {};
  const std::string message = name + ": " + status.ToString();
  if (status.IsNoSpace()) return Error{ErrorKind::kResourceExhausted, message};
  if (status.IsIOError()) return Error{ErrorKind::kIo, message};
  return Corruption(message + ": the index can be rebuilt");
}

rocksdb::Options MakeOptions(const IndexOptions& options, rocksdb::Env* env) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.cache_bytes);
  // Filters and indexes count against the cache, in pieces: whole ones are
  // larger than what each of its shards may hold.
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.pin_top_level_index_and_filter = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::Options made;
  made.env = env;
  made.create_if_missing = true;
  made.write_buffer_size = kBufferBytes;
  made.max_background_jobs = 2;
  made.max_open_files = 512;
  made.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
  made.keep_log_file_num = 1;
  made.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return made;
}

std::string CurrentFile(const std::string& path) { return path + "/CURRENT"; }

// Removes a database, what makes it one first: then a removal that is cut
// short leaves none, and not a damaged one.
Status RemoveRows(const std::string& path, const rocksdb::Options& options,
                  const std::string& name) {
  const std::string current = CurrentFile(path);
  if (options.env->FileExists(current).ok()) {
    INGOT_TRY(ToStatus(options.env->DeleteFile(current), name));
  }
  return ToStatus(rocksdb::DestroyDB(path, options), name);
}

Result<std::optional<std::string>> Found(const rocksdb::Status& status,
                                         std::string value,
                                         const std::string& name) {
  if (status.IsNotFound()) return std::optional<std::string>();
  INGOT_TRY(ToStatus(status, name));
  return std::optional<std::string>(std::move(value));
}

Status ScanRows(rocksdb::Iterator* rows, std::string_view prefix,
                std::string_view after, const RowVisitor& visit,
                const std::string& name) {
  rows->Seek(ToSlice(std::max(prefix, after)));
  if (rows->Valid() && rows->key() == ToSlice(after)) rows->Next();
  for (; rows->Valid() && rows->key().starts_with(ToSlice(prefix));
       rows->Next()) {
    INGOT_ASSIGN(const bool go_on, visit(rows->key().ToStringView(),
                                         rows->value().ToStringView()));
    if (!go_on) return {};
  }
  return ToStatus(rows->status(), name);
}

std::string EncodeNumbers(const std::vector<uint64_t>& numbers) {
  std::vector<std::byte> bytes;
  ByteWriter writer(&bytes);
  for (const uint64_t number : numbers) writer.WriteVarint(number);
  return std::string(AsText(bytes));
}

IndexKey MetaKey(std::string_view name) {
  return IndexKey(IndexTable::kMeta).Add(name);
}

}  // namespace

// The batches of a group, until they are durable.
class Index::GroupWriter final : public IndexWriter {
 public:
  GroupWriter(rocksdb::DB* db, const std::string& name)
      : db_(db), name_(name) {}

  rocksdb::WriteBatchWithIndex& rows() { return rows_; }

  Result<std::optional<std::string>> Get(std::string_view key) const override {
    std::string value;
    const rocksdb::Status status =
        rows_.GetFromBatchAndDB(db_, {}, ToSlice(key), &value);
    return Found(status, std::move(value), name_);
  }
  Status ScanAfter(std::string_view prefix, std::string_view after,
                   const RowVisitor& visit) const override {
    const std::unique_ptr<rocksdb::Iterator> rows(
        rows_.NewIteratorWithBase(db_->NewIterator({})));
    return ScanRows(rows.get(), prefix, after, visit, name_);
  }
  void Put(std::string_view key, std::string_view value) override {
    rows_.Put(ToSlice(key), ToSlice(value));
  }
  void Delete(std::string_view key) override { rows_.Delete(ToSlice(key)); }

 private:
  rocksdb::DB* const db_;
  const std::string& name_;
  // GetFromBatchAndDB and NewIteratorWithBase are not const.
  mutable rocksdb::WriteBatchWithIndex rows_{rocksdb::BytewiseComparator(), 0,
                                             true};
};

class Index::Impl {
 public:
  Impl(const IndexOptions& options, ApplyBatch apply)
      : apply_(std::move(apply)),
        name_(options.folder.empty() ? "index" : options.folder),
        path_(options.folder.empty() ? kInMemory : options.folder),
        memory_(options.folder.empty()
                    ? rocksdb::NewMemEnv(rocksdb::Env::Default())
                    : nullptr),
        options_(MakeOptions(
            options, memory_ ? memory_.get() : rocksdb::Env::Default())) {}

  Status Open() {
    INGOT_TRY(OpenRows());
    INGOT_ASSIGN(const std::optional<std::string> format,
                 Get(MetaKey("format")));
    if (format != EncodeNumbers({kIndexFormat})) {
      writer_.reset();
      db_.reset();
      INGOT_TRY(RemoveRows(path_, options_, name_));
      INGOT_TRY(OpenRows());
      writer_->Put(MetaKey("format"), EncodeNumbers({kIndexFormat}));
      return WriteRows();
    }
    INGOT_ASSIGN(const std::optional<std::string> mark, Get(MetaKey("mark")));
    if (!mark) return {};
    ByteReader reader(AsBytes(*mark), name_);
    INGOT_ASSIGN(mark_.position, reader.ReadVarint());
    INGOT_ASSIGN(mark_.checksum, reader.ReadVarint());
    return {};
  }

  Result<std::optional<std::string>> Get(std::string_view key) const {
    std::string value;
    const rocksdb::Status status = db_->Get({}, ToSlice(key), &value);
    return Found(status, std::move(value), name_);
  }
  Status ScanAfter(std::string_view prefix, std::string_view after,
                   const RowVisitor& visit) const {
    const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator({}));
    return ScanRows(rows.get(), prefix, after, visit, name_);
  }

  const JournalMark& mark() const { return mark_; }

  Status Stage(const JournalBatch& batch) {
    writer_->rows().SetSavePoint();
    const Status applied = apply_(batch, writer_.get());
    const rocksdb::Status kept = applied.ok()
                                     ? writer_->rows().PopSavePoint()
                                     : writer_->rows().RollbackToSavePoint();
    INGOT_TRY(ToStatus(kept, name_));
    return applied;
  }
  Status Commit(const JournalMark& mark) {
    writer_->Put(MetaKey("mark"),
                 EncodeNumbers({mark.position, mark.checksum}));
    INGOT_TRY(WriteRows());
    mark_ = mark;
    return {};
  }
  void Drop() { writer_->rows().Clear(); }

 private:
  Status OpenRows() {
    // A creation that was cut short leaves files that RocksDB takes for a
    // damaged database; what makes them one is written last.
    if (!options_.env->FileExists(CurrentFile(path_)).ok()) {
      INGOT_TRY(RemoveRows(path_, options_, name_));
    }
    rocksdb::DB* db = nullptr;
    INGOT_TRY(ToStatus(rocksdb::DB::Open(options_, path_, &db), name_));
    db_.reset(db);
    writer_ = std::make_unique<GroupWriter>(db, name_);
    return {};
  }
  // Without a log: the journal is one.
  Status WriteRows() {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    const rocksdb::Status written =
        db_->Write(options, writer_->rows().GetWriteBatch());
    writer_->rows().Clear();
    return ToStatus(written, name_);
  }

  const ApplyBatch apply_;
  const std::string name_;  // for messages
  const std::string path_;
  const std::unique_ptr<rocksdb::Env> memory_;
  const rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<GroupWriter> writer_;
  JournalMark mark_;
};

Result<bool> IndexReader::HasRows(std::string_view prefix) const {
  bool found = false;
  INGOT_TRY(Scan(prefix, [&](std::string_view, std::string_view) {
    found = true;
    return Result<bool>(false);
  }));
  return found;
}

Status IndexWriter::DeleteRows(std::string_view prefix) {
  std::vector<std::string> keys;
  INGOT_TRY(Scan(prefix, [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return Result<bool>(true);
  }));
  for (const std::string& key : keys) Delete(key);
  return {};
}

Index::Index(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
// RocksDB writes its buffer when it is closed.
Index::~Index() = default;

Result<std::unique_ptr<Index>> Index::Open(const IndexOptions& options,
                                           ApplyBatch apply) {
  auto impl = std::make_unique<Impl>(options, std::move(apply));
  INGOT_TRY(impl->Open());
  return std::unique_ptr<Index>(new Index(std::move(impl)));
}

Result<std::optional<std::string>> Index::Get(std::string_view key) const {
  return impl_->Get(key);
}
Status Index::ScanAfter(std::string_view prefix, std::string_view after,
                        const RowVisitor& visit) const {
  return impl_->ScanAfter(prefix, after, visit);
}
JournalMark Index::mark() const { return impl_->mark(); }
Status Index::Stage(const JournalBatch& batch) { return impl_->Stage(batch); }
Status Index::Commit(const JournalMark& mark) { return impl_->Commit(mark); }
void Index::Drop() { impl_->Drop(); }

Status RemoveIndex(const std::string& folder) {
  return RemoveRows(folder, {}, folder);
}

}  // namespace ingot::store
