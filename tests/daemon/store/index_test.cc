// The index by itself: rows, groups, and what happens to damaged ones. That it
// says what the journal says is shown by the model tests.

#include "daemon/store/index.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daemon/store/index_keys.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::store {
namespace {

using Rows = std::map<std::string, std::string>;

// Records of type 1 add a row, of type 2 take one away, of type 3 refuse what
// came before them in their batch.
Status ApplyTexts(const JournalBatch& batch, IndexWriter* index) {
  for (const JournalRecordView& record : batch.records) {
    const std::string_view text = AsText(record.payload);
    if (record.type == 1) index->Put(text, std::to_string(batch.position));
    if (record.type == 2) index->Delete(text);
    if (record.type == 3) return Error{ErrorKind::kConflict, "refused"};
  }
  return {};
}

std::unique_ptr<Index> OpenIndex(const std::string& folder) {
  auto index = Index::Open({.folder = folder}, ApplyTexts);
  EXPECT_TRUE(index.ok()) << index.error().message;
  return std::move(*index);
}

Status Stage(Index* index, uint64_t position, uint16_t type,
             std::string_view text) {
  const JournalRecordView record = {type, AsBytes(text)};
  return index->Stage({position, 0, std::span(&record, 1)});
}

// Those with a key that begins with `prefix`, in the order of the index.
Rows Scan(const IndexReader& index, std::string_view prefix) {
  Rows rows;
  std::string last;
  const Status scanned = index.Scan(
      prefix,
      [&](std::string_view key, std::string_view value) -> Result<bool> {
        EXPECT_LT(last, key);
        last = key;
        rows.emplace(key, value);
        return true;
      });
  EXPECT_TRUE(scanned.ok());
  return rows;
}

class IndexTest : public testing::Test {
 protected:
  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_ / "index";
};

TEST_F(IndexTest, ShowsGroupsWholeAndKeepsThem) {
  for (const bool in_memory : {false, true}) {
    auto index = OpenIndex(in_memory ? "" : folder_);
    ASSERT_TRUE(Stage(index.get(), 1, 1, "x/a").ok());
    ASSERT_TRUE(Stage(index.get(), 2, 1, "x/b").ok());
    EXPECT_EQ(*index->Get("x/a"), std::nullopt);
    EXPECT_TRUE(Scan(*index, "x").empty());
    ASSERT_TRUE(index->Commit({2, 77}).ok());
    EXPECT_EQ(Scan(*index, "x"), (Rows{{"x/a", "1"}, {"x/b", "2"}}));
    EXPECT_EQ(index->mark(), (JournalMark{2, 77}));
    // One that is dropped leaves nothing, one that is refused neither.
    ASSERT_TRUE(Stage(index.get(), 3, 2, "x/a").ok());
    index->Drop();
    ASSERT_TRUE(Stage(index.get(), 3, 1, "y").ok());
    const std::vector<JournalRecordView> refused = {
        {2, AsBytes("x/a")}, {1, AsBytes("y")}, {1, AsBytes("z")}, {3, {}}};
    EXPECT_EQ(index->Stage({4, 0, refused}).error().kind, ErrorKind::kConflict);
    ASSERT_TRUE(Stage(index.get(), 4, 2, "x/b").ok());
    ASSERT_TRUE(index->Commit({4, 78}).ok());
    const Rows expected = {{"x/a", "1"}, {"y", "3"}};
    EXPECT_EQ(*index->Get("y"), "3");
    EXPECT_EQ(*index->Get("z"), std::nullopt);
    EXPECT_EQ(Scan(*index, "x"), (Rows{{"x/a", "1"}}));
    if (in_memory) continue;
    index.reset();
    index = OpenIndex(folder_);
    EXPECT_EQ(index->mark(), (JournalMark{4, 78}));
    EXPECT_EQ(*index->Get("y"), "3");
    EXPECT_EQ(Scan(*index, "x"), (Rows{{"x/a", "1"}}));
  }
}

TEST_F(IndexTest, AVisitorEndsTheReading) {
  const auto index = OpenIndex("");
  for (const char* key : {"a", "b", "c"}) {
    ASSERT_TRUE(Stage(index.get(), 1, 1, key).ok());
  }
  ASSERT_TRUE(index->Commit({1, 1}).ok());
  int rows = 0;
  ASSERT_TRUE(
      index
          ->Scan("", [&](std::string_view,
                         std::string_view) { return Result<bool>(++rows < 2); })
          .ok());
  EXPECT_EQ(rows, 2);
  const Status failed =
      index->Scan("", [&](std::string_view, std::string_view) -> Result<bool> {
        return Corruption("row");
      });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "row");
}

