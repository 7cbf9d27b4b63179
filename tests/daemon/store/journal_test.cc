#include "daemon/store/journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "codec/base/checksum.h"
#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/journal_samples.h"

namespace ingot::store {
namespace {

Status Ignore(const JournalBatch&) { return {}; }

// Copies a journal, with one file changed by `change`.
template <typename Change>
std::unique_ptr<Storage> Altered(const Storage& storage, const std::string& key,
                                 const Change& change) {
  auto copy = MakeMemoryStorage();
  const auto files = storage.List(kJournalFolder);
  for (const StoredFile& file : *files) {
    std::vector<std::byte> bytes = ReadAll(storage, file.key);
    if (file.key == key) change(bytes);
    WriteFile(copy.get(), file.key, bytes);
  }
  return copy;
}

// Three segments; the last one holds three groups of one batch.
class ThreeSegments : public testing::Test {
 protected:
  ThreeSegments() {
    for (int segment = 0; segment < 3; ++segment) {
      const auto journal = OpenJournal(storage_.get());
      for (int i = 0; i < 3; ++i) {
        const std::string text = "batch " + std::to_string(++batches_);
        EXPECT_TRUE(journal->Append(Text(text)).ok());
      }
    }
  }

  // Batches that are read, or the error's kind.
  static Result<uint64_t> Count(const Storage& storage) {
    INGOT_ASSIGN(const JournalEnd end, ReadJournal(storage, Ignore));
    return end.mark.position;
  }

