// FaultyStorage: a Storage that fails when told to, and can lose its power.
//
// It hands everything on to another Storage and counts the operations that
// change something (Create, Append, Sync, Remove), from 0. PowerLoss() then
// says what a disk may hold: what STORE.md ("What storage promises") leaves
// open is decided at random, and nothing else is lost.
//
// Thread-safety: as for Storage, except PowerLoss.

#ifndef INGOT_TESTS_DAEMON_STORE_FAULTY_STORAGE_H_
#define INGOT_TESTS_DAEMON_STORE_FAULTY_STORAGE_H_

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "daemon/store/storage.h"

namespace ingot::store {

class FaultyStorage final : public Storage {
 public:
  explicit FaultyStorage(std::unique_ptr<Storage> base, uint64_t seed = 0)
      : base_(std::move(base)), random_(seed) {}

  // The operations in [first, end) fail with `kind`; an Append that fails has
  // written a part.
  void Fail(uint64_t first, uint64_t end, ErrorKind kind);
  void Heal() { Fail(0, 0, ErrorKind::kIo); }
  uint64_t operations() const { return operations_; }
  uint64_t syncs() const { return syncs_; }

  // A copy in memory of what may be found in `folders` after a loss of power.
  std::unique_ptr<Storage> PowerLoss(
      std::initializer_list<std::string_view> folders);

  Result<std::unique_ptr<AppendFile>> Create(std::string_view key) override;
  Result<std::unique_ptr<Source>> Open(std::string_view key) const override;
  Status Sync(std::string_view key) override;
  Result<std::vector<StoredFile>> List(std::string_view folder) const override;
  Status Remove(std::string_view key) override;
  Result<uint64_t> FreeBytes() const override { return free_bytes_.load(); }
  // What FreeBytes says from now on.
  void SetFreeBytes(uint64_t bytes) { free_bytes_ = bytes; }

 private:
  friend class FaultyFile;
  Status Count();
  std::vector<std::byte> Survivor(const StoredFile& file, uint64_t synced);

  const std::unique_ptr<Storage> base_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::atomic<uint64_t> free_bytes_ = UINT64_MAX;
  uint64_t operations_ = 0;
  uint64_t syncs_ = 0;
  uint64_t first_fault_ = 0;
  uint64_t end_of_faults_ = 0;
  ErrorKind kind_ = ErrorKind::kIo;
  // Bytes, of files of this object; nothing: never synced.
  std::map<std::string, std::optional<uint64_t>> synced_;
  std::map<std::string, std::vector<std::byte>> removed_;
};

// All bytes of a file. The file must exist.
std::vector<std::byte> ReadAll(const Storage& storage, std::string_view key);
// Creates a file that holds `bytes`, synced. It must not exist.
void WriteFile(Storage* storage, std::string_view key, ByteSpan bytes);

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_FAULTY_STORAGE_H_
