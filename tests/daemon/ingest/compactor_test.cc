// Compaction: all comes back, what is alike is stored once, nobody's secrets
// serve as bases, and what fails leaves things as they were.

#include "daemon/ingest/compactor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/ingest/background.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/store/file_storage.h"
#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/daemon/store/temporary_folder.h"
#include "tests/sanitized.h"
#include "tests/tools/samples.h"

namespace ingot::ingest {
namespace {

class CompactorTest : public testing::Test {
 protected:
  void Reopen() {
    store_.reset();
    store_ = store::OpenStore(&storage_);
  }
  store::Packs& packs() { return store_->packs(); }
  uint64_t Repository(const std::string& space, const std::string& name,
                      bool is_private = true) {
    return RepositoryOf(store_.get(), space, name, is_private);
  }
  void Add(uint64_t repository, const std::string& bytes) {
    const Status uploaded = Upload(store_.get(), repository, bytes);
    ASSERT_TRUE(uploaded.ok()) << uploaded.error().message;
  }
  CompactionReport Compact(const CompactorOptions& options = {}) {
    CompactionReport report;
    const Status done = Compactor(store_.get(), options).Run(nullptr, &report);
    EXPECT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(
        static_cast<int64_t>(report.raw_bytes),
        static_cast<int64_t>(report.stored_bytes + report.saved_by_copies +
                             report.saved_by_known + report.saved_by_deltas) +
            report.saved_by_coding);
    return report;
  }
  void ExpectAllPacked(const CompactionReport& report) {
    EXPECT_TRUE(report.failures.empty()) << report.failures[0];
    EXPECT_TRUE(store_->staging().List()->empty());
    EXPECT_TRUE(storage_.List(store::kStagedFolder)->empty());
  }
  std::set<unsigned> Depths(const std::string& bytes) {
    return DepthsOf(store_.get(), bytes);
  }
  std::vector<std::string> PackFiles() {
    std::vector<std::string> keys;
    const auto files = storage_.List(store::kPackFolder);
    for (const store::StoredFile& file : *files) keys.push_back(file.key);
    return keys;
  }
  void Replace(const std::string& key, ByteSpan bytes) {
    ASSERT_TRUE(storage_.Remove(key).ok());
    WriteFile(&storage_, key, bytes);
  }

