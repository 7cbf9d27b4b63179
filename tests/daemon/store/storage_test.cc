// The contract of Storage, on every implementation.

#include "daemon/store/storage.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

#include "daemon/store/file_storage.h"
#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::store {
namespace {

std::unique_ptr<Storage> OpenFiles(const std::string& folder) {
  auto storage = OpenFileStorage(folder);
  EXPECT_TRUE(storage.ok()) << storage.error().message;
  return std::move(storage).value();
}

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<Storage>(const TemporaryFolder&)> make;
};

void PrintTo(const Implementation& implementation, std::ostream* stream) {
  *stream << implementation.name;
}

class StorageContract : public testing::TestWithParam<Implementation> {
 protected:
  std::string Text(std::string_view key) const {
    return std::string(AsText(ReadAll(*storage_, key)));
  }

  TemporaryFolder folder_;
  std::unique_ptr<Storage> storage_ = GetParam().make(folder_);
};

TEST_P(StorageContract, WhatWasAppendedIsRead) {
  auto file = storage_->Create("journal/a");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(Text("journal/a"), "");
  ASSERT_TRUE((*file)->Append(AsBytes("one ")).ok());
  ASSERT_TRUE((*file)->Append({}).ok());
  ASSERT_TRUE((*file)->Append(AsBytes("two")).ok());
  EXPECT_EQ(Text("journal/a"), "one two");
  ASSERT_TRUE((*file)->Sync().ok());
  ASSERT_TRUE((*file)->Append(AsBytes(" three")).ok());
  ASSERT_TRUE((*file)->Sync().ok());
  file->reset();
  EXPECT_EQ(Text("journal/a"), "one two three");
  EXPECT_TRUE(storage_->Sync("journal/a").ok());
}

TEST_P(StorageContract, SourcesKeepTheirSize) {
  auto file = storage_->Create("journal/a");
  ASSERT_TRUE((*file)->Append(AsBytes("12345678")).ok());
  const auto source = storage_->Open("journal/a");
  ASSERT_TRUE((*file)->Append(AsBytes("9")).ok());
  EXPECT_EQ((*source)->size(), 8);
  std::byte bytes[2];
  EXPECT_TRUE((*source)->ReadAt(6, bytes).ok());
  EXPECT_EQ(AsText(bytes), "78");
  EXPECT_EQ((*source)->ReadAt(7, bytes).error().kind, ErrorKind::kCorruption);
}

TEST_P(StorageContract, FilesAreCreatedOnce) {
  WriteFile(storage_.get(), "journal/a", AsBytes("first"));
  const auto second = storage_->Create("journal/a");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
  EXPECT_NE(second.error().message.find("journal/a"), std::string::npos);
  EXPECT_EQ(Text("journal/a"), "first");
}

TEST_P(StorageContract, ListsOneFolderByKey) {
  EXPECT_TRUE(storage_->List("journal")->empty());
  WriteFile(storage_.get(), "journal/b", AsBytes("22"));
  WriteFile(storage_.get(), "journal/a", AsBytes("1"));
  WriteFile(storage_.get(), "journal-2/c", AsBytes("333"));
  WriteFile(storage_.get(), "top", AsBytes("4444"));
  const auto files = storage_->List("journal");
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 2);
  EXPECT_EQ((*files)[0].key, "journal/a");
  EXPECT_EQ((*files)[0].size, 1);
  EXPECT_EQ((*files)[1].key, "journal/b");
  EXPECT_EQ((*files)[1].size, 2);
  EXPECT_EQ(Text("top"), "4444");
}

TEST_P(StorageContract, RemovedFilesAreGoneButForTheirReaders) {
  WriteFile(storage_.get(), "journal/a", AsBytes("bytes"));
  const auto source = storage_->Open("journal/a");
  ASSERT_TRUE(storage_->Remove("journal/a").ok());
  EXPECT_TRUE(storage_->List("journal")->empty());
  std::byte bytes[5];
  EXPECT_TRUE((*source)->ReadAt(0, bytes).ok());
  EXPECT_EQ(AsText(bytes), "bytes");
  WriteFile(storage_.get(), "journal/a", AsBytes("anew"));
  EXPECT_EQ(Text("journal/a"), "anew");
}