// Whatever file of it is damaged: an error that names the folder, or rows that
// are as they were.
TEST_F(IndexTest, DamageIsFoundAndRemoved) {
  const std::string text(5'000, 'x');
  {
    const auto index = OpenIndex(folder_);
    for (uint64_t i = 0; i < 20; ++i) {
      ASSERT_TRUE(
          Stage(index.get(), i, 1, "a" + std::to_string(i) + text).ok());
    }
    ASSERT_TRUE(index->Commit({20, 1}).ok());
  }
  const Rows before = Scan(*OpenIndex(folder_), "a");
  int found = 0;
  int files = 0;
  const std::string copy = temporary_ / "copy";
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename();
    SCOPED_TRACE(name);
    ++files;
    for (const bool remove : {false, true}) {
      std::filesystem::remove_all(copy);
      std::filesystem::copy(folder_, copy);
      const std::string file = copy + "/" + name;
      if (remove) {
        std::filesystem::remove(file);
      } else {
        const auto size = std::filesystem::file_size(file);
        std::fstream stream(file, std::ios::in | std::ios::out);
        stream.seekp(static_cast<std::streamoff>(size / 2));
        stream.put('\x55');
      }
      const auto index = Index::Open({.folder = copy}, ApplyTexts);
      Rows rows;
      Status read = index.ok() ? Status() : Status(index.error());
      if (index.ok()) {
        read = (*index)->Scan(
            "a", [&](std::string_view key, std::string_view value) {
              rows.emplace(key, value);
              return Result<bool>(true);
            });
      }
      if (!read.ok()) {
        ++found;
        EXPECT_NE(read.error().message.find(copy), std::string::npos)
            << read.error().message;
      } else if ((*index)->mark().position == 20) {
        EXPECT_EQ(rows, before);
      } else {
        // A new one, to be filled by the journal.
        EXPECT_EQ((*index)->mark(), JournalMark{});
        EXPECT_TRUE(rows.empty());
      }
    }
  }
  EXPECT_GE(files, 4);
  EXPECT_GE(found, 3);
  const Status removed = RemoveIndex(copy);
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  EXPECT_EQ(OpenIndex(copy)->mark(), JournalMark{});
}

// As by a process that was killed while it made the index.
TEST_F(IndexTest, ACreationThatWasCutShortIsBegunAgain) {
  {
    const auto index = OpenIndex(folder_);
    ASSERT_TRUE(Stage(index.get(), 1, 1, "row").ok());
    ASSERT_TRUE(index->Commit({1, 1}).ok());
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    names.push_back(entry.path().filename());
  }
  ASSERT_GE(names.size(), 4);
  const std::string copy = temporary_ / "copy";
  for (const std::string& left : names) {
    if (left == "CURRENT") continue;
    // That file alone, and all but that file, without what is written last.
    for (const bool alone : {false, true}) {
      SCOPED_TRACE(left);
      std::filesystem::remove_all(copy);
      std::filesystem::copy(folder_, copy);
      for (const std::string& name : names) {
        if (name == "CURRENT" || (name == left) != alone) {
          std::filesystem::remove(copy + "/" + name);
        }
      }
      const auto index = Index::Open({.folder = copy}, ApplyTexts);
      ASSERT_TRUE(index.ok()) << index.error().message;
      EXPECT_EQ((*index)->mark(), JournalMark{});
      EXPECT_EQ(*(*index)->Get("row"), std::nullopt);
      ASSERT_TRUE(Stage(index->get(), 1, 1, "again").ok());
      ASSERT_TRUE((*index)->Commit({1, 1}).ok());
    }
  }
}

TEST_F(IndexTest, AnotherFormatIsEmptied) {
  {
    const auto index = OpenIndex(folder_);
    ASSERT_TRUE(Stage(index.get(), 1, 1, "row").ok());
    ASSERT_TRUE(
        Stage(index.get(), 2, 1,
              std::string_view(IndexKey(IndexTable::kMeta).Add("format")))
            .ok());
    ASSERT_TRUE(index->Commit({2, 1}).ok());
  }
  for (int opening = 0; opening < 2; ++opening) {
    const auto index = OpenIndex(folder_);
    EXPECT_EQ(index->mark(), JournalMark{});
    EXPECT_EQ(*index->Get("row"), std::nullopt);
  }
}

TEST_F(IndexTest, KeysAreInTheOrderOfTheirNumbers) {
  std::string last;
  for (const uint64_t number : {0ul, 1ul, 255ul, 256ul, 1ul << 40, ~0ul}) {
    const IndexKey key = IndexKey(IndexTable::kStagedNumbers).Add(number);
    EXPECT_LT(last, std::string_view(key));
    last = std::string_view(key);
  }
}

}  // namespace
}  // namespace ingot::store