  store::FaultyStorage storage_{store::MakeMemoryStorage()};
  std::unique_ptr<store::Store> store_ = store::OpenStore(&storage_);
};

// What people upload.
std::vector<std::string> AllKinds() {
  std::string malformed = ModelFile(3, 0);
  malformed.replace(malformed.find("BF16"), 4, "XX16");
  return {ModelFile(1, 0),
          ModelFile(1, 1),
          ModelFile(1, 0, "renamed."),
          malformed,
          malformed.substr(0, malformed.size() / 2),
          "",
          "x",
          RandomBytes(200'000, 7),
          std::string(300'000, 'z'),
          NpyFile(2),
          ModelFile(2, 3)};
}

TEST_F(CompactorTest, RestoresAllThatWasUploaded) {
  const std::vector<std::string> files = AllKinds();
  for (const std::string& file : files) Add(Repository("me", "a"), file);
  const CompactionReport report = Compact();
  ExpectAllPacked(report);
  EXPECT_EQ(report.files, files.size());
  EXPECT_EQ(report.packs, 1);
  EXPECT_EQ(report.stored_bytes, packs().List()->at(0).length);
  for (int round = 0; round < 2; ++round) {
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (size_t i = 0; i < files.size(); ++i) {
          ExpectStored(store_.get(), files[(i + t) % files.size()], t);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    Reopen();
  }
  EXPECT_TRUE(packs().Check(packs().List()->at(0).number).ok());
  EXPECT_EQ(Compact().packs, 0);
}

// One Source, and one StoredFiles, for many threads.
TEST_F(CompactorTest, ASourceServesManyThreads) {
  const std::vector<std::string> files = {ModelFile(1, 0), ModelFile(1, 1)};
  for (const std::string& file : files) {
    Add(Repository("me", "a"), file);
    Compact();
  }
  const StoredFiles stored(store_.get(), {.idle_readers = 2});
  const auto source = stored.Open(DigestOf(files[1]));
  ASSERT_TRUE(source.ok()) << source.error().message;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<std::byte> piece(1000 + t);
      for (uint64_t at = 0; at + piece.size() <= files[1].size();
           at += piece.size()) {
        ASSERT_TRUE((*source)->ReadAt(at, piece).ok());
        ASSERT_TRUE(AsText(piece) == files[1].substr(at, piece.size()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(CompactorTest, WhatIsAlikeCostsLittle) {
  const std::string base = ModelFile(1, 0);
  const std::string tuned = ModelFile(1, 1);
  const std::string renamed = ModelFile(1, 1, "model.");
  Add(Repository("me", "base"), base);
  const uint64_t alone = Compact().stored_bytes;
  EXPECT_LT(alone, base.size() * 80 / 100);
  Add(Repository("me", "tuned"), tuned);
  const CompactionReport delta = Compact();
  EXPECT_LT(delta.stored_bytes, alone / 2);
  EXPECT_GT(delta.saved_by_deltas, base.size() / 2);
  EXPECT_EQ(Depths(tuned), std::set<unsigned>{1});
  Add(Repository("me", "renamed"), renamed);
  const CompactionReport known = Compact();
  EXPECT_LT(known.stored_bytes, 2500);
  EXPECT_EQ(known.saved_by_known, ModelTensorBytes());
  // The same file twice.
  Add(Repository("you", "copy"), tuned);
  const CompactionReport copy = Compact();
  EXPECT_EQ(copy.packs, 0);
  EXPECT_EQ(copy.saved_by_copies, tuned.size());
  ExpectAllPacked(copy);
  for (const auto& file : {base, tuned, renamed}) {
    ExpectStored(store_.get(), file);
  }
}

// The same in one pack, whatever came first.
TEST_F(CompactorTest, WhatIsAlikeMayComeAtOnce) {
  const std::vector<std::string> files = {
      ModelFile(1, 1), ModelFile(1, 1, "renamed."), ModelFile(1, 0),
      ModelFile(1, 2), ModelFile(2, 0)};
  for (const std::string& file : files) Add(Repository("me", "a"), file);
  const CompactionReport report = Compact();
  ExpectAllPacked(report);
  EXPECT_EQ(report.packs, 1);
  EXPECT_EQ(report.saved_by_known, ModelTensorBytes());
  EXPECT_LT(report.stored_bytes, files[0].size() * 5 / 2);
  for (const std::string& file : files) ExpectStored(store_.get(), file);
}

TEST_F(CompactorTest, ChainsEnd) {
  for (uint64_t tuning = 0; tuning < 8; ++tuning) {
    Add(Repository("me", "a"), ModelFile(1, tuning));
    Compact();
    for (const unsigned depth : Depths(ModelFile(1, tuning))) {
      EXPECT_LE(depth, 4);
    }
  }
  for (uint64_t tuning = 0; tuning < 8; ++tuning) {
    ExpectStored(store_.get(), ModelFile(1, tuning));
  }
}

TEST_F(CompactorTest, BasesAreReadableByAllReaders) {
  const std::string base = ModelFile(1, 0);
  const std::string tuned = ModelFile(1, 1);
  struct Case {
    const char* space;
    bool is_private;
    bool base_is_private;
    unsigned depth;
  };
  for (const Case& one : std::vector<Case>{{"me", true, true, 1},
                                           {"me", true, false, 1},
                                           {"me", false, true, 0},
                                           {"me", false, false, 1},
                                           {"you", true, true, 0},
                                           {"you", true, false, 1},
                                           {"you", false, true, 0},
                                           {"you", false, false, 1}}) {
    for (const bool at_once : {false, true}) {
      SCOPED_TRACE(std::string(one.space) + (one.is_private ? " p" : "") +
                   (one.base_is_private ? " b" : "") + (at_once ? " o" : ""));
      store_.reset();
      store::FaultyStorage storage(store::MakeMemoryStorage());
      store_ = store::OpenStore(&storage);
      Add(Repository("me", "base", one.base_is_private), base);
      if (!at_once) Compact();
      Add(Repository(one.space, "tuned", one.is_private), tuned);
      Compact();
      EXPECT_EQ(Depths(tuned), std::set<unsigned>{one.depth});
      ExpectStored(store_.get(), tuned);
      store_.reset();
    }
  }
}

// A reader in each namespace.
TEST_F(CompactorTest, AFileOfSeveralNamespacesNeedsABaseInEach) {
  Add(Repository("me", "base"), ModelFile(1, 0));
  Compact();
  Add(Repository("me", "tuned"), ModelFile(1, 1));
  Add(Repository("you", "tuned"), ModelFile(1, 1));
  Compact();
  EXPECT_EQ(Depths(ModelFile(1, 1)), std::set<unsigned>{0});
  Add(Repository("you", "base"), ModelFile(1, 0));
  Add(Repository("me", "other"), ModelFile(1, 2));
  Add(Repository("you", "other"), ModelFile(1, 2));
  Compact();
  EXPECT_EQ(Depths(ModelFile(1, 2)), std::set<unsigned>{1});
}

// Equal tensors that need another's base are packed again.
TEST_F(CompactorTest, WhatIsKnownNeedsNothingPrivate) {
  Add(Repository("me", "base"), ModelFile(1, 0));
  Add(Repository("me", "tuned"), ModelFile(1, 1));
  Compact();
  Add(Repository("you", "same"), ModelFile(1, 1, "x."));
  EXPECT_EQ(Compact().saved_by_known, 0);
  EXPECT_EQ(Depths(ModelFile(1, 1, "x.")), std::set<unsigned>{0});
  Add(Repository("them", "same"), ModelFile(1, 1, "y."));
  EXPECT_EQ(Compact().saved_by_known, ModelTensorBytes());
  // At once: not in the pack that has the others.
  Add(Repository("me", "base"), ModelFile(2, 0));
  Add(Repository("me", "tuned"), ModelFile(2, 1));
  Add(Repository("you", "same"), ModelFile(2, 1, "x."));
  const CompactionReport report = Compact();
  ExpectAllPacked(report);
  EXPECT_EQ(report.packs, 2);
  EXPECT_EQ(Depths(ModelFile(2, 1)), std::set<unsigned>{1});
  EXPECT_EQ(Depths(ModelFile(2, 1, "x.")), std::set<unsigned>{0});
}

TEST_F(CompactorTest, HintsComeFirst) {
  Add(Repository("me", "base"), ModelFile(1, 0));
  Compact();
  Add(Repository("me", "unlike"), ModelFile(2, 0));
  for (uint64_t i = 0; i < 10; ++i) {
    Add(Repository("me", "unlike"), ModelFile(2, 1 + i));
  }
  Compact();
  CompactorOptions options;
  options.hints = [](const Digest&) {
    return std::vector{DigestOf(ModelFile(1, 0))};
  };
  Add(Repository("me", "tuned"), ModelFile(1, 1));
  Compact(options);
  EXPECT_EQ(Depths(ModelFile(1, 1)), std::set<unsigned>{1});
}

// The second of three files is taken away while the first is being packed.
TEST_F(CompactorTest, WhatIsDiscardedMeanwhileIsLeftOut) {
  const uint64_t repository = Repository("me", "a");
  const std::vector<std::string> files = {ModelFile(1, 0), ModelFile(2, 0),
                                          ModelFile(3, 0)};
  for (const std::string& file : files) Add(repository, file);
  const Digest gone = DigestOf(files[1]);
  CompactorOptions options;
  options.hints = [&](const Digest&) {
    (void)store_->repositories().EndGrant(repository, gone);
    (void)store_->staging().Discard(gone);
    return std::vector<Digest>();
  };
  const CompactionReport report = Compact(options);
  EXPECT_TRUE(report.failures.empty());
  EXPECT_EQ(report.files, 2);
  EXPECT_EQ(report.packs, 1);
  ExpectStored(store_.get(), files[0]);
  ExpectStored(store_.get(), files[2]);
  EXPECT_TRUE(packs().FindFile(gone)->empty());
}

TEST_F(CompactorTest, OnlyWhatIsGrantedIsPacked) {
  ASSERT_TRUE(
      store::StageBytes(&store_->staging(), AsBytes(ModelFile(1, 0))).ok());
  EXPECT_EQ(Compact().files, 0);
  EXPECT_EQ(store_->staging().List()->size(), 1);
}

TEST_F(CompactorTest, RetiredPacksAreNotReferredTo) {
  Add(Repository("me", "a"), ModelFile(1, 0));
  Compact();
  const uint64_t number = packs().List()->at(0).number;
  ASSERT_TRUE(packs().Retire(number).ok());
  Add(Repository("me", "a"), ModelFile(1, 1));
  Add(Repository("me", "a"), ModelFile(1, 0, "renamed."));
  Add(Repository("me", "a"), ModelFile(1, 0));
  ExpectAllPacked(Compact());
  EXPECT_TRUE(packs().Remove({number}).ok());
  for (const auto& file :
       {ModelFile(1, 0), ModelFile(1, 1), ModelFile(1, 0, "renamed.")}) {
    ExpectStored(store_.get(), file);
  }
}

// Every operation of a run fails once, and all from each one on.
TEST_F(CompactorTest, FailuresLoseNothing) {
  const std::vector<std::string> files = {ModelFile(1, 0), ModelFile(1, 1),
                                          "text", ModelFile(1, 0, "r.")};
  for (const bool forever : {false, true}) {
    for (const ErrorKind kind :
         {ErrorKind::kIo, ErrorKind::kResourceExhausted}) {
      for (uint64_t fault = 0;; ++fault) {
        SCOPED_TRACE(fault);
        store_.reset();
        store::FaultyStorage storage(store::MakeMemoryStorage());
        store_ = store::OpenStore(&storage);
        for (const std::string& file : files) Add(Repository("me", "a"), file);
        const uint64_t first = storage.operations() + fault;
        storage.Fail(first, forever ? UINT64_MAX : first + 1, kind);
        CompactionReport report;
        Compactor compactor(store_.get(), {});
        const Status done = compactor.Run(nullptr, &report);
        const bool reached = storage.operations() > first;
        EXPECT_TRUE(done.ok() || done.error().kind == kind);
        EXPECT_TRUE(report.failures.empty());
        for (const std::string& file : files) {
          ExpectStored(store_.get(), file);
        }
        storage.Heal();
        if (fault % 2 == 0) {
          store_.reset();
          store_ = store::OpenStore(&storage);
        }
        for (const std::string& file : files) {
          ExpectStored(store_.get(), file);
        }
        ExpectAllPacked(Compact());
        for (const std::string& file : files) {
          ExpectStored(store_.get(), file);
        }
        store_.reset();
        if (!reached) break;
      }
    }
  }
}

TEST_F(CompactorTest, WithoutSpaceNothingHappens) {
  Add(Repository("me", "a"), ModelFile(1, 0));
  storage_.SetFreeBytes(64 << 20);
  CompactionReport report;
  const Status full = Compactor(store_.get(), {}).Run(nullptr, &report);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().kind, ErrorKind::kResourceExhausted);
  ExpectStored(store_.get(), ModelFile(1, 0));
  EXPECT_TRUE(PackFiles().empty());
  storage_.SetFreeBytes(UINT64_MAX);
  ExpectAllPacked(Compact());
}

TEST_F(CompactorTest, IsStopped) {
  Add(Repository("me", "a"), ModelFile(1, 0));
  const std::atomic<bool> stop = true;
  CompactionReport report;
  const Status stopped = Compactor(store_.get(), {}).Run(&stop, &report);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().kind, ErrorKind::kCancelled);
  EXPECT_TRUE(PackFiles().empty());
  ExpectAllPacked(Compact());
}

// What is not what was uploaded is not packed, and does not keep others from
// being so.
TEST_F(CompactorTest, ADamagedUploadStaysAndIsNamed) {
  Add(Repository("me", "a"), ModelFile(1, 0));
  Add(Repository("me", "a"), ModelFile(1, 1));
  Add(Repository("me", "a"), ModelFile(2, 0));
  const auto staged = *store_->staging().List();
  const std::string key =
      store::NumberedKey(store::kStagedFolder, staged[1].number);
  std::vector<std::byte> bytes = ReadAll(storage_, key);
  bytes[bytes.size() / 2] ^= std::byte{1};
  Replace(key, bytes);
  Compactor compactor(store_.get(), {});
  CompactionReport report;
  ASSERT_TRUE(compactor.Run(nullptr, &report).ok());
  ASSERT_EQ(report.failures.size(), 1);
  EXPECT_NE(report.failures[0].find(key), std::string::npos);
  EXPECT_EQ(report.files, 2);
  EXPECT_EQ(store_->staging().List()->size(), 1);
  ExpectStored(store_.get(), ModelFile(1, 0));
  ExpectStored(store_.get(), ModelFile(2, 0));
  CompactionReport again;
  ASSERT_TRUE(compactor.Run(nullptr, &again).ok());
  EXPECT_TRUE(again.failures.empty()) << "reported once";
  EXPECT_EQ(again.files, 0);
  // One that is missing.
  ASSERT_TRUE(storage_.Remove(key).ok());
  compactor.ForgetFailures();
  ASSERT_TRUE(compactor.Run(nullptr, &again).ok());
  EXPECT_EQ(again.failures.size(), 1);
}

// A base that cannot be read is none; the file is packed without it.
TEST_F(CompactorTest, DamagedPacksHarmNoUpload) {
  Add(Repository("me", "a"), ModelFile(1, 0));
  Compact();
  const std::string key = PackFiles().at(0);
  const std::vector<std::byte> good = ReadAll(storage_, key);
  for (size_t at = good.size() / 10; at < good.size(); at += good.size() / 10) {
    SCOPED_TRACE(at);
    std::vector<std::byte> damaged = good;
    damaged[at] ^= std::byte{4};
    Replace(key, damaged);
    const std::string tuned = ModelFile(1, at);
    const std::string renamed = ModelFile(1, 0, std::to_string(at));
    Add(Repository("me", "a"), tuned);
    Add(Repository("me", "a"), renamed);
    ExpectAllPacked(Compact());
    ExpectStored(store_.get(), renamed);
    ExpectStored(store_.get(), tuned);
  }
}

// A bit is found, or is one that nobody needs.
TEST_F(CompactorTest, DamagedBytesAreNeverServed) {
  const std::vector<std::string> files = {ModelFile(1, 0), ModelFile(1, 1),
                                          "text of a card"};
  for (const std::string& file : files) Add(Repository("me", "a"), file);
  Compact();
  const std::string key = PackFiles().at(0);
  const std::vector<std::byte> good = ReadAll(storage_, key);
  size_t refused = 0;
  for (size_t bit = 0; bit < 8 * good.size(); bit += 997 * kStride) {
    std::vector<std::byte> damaged = good;
    damaged[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    Replace(key, damaged);
    bool found = false;
    for (const std::string& file : files) {
      const auto source = OpenStoredFile(store_.get(), DigestOf(file));
      ASSERT_TRUE(source.ok());
      std::vector<std::byte> read(file.size());
      const Status status = (*source)->ReadAt(0, read);
      found |= !status.ok();
      ASSERT_TRUE(!status.ok() || AsText(read) == file) << "bit " << bit;
    }
    refused += found;
  }
  EXPECT_GT(refused, 8 * good.size() / (997 * kStride) / 2);
}

// Whatever copy is damaged, another one serves.
TEST_F(CompactorTest, AnotherCopyServes) {
  const std::string base = ModelFile(1, 0);
  const std::string tuned = ModelFile(1, 1);
  Add(Repository("me", "a"), base);
  Compact();
  Add(Repository("me", "a"), tuned);
  Compact();
  const std::string first = PackFiles().at(0);
  std::vector<std::byte> damaged = ReadAll(storage_, first);
  for (size_t at = 500; at < damaged.size() - 2000; at += 100) {
    damaged[at] ^= std::byte{1};
  }
  Replace(first, damaged);
  const auto source = OpenStoredFile(store_.get(), DigestOf(tuned));
  std::vector<std::byte> read(tuned.size());
  EXPECT_FALSE((*source)->ReadAt(0, read).ok());
  // It is uploaded again: what packs hold of it is no copy.
  Add(Repository("me", "a"), base);
  const CompactionReport report = Compact();
  EXPECT_EQ(report.packs, 1);
  ExpectAllPacked(report);
  ExpectStored(store_.get(), base);
  ExpectStored(store_.get(), tuned);
}

TEST_F(CompactorTest, OthersMayUploadDeleteAndDownload) {
  const uint64_t repository = Repository("me", "a");
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < Tries(40); ++i) {
        const std::string file = ModelFile(t, i);
        ASSERT_TRUE(Upload(store_.get(), repository, file).ok());
        ExpectStored(store_.get(), file, i);
        if (i % 3 != 0) continue;
        ASSERT_TRUE(
            store_->repositories().EndGrant(repository, DigestOf(file)).ok());
        (void)store_->staging().Discard(DigestOf(file));
      }
    });
  }
  std::thread packing([&] {
    Compactor compactor(store_.get(), {.pack_bytes = 100'000});
    while (!done) {
      CompactionReport report;
      const Status packed = compactor.Run(nullptr, &report);
      ASSERT_TRUE(packed.ok()) << packed.error().message;
      ASSERT_TRUE(report.failures.empty()) << report.failures[0];
    }
  });
  for (std::thread& thread : threads) thread.join();
  done = true;
  packing.join();
  Compact();
  Reopen();
  for (uint64_t t = 0; t < 2; ++t) {
    for (uint64_t i = 0; i < Tries(40); ++i) {
      if (i % 3 != 0) ExpectStored(store_.get(), ModelFile(t, i));
    }
  }
  EXPECT_EQ(PackFiles().size(), packs().List()->size());
}

// A store of many small files, and of many models, has few of them open.
TEST_F(CompactorTest, ManyFilesAreNotAllOpen) {
  const store::TemporaryFolder folder;
  const auto storage = store::OpenFileStorage(folder / "store");
  ASSERT_TRUE(storage.ok());
  store_ = store::OpenStore(storage->get());
  std::vector<std::string> files;
  for (uint64_t i = 0; i < Tries(400); ++i) {
    files.push_back("config " + std::to_string(i));
  }
  for (uint64_t i = 0; i < Tries(200); ++i) files.push_back(ModelFile(i, 0));
  for (const std::string& file : files) Add(Repository("me", "a"), file);
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit low = limit;
  low.rlim_cur = 200;
  setrlimit(RLIMIT_NOFILE, &low);
  const CompactionReport report = Compact();
  setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_TRUE(report.failures.empty()) << report.failures[0];
  EXPECT_EQ(report.files, files.size());
  EXPECT_LE(report.packs, 2);
  for (size_t i = 0; i < files.size(); i += 50) {
    ExpectStored(store_.get(), files[i]);
  }
  store_.reset();
}

// Uploads are packed soon, and whoever ends it does not wait for long.
TEST_F(CompactorTest, TheBackgroundPacks) {
  const BackgroundOptions fast = {.look = std::chrono::milliseconds(5),
                                  .quiet = std::chrono::milliseconds(20),
                                  .wait = std::chrono::milliseconds(200),
                                  .retry = std::chrono::hours(1)};
  std::atomic<uint64_t> packed = 0;
  const auto told = [&](const Status& done, const CompactionReport& report) {
    EXPECT_TRUE(done.ok()) << done.error().message;
    packed += report.files;
  };
  Maintenance maintenance(store_.get());
  std::optional<Background> background;
  background.emplace(
      store_.get(), &maintenance,
      BackgroundEvents{
          .packed = told, .collected = nullptr, .scrubbed = nullptr},
      fast);
  const auto wait = [&](uint64_t files) {
    for (int i = 0; i < 2000 && packed < files; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(packed, files);
  };
  Add(Repository("me", "a"), ModelFile(1, 0));
  wait(1);
  // Granted only when it has been looked at.
  const std::string late = ModelFile(1, 1);
  ASSERT_TRUE(store::StageBytes(&store_->staging(), AsBytes(late)).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ASSERT_TRUE(
      store_->repositories().Grant(Repository("me", "a"), DigestOf(late)).ok());
  wait(2);
  Add(Repository("me", "a"), ModelFile(1, 2));
  background.reset();
  ExpectStored(store_.get(), late);
  ExpectStored(store_.get(), ModelFile(1, 2));
}

// Real files, where INGOT_CORPUS has some; says how fast they are read.
TEST_F(CompactorTest, RealFilesComeBack) {
  const char* const corpus = std::getenv("INGOT_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "INGOT_CORPUS is not set";
  std::vector<std::string> files;
  uint64_t raw = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(corpus)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(stream),
                       std::istreambuf_iterator<char>());
    raw += files.back().size();
    Add(Repository("me", entry.path().filename()), files.back());
  }
  const CompactionReport report = Compact();
  ExpectAllPacked(report);
  std::vector<std::byte> piece(512 << 10);
  std::chrono::duration<double> reading(0);
  std::chrono::duration<double> copying(0);
  const StoredFiles stored(store_.get());
  for (const std::string& file : files) {
    const auto source = stored.Open(DigestOf(file));
    ASSERT_TRUE(source.ok()) << source.error().message;
    for (uint64_t at = 0; at < file.size(); at += piece.size()) {
      piece.resize(std::min<uint64_t>(512 << 10, file.size() - at));
      auto begin = std::chrono::steady_clock::now();
      const Status read = (*source)->ReadAt(at, piece);
      reading += std::chrono::steady_clock::now() - begin;
      ASSERT_TRUE(read.ok()) << read.error().message;
      ASSERT_TRUE(AsText(piece) ==
                  std::string_view(file).substr(at, piece.size()));
      begin = std::chrono::steady_clock::now();
      std::memcpy(piece.data(), file.data() + at, piece.size());
      copying += std::chrono::steady_clock::now() - begin;
    }
  }
  const auto rate = [&](std::chrono::duration<double> time) {
    return std::to_string(
        static_cast<int>(static_cast<double>(raw) / 1e6 / time.count()));
  };
  std::printf("%zu files, %.1f MB in %.1f MB; read at %s MB/s, copied at %s\n",
              files.size(), static_cast<double>(raw) / 1e6,
              static_cast<double>(report.stored_bytes) / 1e6,
              rate(reading).c_str(), rate(copying).c_str());
}

}  // namespace
}  // namespace ingot::ingest
