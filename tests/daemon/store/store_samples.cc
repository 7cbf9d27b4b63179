#include "tests/daemon/store/store_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "daemon/store/index.h"
#include "daemon/store/journal_replay.h"
#include "daemon/store/keys.h"
#include "daemon/store/state.h"

namespace ingot::store {

std::vector<std::byte> SampleUpload(uint64_t number) {
  std::mt19937_64 random(number);
  const uint64_t kind = random() % 20;
  std::vector<std::byte> bytes(kind == 0   ? 0
                               : kind == 1 ? 300'000
                                           : random() % 5'000 + 8);
  // Eight at a time: sanitizers make the generator slow.
  for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    StoreLittleEndian(&bytes[at], random());
  }
  return bytes;
}

Result<StagedRecord> StageBytes(Staging* staging, ByteSpan bytes) {
  INGOT_ASSIGN(const std::unique_ptr<Staging::Upload> upload, staging->Begin());
  const size_t piece = bytes.size() / 3 + 1;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    INGOT_TRY(
        upload->Write(bytes.subspan(at, std::min(piece, bytes.size() - at))));
  }
  EXPECT_EQ(upload->size(), bytes.size());
  EXPECT_EQ(upload->digest(), HashBytes(bytes));
  return upload->Finish();
}

std::unique_ptr<Store> OpenStore(Storage* storage, StoreOptions options) {
  auto store = Store::Open(storage, std::move(options));
  EXPECT_TRUE(store.ok()) << store.error().message;
  return std::move(*store);
}

StoreOptions FolderOptions(const std::string& folder) {
  return {.index = {.folder = IndexFolder(folder)}};
}

void ExpectStaged(const Staging& staging, ByteSpan bytes) {
  const Digest digest = HashBytes(bytes);
  const auto record = staging.Find(digest);
  ASSERT_TRUE(record.ok()) << record.error().message;
  ASSERT_TRUE(*record) << ToHex(digest);
  EXPECT_EQ((*record)->length, bytes.size());
  const auto source = staging.Open(digest);
  ASSERT_TRUE(source.ok()) << source.error().message;
  std::vector<std::byte> read((*source)->size());
  ASSERT_TRUE((*source)->ReadAt(0, read).ok());
  EXPECT_TRUE(std::ranges::equal(read, bytes)) << ToHex(digest);
  const Status checked = staging.Check(digest);
  EXPECT_TRUE(checked.ok()) << checked.error().message;
}

void ExpectNoOtherFiles(const Storage& storage, const Staging& staging) {
  std::vector<std::string> expected;
  const auto records = staging.List();
  ASSERT_TRUE(records.ok());
  for (const StagedRecord& record : *records) {
    expected.push_back(NumberedKey(kStagedFolder, record.number));
  }
  std::vector<std::string> found;
  const auto files = storage.List(kStagedFolder);
  ASSERT_TRUE(files.ok());
  for (const StoredFile& file : *files) found.push_back(file.key);
  EXPECT_EQ(found, expected);
}

void ExpectIndexIsTheJournals(const Storage& storage,
                              const std::string& folder) {
  std::map<std::string, std::string> rows[2];
  for (const bool kept : {false, true}) {
    auto index = Index::Open({.folder = kept ? folder : ""}, ApplyRecords);
    ASSERT_TRUE(index.ok()) << index.error().message;
    const auto end = ReplayJournal(storage, index->get());
    ASSERT_TRUE(end.ok()) << end.error().message;
    ASSERT_TRUE((*index)
                    ->Scan("",
                           [&](std::string_view key,
                               std::string_view value) -> Result<bool> {
                             rows[kept].emplace(key, value);
                             return true;
                           })
                    .ok());
  }
  EXPECT_EQ(rows[0], rows[1]);
}

}  // namespace ingot::store
