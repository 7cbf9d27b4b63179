// The records of the journal: what each type means and how it is written
// (STORE.md, "Records").
//
// Thread-safety: functions and values only.

#ifndef INGOT_DAEMON_STORE_RECORDS_H_
#define INGOT_DAEMON_STORE_RECORDS_H_

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/digest.h"
#include "codec/manifest.h"
#include "codec/result.h"
#include "daemon/store/journal_format.h"
#include "daemon/store/journal_replay.h"

namespace ingot::store {

// Of files in records; so that there is always a next one.
inline constexpr uint64_t kMaxFileNumber = UINT64_MAX / 2;

// An upload that is whole and durable.
struct StagedRecord {
  static constexpr uint16_t kType = 1;
  uint64_t number;  // of the file
  uint64_t length;  // bytes
  Digest digest;
  bool operator==(const StagedRecord&) const = default;
};

// A staged file that is no longer needed.
struct UnstagedRecord {
  static constexpr uint16_t kType = 2;
  uint64_t number;
  bool operator==(const UnstagedRecord&) const = default;
};

// Something that a pack holds: a file's manifest, or an object.
struct PackEntry {
  ObjectId id;
  // Of an object: larger than that of some copy of each object that it needs,
  // so that needs end. Of a file, 0.
  unsigned depth = 0;  // kMaxDepth at most
  // Digests of the objects that it needs: an object those that predict it, a
  // file those outside its pack. In their order, each once.
  std::vector<Digest> needs;
  bool operator==(const PackEntry&) const = default;
};

// In the order of the container's index.
struct PackContents {
  std::vector<PackEntry> files;
  std::vector<PackEntry> objects;
  bool operator==(const PackContents&) const = default;
};

// A pack that is whole, durable and checked.
struct PackSealedRecord {
  static constexpr uint16_t kType = 3;
  uint64_t number = 0;  // of the file
  uint64_t length = 0;  // bytes
  PackContents contents;
  bool operator==(const PackSealedRecord&) const = default;
};

// A pack that nothing new may refer to.
struct PackRetiredRecord {
  static constexpr uint16_t kType = 4;
  uint64_t number;
  bool operator==(const PackRetiredRecord&) const = default;
};

// A retired pack that is no longer needed.
struct PackRemovedRecord {
  static constexpr uint16_t kType = 5;
  uint64_t number;
  bool operator==(const PackRemovedRecord&) const = default;
};

using Record = std::variant<StagedRecord, UnstagedRecord, PackSealedRecord,
                            PackRetiredRecord, PackRemovedRecord>;

// As in a record of a sealed pack.
std::vector<std::byte> EncodePackContents(const PackContents& contents);
Result<PackContents> ParsePackContents(ByteSpan bytes, std::string_view name);

JournalRecord EncodeRecord(const Record& record);
// kUnsupported for a type that this program does not know, kCorruption for a
// payload that breaks a rule; `name` is the input's, for messages.
Result<Record> ParseRecord(const JournalRecordView& record,
                           std::string_view name);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_RECORDS_H_
