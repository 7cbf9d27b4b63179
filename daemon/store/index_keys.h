// The keys of the index's rows, table by table (STORE.md, "Index"), and how
// what writes itself becomes a row. Numbers
// are big-endian, so that rows are in their order.
//
// Thread-safety: values.

#ifndef INGOT_DAEMON_STORE_INDEX_KEYS_H_
#define INGOT_DAEMON_STORE_INDEX_KEYS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/base/byte_writer.h"
#include "codec/bytes.h"
#include "codec/digest.h"

namespace ingot::store {

// The first byte of every key.
enum class IndexTable : char {
  kMeta = 'm',           // what the index is
  kLargestNumber = 'n',  // of files, by folder
  kStagedNumbers = 's',
  kStagedDigests = 'd',
  kPacks = 'p',
  kPackFiles = 'f',    // by digest
  kPackObjects = 'o',  // by digest
  kPackContents = 'c',
  kNeeded = 'r',  // objects, and who needs them
  kPackDamage = 'x',
  kRepositories = 'R',
  kRepositoryNames = 'N',
  kGitObjects = 'G',
  kRefs = 'F',
  kGrantsByRepository = 'A',
  kGrantsByFile = 'a',
  kTokens = 'T',
  kTokenSecrets = 't',
  kLocks = 'L',
  kLockedPaths = 'l',
};

class IndexKey {
 public:
  explicit IndexKey(IndexTable table) : bytes_(1, static_cast<char>(table)) {}

  IndexKey& Add(uint64_t number);
  IndexKey& Add(uint8_t byte);
  IndexKey& Add(const Digest& digest);
  IndexKey& Add(std::string_view text);

  operator std::string_view() const { return bytes_; }

 private:
  std::string bytes_;
};

// The number, or the digest, that ends a key. REQUIRES: one does.
uint64_t LastNumber(std::string_view key);
Digest LastDigest(std::string_view key);

// The row of something that writes itself, such as a record.
template <typename Written>
std::string RowOf(const Written& written) {
  std::vector<std::byte> bytes;
  ByteWriter writer(&bytes);
  written.Write(&writer);
  return std::string(AsText(bytes));
}

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_INDEX_KEYS_H_
