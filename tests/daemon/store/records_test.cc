#include "daemon/store/records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/store/record_fields.h"

namespace ingot::store {
namespace {

Record SomeStaged() {
  return StagedRecord{.number = 300,
                      .length = uint64_t{1} << 40,
                      .digest = HashBytes(AsBytes("x"))};
}

Record SomeSealed() {
  const auto digest = [](std::string_view text) {
    return HashBytes(AsBytes(text));
  };
  std::vector<Digest> needs = {digest("a"), digest("b"), digest("c")};
  std::ranges::sort(needs);
  return PackSealedRecord{
      .number = 2,
      .length = 1'000'000,
      .contents = {.files = {{{digest("file"), 7}, 0, {needs[1]}}},
                   .objects = {{{digest("one"), 1 << 20}, 0, {}},
                               {{digest("two"), 5000}, 3, needs}}}};
}

Repository SomeRepository() {
  return {{RepositoryKind::kDataset, "space", "name"}, true};
}

Token SomeToken() {
  return {.name = "ci",
          .secret = HashBytes(AsBytes("secret")),
          .scope = TokenScope::kAdmin,
          .space = "ns",
          .repository = "a",
          .expires = 1 << 20};
}

Lock SomeLock() { return {.path = "a/b", .token = 7, .owner = "ci"}; }

Result<Record> Parse(const JournalRecord& record) {
  return ParseRecord({record.type, record.payload}, "journal");
}

TEST(RecordsTest, RoundTrip) {
  for (const Record& record :
       {SomeStaged(), Record(UnstagedRecord{1}), SomeSealed(),
        Record(PackSealedRecord{1, 2, {}}), Record(PackRetiredRecord{2}),
        Record(PackRemovedRecord{{1, 300, kMaxNumber}}),
        Record(RepositoryCreatedRecord{1, SomeRepository()}),
        Record(RepositoryChangedRecord{1, SomeRepository()}),
        Record(RepositoryDeletedRecord{1}),
        Record(GitObjectRecord{1, {GitType::kBlob, {}}}),
        Record(GitObjectRecord{
            1, {GitType::kCommit, std::vector<std::byte>(300)}}),
        Record(RefChangedRecord{1, "refs/heads/main", {}, GitId{}}),
        Record(RefChangedRecord{1, "v", GitId{}, {}}),
        Record(GrantedRecord{1, HashBytes({})}),
        Record(GrantEndedRecord{1, HashBytes({})}),
        Record(GrantEndedRecord{1, HashBytes({}), 1 << 20}),
        Record(TokenCreatedRecord{7, SomeToken()}),
        Record(TokenRevokedRecord{7}),
        Record(PackDamagedRecord{7, {}}),
        Record(PackDamagedRecord{7, {.all = true}}),
        Record(PackDamagedRecord{7, {false, {0, 3}, {1, 200, 201}}}),
        Record(StagedDamagedRecord{7}),
        Record(LockedRecord{1, 2, SomeLock()}),
        Record(LockedRecord{1, 2, {.path = "p", .owner = ""}}),
        Record(UnlockedRecord{1, 2})}) {
    const auto parsed = Parse(EncodeRecord(record));
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(*parsed, record);
  }
}

// The bytes that STORE.md says.
TEST(RecordsTest, HaveTheirFormat) {
  const JournalRecord staged = EncodeRecord(SomeStaged());
  EXPECT_EQ(staged.type, 1);
  ASSERT_EQ(staged.payload.size(), 2 + 6 + 1 + 32);
  EXPECT_EQ(staged.payload[0], std::byte{0xAC});
  EXPECT_EQ(staged.payload[1], std::byte{0x02});
  EXPECT_EQ(staged.payload[8], std::byte{1});
  EXPECT_EQ(EncodeRecord(UnstagedRecord{5}),
            (JournalRecord{2, {std::byte{5}}}));
  const JournalRecord sealed = EncodeRecord(SomeSealed());
  EXPECT_EQ(sealed.type, 3);
  EXPECT_EQ(sealed.payload.size(), 1 + 3 + 1 + (1 + 32 + 1 + 2 + 32) +
                                       (1 + 32 + 3 + 2 + 32 + 2 + 2 + 3 * 32));
  EXPECT_EQ(sealed.payload[4], std::byte{1});
  EXPECT_EQ(EncodeRecord(PackRetiredRecord{5}),
            (JournalRecord{4, {std::byte{5}}}));
  EXPECT_EQ(EncodeRecord(PackRemovedRecord{{5, 6}}),
            (JournalRecord{5, {std::byte{5}, std::byte{6}}}));
}

TEST(RecordsTest, WhatBreaksARuleIsRefused) {
  for (const Record& record :
       {SomeStaged(), SomeSealed(),
        Record(RepositoryCreatedRecord{1, SomeRepository()}),
        Record(RefChangedRecord{1, "v", GitId{}, GitId{}}),
        Record(GrantedRecord{1, HashBytes({})}),
        Record(TokenCreatedRecord{7, SomeToken()}),
        Record(LockedRecord{1, 2, SomeLock()}), Record(UnlockedRecord{1, 2})}) {
    const JournalRecord whole = EncodeRecord(record);
    for (size_t size = 0; size < whole.payload.size(); ++size) {
      JournalRecord cut = whole;
      cut.payload.resize(size);
      EXPECT_EQ(Parse(cut).error().kind, ErrorKind::kCorruption) << size;
    }
    JournalRecord longer = whole;
    longer.payload.push_back(std::byte{0});
    EXPECT_EQ(Parse(longer).error().kind, ErrorKind::kCorruption);
  }
  Record disorder = SomeSealed();
  auto& needs = std::get<PackSealedRecord>(disorder).contents.objects[1].needs;
  std::swap(needs[0], needs[1]);
  EXPECT_EQ(Parse(EncodeRecord(disorder)).error().kind, ErrorKind::kCorruption);
  needs[0] = needs[1];  // twice
  EXPECT_EQ(Parse(EncodeRecord(disorder)).error().kind, ErrorKind::kCorruption);
  Repository bad_names[3] = {SomeRepository(), SomeRepository(),
                             SomeRepository()};
  bad_names[0].name.name = "";
  bad_names[1].name.name = "a/b";
  bad_names[2].name.space = "..";
  for (const Repository& bad : bad_names) {
    EXPECT_EQ(Parse(EncodeRecord(RepositoryCreatedRecord{1, bad})).error().kind,
              ErrorKind::kCorruption);
  }
  EXPECT_EQ(
      Parse(EncodeRecord(RefChangedRecord{1, "a b", {}, {}})).error().kind,
      ErrorKind::kCorruption);
  for (const Lock& bad :
       {Lock{.path = "", .owner = ""}, Lock{.path = "a//b", .owner = ""},
        Lock{.path = "../a", .owner = ""}, Lock{.path = "a", .owner = "a b"},
        Lock{.path = "a", .token = UINT64_MAX, .owner = ""},
        Lock{.path = std::string(1025, 'a'), .owner = ""}}) {
    EXPECT_EQ(Parse(EncodeRecord(LockedRecord{1, 2, bad})).error().kind,
              ErrorKind::kCorruption);
  }
  EXPECT_EQ(Parse(EncodeRecord(LockedRecord{0, 2, SomeLock()})).error().kind,
            ErrorKind::kCorruption);
  EXPECT_EQ(Parse(EncodeRecord(UnlockedRecord{1, 0})).error().kind,
            ErrorKind::kCorruption);
  EXPECT_EQ(Parse(EncodeRecord(GitObjectRecord{
                      1,
                      {GitType::kBlob,
                       std::vector<std::byte>(kMaxGitObjectBytes + 1)}}))
                .error()
                .kind,
            ErrorKind::kCorruption);
  const JournalRecord good = EncodeRecord(SomeStaged());
  JournalRecord other_digest = good;
  other_digest.payload[8] = std::byte{2};
  EXPECT_EQ(Parse(other_digest).error().kind, ErrorKind::kCorruption);
  EXPECT_EQ(Parse({2, {std::byte{0}}}).error().kind, ErrorKind::kCorruption);
  EXPECT_EQ(Parse(EncodeRecord(UnstagedRecord{kMaxNumber + 1})).error().kind,
            ErrorKind::kCorruption);
  for (const uint16_t type : {0, 19, 0xFFFF}) {
    EXPECT_EQ(Parse({type, good.payload}).error().kind,
              ErrorKind::kUnsupported);
  }
}

}  // namespace
}  // namespace ingot::store
