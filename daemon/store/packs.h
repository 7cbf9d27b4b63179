// Packs: containers that hold what was uploaded, encoded (STORE.md, "Packs").
//
// Thread-safety: a Packs may be used from several threads at once, a Writer
// from one at a time. What appends a record waits for the disk.

#ifndef INGOT_DAEMON_STORE_PACKS_H_
#define INGOT_DAEMON_STORE_PACKS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "daemon/store/index.h"
#include "daemon/store/pack_table.h"
#include "daemon/store/recorded_files.h"

namespace ingot::store {

class Packs {
 public:
  class Writer;

  // What the parts and `index` point to must outlive the Packs.
  static Result<std::unique_ptr<Packs>> Open(const RecordedFiles::Parts& parts,
                                             const Index* index);
  Packs(const Packs&) = delete;
  Packs& operator=(const Packs&) = delete;

  // A new pack, which must not outlive the Packs. Space for `expected_length`
  // bytes is kept for it; kResourceExhausted where there is none.
  Result<std::unique_ptr<Writer>> Begin(uint64_t expected_length = 0);

  // kNotFound where there is no such pack, kCorruption where its file is
  // damaged: missing, or of another length.
  Result<std::unique_ptr<Source>> Open(uint64_t number) const;
  Result<std::optional<PackInfo>> Find(uint64_t number) const;
  // By number.
  Result<std::vector<PackInfo>> List() const;
  // What a pack holds, as its record says; kNotFound where there is none.
  Result<PackContents> Contents(uint64_t number) const;
  // All copies of the file, or the object, with that digest, the one to read
  // first; none where no pack holds it.
  Result<std::vector<PackPlace>> FindFile(const Digest& digest) const;
  Result<std::vector<PackPlace>> FindObject(const Digest& digest) const;

  // Reads a pack to its end and compares it with its record: kCorruption,
  // naming file and offset, where it is damaged.
  Status Check(uint64_t number) const;

  // From now on nothing new may refer to the pack; what it holds can be read.
  Status Retire(uint64_t number);
  // Takes retired packs away, all or none. kConflict where other packs need a
  // copy of an object that only these hold, or where they have the last copy of
  // a file that is granted.
  Status Remove(const std::set<uint64_t>& numbers);
  // Of some packs, as many as Remove would take away together.
  Result<std::set<uint64_t>> FindRemovable(std::set<uint64_t> numbers) const;

  // What of a pack cannot be read, where Check has failed: reads it again, and
  // records nothing.
  Result<PackDamage> Examine(uint64_t number) const;
  // Says what was found: these entries are read where there is no other copy,
  // and nothing new refers to them. An empty damage says that there is none.
  Status SetDamage(uint64_t number, const PackDamage& damage);
  // What was said last.
  Result<PackDamage> FindDamage(uint64_t number) const;
  // Whether some pack has any.
  Result<bool> HasDamage() const;

 private:
  Packs(const Index* index, std::unique_ptr<RecordedFiles> files)
      : index_(index), files_(std::move(files)) {}

  const Index* const index_;
  const std::unique_ptr<RecordedFiles> files_;
};

// A pack being written: a container goes in, as into any Sink. Destroying it
// before Seal has succeeded gives it up.
class Packs::Writer final : public Sink {
 public:
  // kResourceExhausted: no space.
  Status Write(ByteSpan bytes) override;
  // Makes the pack durable, reads it back and checks it. What is returned are
  // its bytes as they are stored, for whoever must compare what they decode to;
  // nothing knows of the pack yet.
  Result<std::unique_ptr<Source>> Finish();
  // Makes the pack part of the store. kNotFound: an object that it needs is no
  // longer there. REQUIRES: Finish has succeeded.
  Result<PackInfo> Seal();

 private:
  friend class Packs;
  Writer(const Packs* packs, std::unique_ptr<NewFile> file)
      : packs_(packs), file_(std::move(file)) {}

  const Packs* const packs_;
  const std::unique_ptr<NewFile> file_;
  PackContents contents_;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_PACKS_H_