  std::unique_ptr<Storage> storage_ = MakeMemoryStorage();
  uint64_t batches_ = 0;
};

TEST(JournalTest, AnEmptyOneIsNotWritten) {
  const auto storage = MakeMemoryStorage();
  EXPECT_EQ(OpenJournal(storage.get())->last_position(), 0);
  EXPECT_TRUE(storage->List(kJournalFolder)->empty());
}

TEST(JournalTest, BatchesComeBackInOrder) {
  const auto storage = MakeMemoryStorage();
  std::vector<uint64_t> numbers;
  for (uint64_t opening = 0; opening < 5; ++opening) {
    const auto journal = OpenJournal(storage.get());
    EXPECT_EQ(journal->last_position(), numbers.size());
    for (uint64_t i = 0; i < 20; ++i) {
      const uint64_t number = opening * 100 + i;
      const auto position = journal->Append(SampleBatch(number));
      ASSERT_TRUE(position.ok());
      numbers.push_back(number);
      EXPECT_EQ(*position, numbers.size());
    }
  }
  EXPECT_EQ(*ReadSamples(*storage), numbers);
  EXPECT_EQ(storage->List(kJournalFolder)->size(), 5);
}

TEST(JournalTest, FullSegmentsAreFollowedByOthers) {
  const auto storage = MakeMemoryStorage();
  const auto journal = OpenJournal(storage.get(), {.segment_bytes = 10'000});
  std::vector<uint64_t> numbers;
  for (uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(journal->Append(SampleBatch(i)).ok());
    numbers.push_back(i);
  }
  EXPECT_GT(storage->List(kJournalFolder)->size(), 5);
  EXPECT_EQ(*ReadSamples(*storage), numbers);
}

TEST(JournalTest, ThreadsShareSyncs) {
  constexpr uint64_t kThreads = 8;
  constexpr uint64_t kBatches = 50;
  FaultyStorage storage(MakeMemoryStorage());
  const auto journal = OpenJournal(&storage);
  std::vector<std::vector<uint64_t>> positions(kThreads);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < kBatches; ++i) {
        positions[t].push_back(*journal->Append(SampleBatch(t * kBatches + i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto found = ReadSamples(storage);
  ASSERT_EQ(found->size(), kThreads * kBatches);
  for (uint64_t t = 0; t < kThreads; ++t) {
    EXPECT_TRUE(std::is_sorted(positions[t].begin(), positions[t].end()));
    for (uint64_t i = 0; i < kBatches; ++i) {
      EXPECT_EQ((*found)[positions[t][i] - 1], t * kBatches + i);
    }
  }
  EXPECT_LE(storage.syncs(), kThreads * kBatches + 1);
}

TEST(JournalTest, TimesNeverGoBackwards) {
  const auto storage = MakeMemoryStorage();
  uint64_t now = 1000;
  std::vector<uint64_t> times;
  for (const uint64_t jump : {1000, 5000, 20, 5001}) {
    const auto journal =
        OpenJournal(storage.get(), {.clock = [&] { return now; }});
    now = jump;
    ASSERT_TRUE(journal->Append(Text("a")).ok());
  }
  ASSERT_TRUE(ReadJournal(*storage, [&](const JournalBatch& batch) {
                times.push_back(batch.time);
                return Status();
              }).ok());
  EXPECT_EQ(times, (std::vector<uint64_t>{1000, 5000, 5000, 5001}));
}

TEST(JournalTest, BatchesHaveLimits) {
  const auto storage = MakeMemoryStorage();
  const auto journal = OpenJournal(storage.get());
  EXPECT_EQ(journal->Append({}).error().kind, ErrorKind::kInvalidArgument);
  std::vector<JournalRecord> large = {{1, std::vector<std::byte>(1 << 20)}};
  for (int i = 1; i < 16; ++i) large.push_back(large.front());
  EXPECT_EQ(journal->Append(large).error().kind, ErrorKind::kResourceExhausted);
  large.back().payload.resize((1 << 20) - 1 - 16 * 4);
  EXPECT_TRUE(journal->Append(large).ok());
  EXPECT_TRUE(journal->Append(std::vector<JournalRecord>{{1, {}}}).ok());
  uint64_t bytes = 0;
  ASSERT_TRUE(ReadJournal(*storage, [&](const JournalBatch& batch) {
                for (const auto& record : batch.records) {
                  bytes += record.payload.size();
                }
                return Status();
              }).ok());
  EXPECT_EQ(bytes, (16 << 20) - 1 - 16 * 4);
}

// The mark behind every batch: each is a group.
std::vector<JournalMark> Marks(const Storage& storage) {
  std::vector<JournalMark> marks = {{}};
  ReadingState state([&](const JournalBatch&) {
    marks.push_back(state.mark());
    return Status();
  });
  EXPECT_TRUE(ReplayJournal(storage, &state).ok());
  marks.push_back(state.mark());
  marks.erase(marks.begin());
  return marks;
}

TEST_F(ThreeSegments, ReadingBeginsAtTheMark) {
  const std::vector<JournalMark> marks = Marks(*storage_);
  ASSERT_EQ(marks.size(), batches_ + 1);
  for (const JournalMark& mark : marks) {
    uint64_t expected = mark.position + 1;
    const auto end = ReadJournal(
        *storage_,
        [&](const JournalBatch& batch) {
          EXPECT_EQ(batch.position, expected);
          EXPECT_EQ(AsText(batch.records[0].payload),
                    "batch " + std::to_string(expected));
          ++expected;
          return Status();
        },
        mark);
    ASSERT_TRUE(end.ok()) << end.error().message;
    EXPECT_EQ(expected, batches_ + 1);
    EXPECT_EQ(end->mark, marks.back());
  }
}

TEST_F(ThreeSegments, SegmentsBeforeTheMarkAreNotRead) {
  const std::vector<JournalMark> marks = Marks(*storage_);
  // Its groups, not its header.
  const auto damaged = Altered(*storage_, NumberedKey(kJournalFolder, 1),
                               [](auto& bytes) { bytes[100] ^= std::byte{1}; });
  for (const JournalMark& mark : marks) {
    // The group at the mark is compared.
    EXPECT_EQ(ReadJournal(*damaged, Ignore, mark).ok(), mark.position > 3)
        << mark.position;
  }
}

// Also where the groups are not read.
TEST_F(ThreeSegments, FirstPositionsMustFollow) {
  const JournalMark last = Marks(*storage_).back();
  for (const uint64_t number : {1, 2, 3}) {
    for (const uint64_t first_position : {0, 1, 4, 7, 9}) {
      // Another chain of headers, which hold but for that position.
      std::unique_ptr<Storage> copy = Altered(*storage_, "", [](auto&) {});
      SegmentEnd previous;
      for (uint64_t segment = 1; segment <= 3; ++segment) {
        const std::string key = NumberedKey(kJournalFolder, segment);
        const uint64_t first =
            segment == number ? first_position : 3 * segment - 2;
        const SegmentHeaderBytes header =
            EncodeSegmentHeader({segment, previous, first});
        copy = Altered(*copy, key, [&](auto& bytes) {
          std::copy(header.begin(), header.end(), bytes.begin());
          previous = {segment, bytes.size(), SegmentChecksum(header)};
        });
      }
      for (const JournalMark& mark : {JournalMark{}, last}) {
        const auto end = ReadJournal(*copy, Ignore, mark);
        // Of segments that are not read only the order can be checked.
        const bool plausible = mark == last && number == 2 &&
                               first_position >= 1 && first_position <= 7;
        EXPECT_EQ(end.ok(), plausible || first_position == 3 * number - 2)
            << number << ", " << first_position << ", " << mark.position;
      }
    }
  }
}

TEST_F(ThreeSegments, AnotherJournalsMarkIsFound) {
  for (const JournalMark& mark : Marks(*storage_)) {
    if (mark.position == 0) continue;
    const auto end =
        ReadJournal(*storage_, Ignore, {mark.position, mark.checksum ^ 1});
    ASSERT_FALSE(end.ok());
    EXPECT_EQ(end.error().kind, ErrorKind::kCorruption);
  }
  const auto end = ReadJournal(*storage_, Ignore, {batches_ + 1, 1});
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::kCorruption);
  EXPECT_NE(end.error().message.find("was acknowledged"), std::string::npos);
}

TEST(JournalMarkTest, IsAtTheEndOfAGroup) {
  const auto storage = MakeMemoryStorage();
  const SegmentHeaderBytes header =
      EncodeSegmentHeader({.number = 1, .previous = {}, .first_position = 1});
  std::vector<std::byte> segment(header.begin(), header.end());
  const std::vector<std::byte> batch = *EncodeBatch(Text("x"));
  const std::vector<ByteSpan> batches(3, batch);
  for (const uint64_t position : {1, 4}) {
    const auto group = EncodeGroup(batches, position, 7);
    segment.insert(segment.end(), group.begin(), group.end());
  }
  WriteFile(storage.get(), NumberedKey(kJournalFolder, 1), segment);
  const auto end = ReadJournal(*storage, Ignore);
  ASSERT_TRUE(end.ok()) << end.error().message;
  for (uint64_t position = 1; position <= 6; ++position) {
    EXPECT_EQ(
        ReadJournal(*storage, Ignore, {position, end->mark.checksum}).ok(),
        position == 6);
  }
}

TEST_F(ThreeSegments, TheReadersErrorIsHandedOn) {
  const auto end = ReadJournal(*storage_, [](const JournalBatch& batch) {
    return batch.position < 4 ? Status() : Status(Unsupported("record type 7"));
  });
  EXPECT_EQ(end.error().kind, ErrorKind::kUnsupported);
}

TEST_F(ThreeSegments, TheLastMayBeCutAnywhere) {
  const std::string key = NumberedKey(kJournalFolder, 3);
  const size_t size = ReadAll(*storage_, key).size();
  uint64_t last = 6;
  for (size_t length = 0; length <= size; ++length) {
    const auto cut =
        Altered(*storage_, key, [&](auto& bytes) { bytes.resize(length); });
    const auto count = Count(*cut);
    ASSERT_TRUE(count.ok()) << length << ": " << count.error().message;
    EXPECT_GE(*count, last);
    last = *count;
    const auto journal = OpenJournal(cut.get());
    EXPECT_EQ(*journal->Append(Text("next")), last + 1) << length;
    EXPECT_EQ(*Count(*cut), last + 1) << length;
  }
  EXPECT_EQ(last, batches_);
}

TEST_F(ThreeSegments, OthersMayNotBeCut) {
  for (const uint64_t number : {1, 2}) {
    const std::string key = NumberedKey(kJournalFolder, number);
    const size_t size = ReadAll(*storage_, key).size();
    for (size_t length = 0; length < size; ++length) {
      const auto cut =
          Altered(*storage_, key, [&](auto& bytes) { bytes.resize(length); });
      const auto count = Count(*cut);
      ASSERT_FALSE(count.ok()) << number << " cut at " << length;
      EXPECT_EQ(count.error().kind, ErrorKind::kCorruption);
      EXPECT_NE(count.error().message.find("journal/"), std::string::npos);
    }
  }
}

TEST_F(ThreeSegments, FlippedBitsAreFound) {
  for (const uint64_t number : {1, 2, 3}) {
    const std::string key = NumberedKey(kJournalFolder, number);
    const size_t size = ReadAll(*storage_, key).size();
    for (size_t bit = 0; bit < 8 * size; ++bit) {
      const auto flipped = Altered(*storage_, key, [&](auto& bytes) {
        bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
      });
      const auto count = Count(*flipped);
      if (!count.ok()) continue;
      // As a torn write would: the last group alone may be missing.
      EXPECT_EQ(number, 3) << bit;
      EXPECT_EQ(*count, batches_ - 1) << "segment 3, bit " << bit;
    }
  }
}

TEST_F(ThreeSegments, MissingSegmentsAreFound) {
  for (const uint64_t number : {1, 2}) {
    auto copy = Altered(*storage_, "", [](auto&) {});
    ASSERT_TRUE(copy->Remove(NumberedKey(kJournalFolder, number)).ok());
    EXPECT_EQ(Count(*copy).error().kind, ErrorKind::kCorruption);
  }
  ASSERT_TRUE(storage_->Remove(NumberedKey(kJournalFolder, 3)).ok());
  EXPECT_EQ(ReadJournal(*storage_, Ignore, {7, 1}).error().kind,
            ErrorKind::kCorruption);
}

TEST_F(ThreeSegments, SegmentsOfAnotherJournalAreFound) {
  const auto other = MakeMemoryStorage();
  for (int i = 0; i < 2; ++i) {
    const auto journal = OpenJournal(other.get(), {.clock = [] { return 1; }});
    for (int batch = 0; batch < 3; ++batch) {
      ASSERT_TRUE(journal->Append(Text("other!!")).ok());
    }
  }
  const auto mixed =
      Altered(*storage_, NumberedKey(kJournalFolder, 3), [&](auto& bytes) {
        bytes = ReadAll(*other, NumberedKey(kJournalFolder, 2));
      });
  EXPECT_EQ(Count(*mixed).error().kind, ErrorKind::kCorruption);
}

TEST_F(ThreeSegments, StrangersAreNamed) {
  WriteFile(storage_.get(), "journal/notes", AsBytes("mine"));
  const auto count = Count(*storage_);
  ASSERT_FALSE(count.ok());
  EXPECT_NE(count.error().message.find("journal/notes"), std::string::npos);
}

TEST_F(ThreeSegments, LaterVersionsAreRefused) {
  const auto later =
      Altered(*storage_, NumberedKey(kJournalFolder, 3), [](auto& bytes) {
        SegmentHeaderBytes header;
        std::copy_n(bytes.begin(), header.size(), header.begin());
        header[8] = std::byte{2};
        StoreLittleEndian(header.data() + 56,
                          Checksum(ByteSpan(header).first(56)));
        std::copy(header.begin(), header.end(), bytes.begin());
      });
  const auto count = Count(*later);
  ASSERT_FALSE(count.ok());
  EXPECT_EQ(count.error().kind, ErrorKind::kUnsupported);
  EXPECT_NE(count.error().message.find("version 2"), std::string::npos);
}

}  // namespace
}  // namespace ingot::store
