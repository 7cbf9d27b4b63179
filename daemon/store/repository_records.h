// The records of the journal about repositories: their names, their history
// and what they may point to (STORE.md, "Records").
//
// Read() leaves its reader behind the record; kCorruption where the bytes
// break a rule.
//
// Thread-safety: values.

#ifndef INGOT_DAEMON_STORE_REPOSITORY_RECORDS_H_
#define INGOT_DAEMON_STORE_REPOSITORY_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/git_object.h"
#include "daemon/store/record_fields.h"
#include "daemon/store/repository.h"

namespace ingot::store {

struct RepositoryCreatedRecord {
  static constexpr uint16_t kType = 6;
  uint64_t number = 0;
  Repository repository;

  void Write(ByteWriter* writer) const;
  static Result<RepositoryCreatedRecord> Read(ByteReader* reader);
  bool operator==(const RepositoryCreatedRecord&) const = default;
};

// A repository that has another name, or other readers.
struct RepositoryChangedRecord {
  static constexpr uint16_t kType = 7;
  uint64_t number = 0;
  Repository repository;

  void Write(ByteWriter* writer) const;
  static Result<RepositoryChangedRecord> Read(ByteReader* reader);
  bool operator==(const RepositoryChangedRecord&) const = default;
};

using RepositoryDeletedRecord = NumberRecord<8>;

struct GitObjectRecord {
  static constexpr uint16_t kType = 9;
  uint64_t repository = 0;
  GitObject object;

  void Write(ByteWriter* writer) const;
  static Result<GitObjectRecord> Read(ByteReader* reader);
  bool operator==(const GitObjectRecord&) const = default;
};

// A ref of a repository that was `before` and is `after`; nothing: not there.
struct RefChangedRecord {
  static constexpr uint16_t kType = 10;
  uint64_t repository = 0;
  std::string name;
  std::optional<GitId> before;
  std::optional<GitId> after;

  void Write(ByteWriter* writer) const;
  static Result<RefChangedRecord> Read(ByteReader* reader);
  bool operator==(const RefChangedRecord&) const = default;
};

// A file that a repository may point to.
struct GrantedRecord {
  static constexpr uint16_t kType = 11;
  uint64_t repository;
  Digest file;

  void Write(ByteWriter* writer) const;
  static Result<GrantedRecord> Read(ByteReader* reader);
  bool operator==(const GrantedRecord&) const = default;
};

struct GrantEndedRecord {
  static constexpr uint16_t kType = 12;
  uint64_t repository;
  Digest file;
  // Where it is given, the grant stays if it was said after that time of the
  // journal.
  std::optional<uint64_t> granted_by = std::nullopt;

  void Write(ByteWriter* writer) const;
  static Result<GrantEndedRecord> Read(ByteReader* reader);
  bool operator==(const GrantEndedRecord&) const = default;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_REPOSITORY_RECORDS_H_