TEST_P(StorageContract, MissingFilesAreNotFound) {
  EXPECT_EQ(storage_->Open("journal/a").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(storage_->Remove("journal/a").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(storage_->Sync("journal/a").error().kind, ErrorKind::kNotFound);
}

TEST_P(StorageContract, KeysAreChecked) {
  for (const std::string key :
       {"", "/", "/a", "a/", "a/b/c", ".", "..", "../a", "a/..", "a/.b", "A",
        "a b", "a\\b", "a%2fb", "\xc3\xa4", "a//b"}) {
    EXPECT_EQ(storage_->Create(key).error().kind, ErrorKind::kInvalidArgument)
        << key;
    EXPECT_EQ(storage_->Open(key).error().kind, ErrorKind::kInvalidArgument);
    EXPECT_EQ(storage_->Remove(key).error().kind, ErrorKind::kInvalidArgument);
    EXPECT_EQ(storage_->Sync(key).error().kind, ErrorKind::kInvalidArgument);
  }
  EXPECT_EQ(storage_->Create(std::string_view("a\0b", 3)).error().kind,
            ErrorKind::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(
    All, StorageContract,
    testing::Values(Implementation{"Memory",
                                   [](const TemporaryFolder&) {
                                     return MakeMemoryStorage();
                                   }},
                    Implementation{"Files",
                                   [](const TemporaryFolder& folder) {
                                     return OpenFiles(folder / "store");
                                   }},
                    Implementation{"Faulty",
                                   [](const TemporaryFolder& folder) {
                                     return std::make_unique<FaultyStorage>(
                                         OpenFiles(folder / "store"));
                                   }}),
    [](const auto& info) { return info.param.name; });

TEST(FileStorageTest, OneProcessAtATime) {
  const TemporaryFolder folder;
  auto storage = OpenFiles(folder / "store");
  const auto second = OpenFileStorage(folder / "store");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
  EXPECT_NE(second.error().message.find("store"), std::string::npos);
  storage.reset();
  EXPECT_TRUE(OpenFileStorage(folder / "store").ok());
}

TEST(FileStorageTest, OthersMayNotRead) {
  const TemporaryFolder folder;
  const auto storage = OpenFiles(folder / "store");
  WriteFile(storage.get(), "journal/a", AsBytes("secret"));
  const auto mode = [&](const std::string& name) {
    struct stat info;
    EXPECT_EQ(stat((folder / name).c_str(), &info), 0) << name;
    return info.st_mode & 0777;
  };
  EXPECT_EQ(mode("store"), 0700);
  EXPECT_EQ(mode("store/lock"), 0600);
  EXPECT_EQ(mode("store/journal"), 0700);
  EXPECT_EQ(mode("store/journal/a"), 0600);
}

TEST(FileStorageTest, FoldersThatCannotBe) {
  const TemporaryFolder folder;
  EXPECT_EQ(OpenFileStorage(folder / "no/store").error().kind,
            ErrorKind::kNotFound);
  WriteFile(OpenFiles(folder / "store").get(), "file", AsBytes("x"));
  EXPECT_FALSE(OpenFileStorage(folder / "store/file").ok());
}

TEST(KeysTest, FilesHaveNumbers) {
  EXPECT_EQ(NumberedKey(kJournalFolder, 0x1a), "journal/000000000000001a");
  EXPECT_EQ(NumberOfKey("journal/000000000000001a"), 0x1a);
  EXPECT_EQ(NumberOfKey(NumberedKey(kJournalFolder, UINT64_MAX)), UINT64_MAX);
  for (const char* key :
       {"journal/1a", "journal/000000000000001A", "journal/00000000000000001a",
        "journal", "journal/", "journal/-1"}) {
    EXPECT_EQ(NumberOfKey(key), std::nullopt) << key;
  }
}

TEST(FileStorageTest, FoldersMayBeRelative) {
  const std::string folder = "ingot-relative-" + std::to_string(getpid());
  {
    const auto storage = OpenFileStorage(folder);
    ASSERT_TRUE(storage.ok()) << storage.error().message;
  }
  EXPECT_TRUE(std::filesystem::is_directory(folder));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ingot::store
