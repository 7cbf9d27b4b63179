// The records of the journal that name files: staged uploads and packs
// (STORE.md, "Records").
//
// Read() leaves its reader behind the record; kCorruption where the bytes
// break a rule.
//
// Thread-safety: values.

#ifndef INGOT_DAEMON_STORE_FILE_RECORDS_H_
#define INGOT_DAEMON_STORE_FILE_RECORDS_H_

#include <cstdint>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/digest.h"
#include "codec/manifest.h"
#include "codec/result.h"
#include "daemon/store/record_fields.h"

namespace ingot::store {

// An upload that is whole and durable.
struct StagedRecord {
  static constexpr uint16_t kType = 1;
  uint64_t number;  // of the file
  uint64_t length;  // bytes
  Digest digest;
  // The file has checksums behind its bytes (daemon/store/block_checks.h).
  bool checked = false;

  void Write(ByteWriter* writer) const;
  static Result<StagedRecord> Read(ByteReader* reader);
  bool operator==(const StagedRecord&) const = default;
};

// A staged file that is no longer needed.
using UnstagedRecord = NumberRecord<2>;

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

  void Write(ByteWriter* writer) const;
  static Result<PackContents> Read(ByteReader* reader);
  bool operator==(const PackContents&) const = default;
};

// A pack that is whole, durable and checked.
struct PackSealedRecord {
  static constexpr uint16_t kType = 3;
  uint64_t number = 0;  // of the file
  uint64_t length = 0;  // bytes
  PackContents contents;

  void Write(ByteWriter* writer) const;
  static Result<PackSealedRecord> Read(ByteReader* reader);
  bool operator==(const PackSealedRecord&) const = default;
};

// A pack that nothing new may refer to.
using PackRetiredRecord = NumberRecord<4>;

// Retired packs that are no longer needed but by each other; in rising order.
struct PackRemovedRecord {
  static constexpr uint16_t kType = 5;
  std::vector<uint64_t> numbers;

  void Write(ByteWriter* writer) const;
  static Result<PackRemovedRecord> Read(ByteReader* reader);
  bool operator==(const PackRemovedRecord&) const = default;
};

// Which entries of a pack cannot be read, by their places among its files and
// its objects, in rising order. Each record of a pack replaces the one before.
struct PackDamage {
  bool all = false;  // whatever it holds; nothing is listed then
  std::vector<uint64_t> files = {};
  std::vector<uint64_t> objects = {};

  bool empty() const { return !all && files.empty() && objects.empty(); }
  void Write(ByteWriter* writer) const;
  static Result<PackDamage> Read(ByteReader* reader);
  bool operator==(const PackDamage&) const = default;
};

struct PackDamagedRecord {
  static constexpr uint16_t kType = 17;
  uint64_t number = 0;
  PackDamage damage;

  void Write(ByteWriter* writer) const;
  static Result<PackDamagedRecord> Read(ByteReader* reader);
  bool operator==(const PackDamagedRecord&) const = default;
};

// A staged file whose bytes are not what was uploaded.
using StagedDamagedRecord = NumberRecord<18>;

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_FILE_RECORDS_H_
