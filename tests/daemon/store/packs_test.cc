// Packs of a store: each rule of STORE.md by itself. Random operations are
// packs_model_test.cc's.

#include "daemon/store/packs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "codec/container_assembler.h"
#include "codec/container_reader.h"
#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "daemon/store/pack_reader.h"
#include "daemon/store/store.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/pack_samples.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/sanitized.h"

namespace ingot::store {
namespace {

// Tensor families 1, 2 and 3, and a fine-tune of the first two.
const SampleModel kBase = {.entries = {{.tensor = 16}, {.tensor = 32}}};
const SampleModel kFineTune = {
    .entries = {{.tensor = 17, .base = 16}, {.tensor = 33, .base = 32}}};
const SampleModel kMixed = {
    .entries = {{.tensor = 16, .outside = true}, {.tensor = 48}}};

class PacksTest : public testing::Test {
 protected:
  void Reopen() {
    store_.reset();
    store_ = OpenStore(&storage_);
  }
  Packs& packs() { return store_->packs(); }
  PackInfo Pack(const std::vector<SampleModel>& models) {
    const auto info = PackModels(&packs(), models);
    EXPECT_TRUE(info.ok()) << info.error().message;
    return *info;
  }
  std::vector<std::string> Files() {
    std::vector<std::string> keys;
    const auto files = storage_.List(kPackFolder);
    for (const StoredFile& file : *files) keys.push_back(file.key);
    return keys;
  }
  static std::string Key(const PackInfo& info) {
    return NumberedKey(kPackFolder, info.number);
  }
  // Changes what is stored behind the store's back.
  void Replace(const PackInfo& info, ByteSpan bytes) {
    ASSERT_TRUE(storage_.Remove(Key(info)).ok());
    WriteFile(&storage_, Key(info), bytes);
  }

  FaultyStorage storage_{MakeMemoryStorage()};
  std::unique_ptr<Store> store_ = OpenStore(&storage_);
};

TEST_F(PacksTest, RestoreWhatWasPacked) {
  const PackInfo base = Pack({kBase});
  const PackInfo tuned = Pack({kFineTune, kMixed});
  EXPECT_EQ(tuned.files, 2);
  EXPECT_EQ(tuned.objects, 3);
  EXPECT_LT(tuned.length, base.length * 3 / 2) << "two of three are deltas";
  for (int round = 0; round < 2; ++round) {
    for (const SampleModel& model : {kBase, kFineTune, kMixed}) {
      ExpectPacked(packs(), model);
    }
    EXPECT_EQ(*packs().List(), (std::vector{base, tuned}));
    EXPECT_EQ(*packs().Find(tuned.number), tuned);
    EXPECT_EQ(*packs().FindObject(SampleDigest(48)),
              (std::vector<PackPlace>{
                  {tuned.number, 2, SampleTensor(48).size(), 0, false}}));
    EXPECT_EQ((*packs().FindObject(SampleDigest(17)))[0].depth, 1);
    EXPECT_TRUE(packs().FindObject(SampleDigest(49))->empty());
    EXPECT_TRUE(packs().FindFile(SampleDigest(48))->empty());
    for (const PackInfo& pack : {base, tuned}) {
      const Status checked = packs().Check(pack.number);
      EXPECT_TRUE(checked.ok()) << checked.error().message;
    }
    Reopen();
  }
}

TEST_F(PacksTest, AreContainersThatAnybodyOpens) {
  const PackInfo base = Pack({kBase});
  const auto reader =
      ContainerReader::Open(storage_.Open(Key(base)).value(), {});
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  uint64_t incomplete = 1;
  EXPECT_TRUE((*reader)->Verify(&incomplete).ok());
  EXPECT_EQ(incomplete, 0);
}

TEST(PackReaderTest, SaysWhatIsInIt) {
  for (const std::vector<SampleModel>& models :
       {std::vector{kBase},
        {kFineTune},
        {kMixed},
        {kFineTune, kMixed},
        // Also where the base is in the same pack.
        {kBase, kFineTune}}) {
    std::vector<std::byte> bytes;
    ASSERT_TRUE(EncodeModels(models, MakeMemorySink(&bytes).get()).ok());
    const auto source = MakeMemorySource(bytes);
    const auto contents = ReadPack(*source);
    ASSERT_TRUE(contents.ok()) << contents.error().message;
    EXPECT_EQ(*contents, ExpectedContents(models));
  }
}

// Two packs copied into one are what one would have been.
TEST(PackReaderTest, ReadsWhatWasCopiedTogether) {
  const std::vector<std::vector<SampleModel>> packs = {{kBase},
                                                       {kFineTune, kMixed}};
  std::vector<std::byte> bytes;
  const auto sink = MakeMemorySink(&bytes);
  ContainerAssembler assembler(sink.get());
  ASSERT_TRUE(assembler.Start().ok());
  for (const std::vector<SampleModel>& models : packs) {
    std::vector<std::byte> pack;
    ASSERT_TRUE(EncodeModels(models, MakeMemorySink(&pack).get()).ok());
    const auto reader = ContainerReader::Open(MakeMemorySource(pack), {});
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    for (size_t file = 0; file < models.size(); ++file) {
      ASSERT_TRUE(
          assembler.AddFile(**reader, file, {.provide = ProvideFrom(**reader)})
              .ok());
    }
  }
  ASSERT_TRUE(assembler.Finish().ok());
  std::vector<std::byte> together;
  ASSERT_TRUE(
      EncodeModels({kBase, kFineTune, kMixed}, MakeMemorySink(&together).get())
          .ok());
  const auto expected = ReadPack(*MakeMemorySource(together));
  const auto contents = ReadPack(*MakeMemorySource(bytes));
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  ASSERT_TRUE(contents.ok()) << contents.error().message;
  EXPECT_EQ(contents->files, expected->files);
  EXPECT_EQ(contents->objects, expected->objects);
}

TEST_F(PacksTest, WhatIsNotSealedLeavesNothing) {
  {
    const auto writer = packs().Begin();
    ASSERT_TRUE(EncodeModels({kBase}, writer->get()).ok());
    ASSERT_TRUE((*writer)->Finish().ok());
    EXPECT_EQ(Files().size(), 1);
    EXPECT_TRUE(packs().FindObject(SampleDigest(16))->empty());
  }
  EXPECT_TRUE(Files().empty());
  WriteFile(&storage_, NumberedKey(kPackFolder, 9), AsBytes("x"));
  Reopen();
  EXPECT_TRUE(Files().empty()) << "as of a process that died";
  EXPECT_EQ(Pack({kBase}).number, 10);
}

TEST_F(PacksTest, OnlyContainersAreTaken) {
  std::vector<std::byte> good;
  ASSERT_TRUE(EncodeModels({kBase}, MakeMemorySink(&good).get()).ok());
  std::vector<std::byte> damaged = good;
  damaged[damaged.size() / 2] ^= std::byte{1};
  for (const ByteSpan bytes : {ByteSpan(), AsBytes("no container"),
                               ByteSpan(good).first(100), ByteSpan(damaged)}) {
    const auto writer = packs().Begin();
    ASSERT_TRUE((*writer)->Write(bytes).ok());
    const auto finished = (*writer)->Finish();
    ASSERT_FALSE(finished.ok());
    EXPECT_EQ(finished.error().kind, ErrorKind::kCorruption);
    EXPECT_NE(finished.error().message.find("pack/"), std::string::npos);
  }
  EXPECT_TRUE(Files().empty());
}

// The base of a delta is there, or the delta is not taken.
TEST_F(PacksTest, WhatTheyNeedIsThere) {
  for (const SampleModel& model : {kFineTune, kMixed}) {
    const auto refused = PackModels(&packs(), {model});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::kNotFound);
  }
  EXPECT_TRUE(Files().empty());
  const PackInfo base = Pack({kBase});
  const PackInfo tuned = Pack({kFineTune});
  EXPECT_EQ(packs().Remove({base.number}).error().kind, ErrorKind::kConflict)
      << "not retired";
  ASSERT_TRUE(packs().Retire(base.number).ok());
  EXPECT_EQ(packs().Retire(base.number).error().kind, ErrorKind::kConflict);
  EXPECT_TRUE((*packs().FindObject(SampleDigest(16)))[0].retired);
  EXPECT_EQ(packs().Remove({base.number}).error().kind, ErrorKind::kConflict)
      << "needed";
  ExpectPacked(packs(), kFineTune);
  // Another copy of what is needed takes its place.
  const PackInfo copy = Pack({{.entries = {{.tensor = 32}, {.tensor = 16}}}});
  const uint64_t length = SampleTensor(16).size();
  EXPECT_EQ(*packs().FindObject(SampleDigest(16)),
            (std::vector<PackPlace>{{copy.number, 1, length, 0, false},
                                    {base.number, 0, length, 0, true}}));
  ASSERT_TRUE(packs().Remove({base.number}).ok());
  EXPECT_EQ(Files(), (std::vector{Key(tuned), Key(copy)}));
  ExpectPacked(packs(), kFineTune);
  EXPECT_TRUE(packs().FindFile(HashBytes(kBase.Bytes()))->empty());
  // Who needed it is gone: nobody does.
  ASSERT_TRUE(packs().Retire(copy.number).ok());
  EXPECT_FALSE(packs().Remove({copy.number}).ok());
  ASSERT_TRUE(packs().Retire(tuned.number).ok());
  ASSERT_TRUE(packs().Remove({tuned.number}).ok());
  ASSERT_TRUE(packs().Remove({copy.number}).ok());
  EXPECT_EQ(packs().Remove({copy.number}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(packs().Retire(copy.number).error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(Files().empty());
  Reopen();
  EXPECT_TRUE(packs().List()->empty());
  EXPECT_EQ(packs().Open(copy.number).error().kind, ErrorKind::kNotFound);
  EXPECT_GT(Pack({kBase}).number, copy.number);
}

// Two objects that are each coded against the other are both lost.
TEST_F(PacksTest, NeedsEnd) {
  const auto model = [](uint64_t tensor, uint64_t base, unsigned base_depth) {
    return SampleModel{.entries = {{tensor, base, base_depth, false}}};
  };
  const SampleModel direct = {.entries = {{.tensor = 16}}};
  const PackInfo first = Pack({direct});
  Pack({model(17, 16, 0)});
  // The depth of a base is not its own to choose.
  EXPECT_EQ(PackModels(&packs(), {model(16, 17, 0)}).error().kind,
            ErrorKind::kNotFound);
  Pack({model(16, 17, 1)});
  EXPECT_EQ((*packs().FindObject(SampleDigest(16)))[0].pack, first.number);
  EXPECT_EQ((*packs().FindObject(SampleDigest(16)))[1].depth, 2);
  ExpectPacked(packs(), model(17, 16, 0));
  // Without the first copy neither could be read.
  ASSERT_TRUE(packs().Retire(first.number).ok());
  EXPECT_EQ(packs().Remove({first.number}).error().kind, ErrorKind::kConflict);
  ExpectPacked(packs(), model(17, 16, 0));
  Pack({{.entries = {{.tensor = 16}, {.tensor = 48}}}});
  EXPECT_TRUE(packs().Remove({first.number}).ok());
  ExpectPacked(packs(), model(17, 16, 0));
  // In one pack as well.
  EXPECT_EQ(
      PackModels(&packs(), {model(32, 33, 0), model(33, 32, 0)}).error().kind,
      ErrorKind::kNotFound);
}

// Nobody needs two packs but each the other.
TEST_F(PacksTest, PacksThatNeedEachOtherAreRemovedTogether) {
  const SampleModel base = {.entries = {{.tensor = 16}}};
  const SampleModel tuned = {.entries = {{17, 16, 0, false}, {.tensor = 64}}};
  const PackInfo first = Pack({base});
  const PackInfo second = Pack({tuned});
  const PackInfo third =
      Pack({{.entries = {{.tensor = 16}, {65, 64, 0, false}}}});
  ASSERT_TRUE(packs().Retire(first.number).ok());
  ASSERT_TRUE(packs().Remove({first.number}).ok());
  ASSERT_TRUE(packs().Retire(second.number).ok());
  ASSERT_TRUE(packs().Retire(third.number).ok());
  for (const uint64_t number : {second.number, third.number}) {
    EXPECT_EQ(packs().Remove({number}).error().kind, ErrorKind::kConflict);
    EXPECT_TRUE(packs().FindRemovable({number})->empty());
  }
  const std::set both = {second.number, third.number};
  EXPECT_EQ(*packs().FindRemovable(both), both);
  EXPECT_TRUE(packs().Remove(both).ok());
  EXPECT_TRUE(Files().empty());
}

// A copy that cannot be read is none, and is asked last.
TEST_F(PacksTest, DamagedCopiesDoNotCount) {
  const SampleModel base = {.entries = {{.tensor = 16}}};
  const PackInfo first = Pack({base});
  const PackInfo copy = Pack({{.entries = {{.tensor = 16}, {.tensor = 32}}}});
  EXPECT_FALSE(*packs().HasDamage());
  EXPECT_EQ(packs().SetDamage(first.number, {.objects = {1}}).error().kind,
            ErrorKind::kNotFound)
      << "it has one object";
  ASSERT_TRUE(packs().SetDamage(first.number, {.objects = {0}}).ok());
  EXPECT_TRUE(*packs().HasDamage());
  const auto places = *packs().FindObject(SampleDigest(16));
  ASSERT_EQ(places.size(), 2);
  EXPECT_EQ(places[0].pack, copy.number);
  EXPECT_TRUE(places[0].usable());
  EXPECT_EQ(places[1].pack, first.number);
  EXPECT_FALSE(places[1].usable());
  // The copy is needed, though there is another one.
  const PackInfo tuned = Pack({{.entries = {{17, 16, 0, false}}}});
  ASSERT_TRUE(packs().Retire(copy.number).ok());
  EXPECT_EQ(packs().Remove({copy.number}).error().kind, ErrorKind::kConflict);
  Reopen();
  EXPECT_EQ(packs().FindDamage(first.number)->objects,
            std::vector<uint64_t>{0});
  EXPECT_TRUE((*packs().Find(first.number))->damaged);
  EXPECT_EQ(packs().Remove({copy.number}).error().kind, ErrorKind::kConflict);
  ASSERT_TRUE(packs().SetDamage(copy.number, {.all = true}).ok());
  EXPECT_EQ(
      PackModels(&packs(), {{.entries = {{18, 16, 0, false}}}}).error().kind,
      ErrorKind::kNotFound);
  // It was mended, or nothing was wrong with it.
  ASSERT_TRUE(packs().SetDamage(first.number, {}).ok());
  EXPECT_TRUE((*packs().FindObject(SampleDigest(16)))[0].usable());
  ASSERT_TRUE(packs().Remove({copy.number}).ok());
  EXPECT_FALSE(*packs().HasDamage());
  EXPECT_EQ(Files(), (std::vector{Key(first), Key(tuned)}));
}

TEST_F(PacksTest, AnEntryIsThereOnce) {
  EXPECT_EQ(PackModels(&packs(), {kBase, kBase}).error().kind,
            ErrorKind::kConflict);
  EXPECT_TRUE(Files().empty());
}

TEST_F(PacksTest, WhoReadsOneThatIsRemovedGoesOn) {
  const PackInfo base = Pack({kBase});
  const auto reading = packs().Open(base.number);
  ASSERT_TRUE(packs().Retire(base.number).ok());
  ASSERT_TRUE(packs().Remove({base.number}).ok());
  EXPECT_TRUE(ReadPack(**reading).ok());
}

TEST_F(PacksTest, FlippedBitsAreFound) {
  const PackInfo base = Pack({kBase});
  const PackInfo tuned = Pack({kFineTune});
  const std::vector<std::byte> good = ReadAll(storage_, Key(tuned));
  for (size_t bit = 0; bit < 8 * good.size(); bit += 7 * kStride) {
    std::vector<std::byte> damaged = good;
    damaged[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    Replace(tuned, damaged);
    const Status checked = packs().Check(tuned.number);
    ASSERT_FALSE(checked.ok()) << "bit " << bit;
    EXPECT_EQ(checked.error().kind,
              bit / 64 == 1 ? checked.error().kind : ErrorKind::kCorruption)
        << checked.error().message;
    EXPECT_NE(checked.error().message.find(Key(tuned)), std::string::npos);
  }
  // Another pack is not this one, however good.
  Replace(tuned, ReadAll(storage_, Key(base)));
  EXPECT_EQ(packs().Check(tuned.number).error().kind, ErrorKind::kCorruption);
  ASSERT_TRUE(storage_.Remove(Key(tuned)).ok());
  EXPECT_EQ(packs().Open(tuned.number).error().kind, ErrorKind::kCorruption);
  ExpectPacked(packs(), kBase);
  Reopen();
  ExpectPacked(packs(), kBase);
}

TEST_F(PacksTest, UploadsLeaveSpaceForThem) {
  constexpr uint64_t kMi = 1 << 20;
  storage_.SetFreeBytes(64 * kMi + 256 * kMi);
  EXPECT_FALSE(StageBytes(&store_->staging(), SampleUpload(7)).ok());
  Pack({kBase});
  EXPECT_TRUE(packs().Begin(256 * kMi).ok());
  EXPECT_FALSE(packs().Begin(256 * kMi + 1).ok());
  storage_.SetFreeBytes(64 * kMi);
  EXPECT_EQ(PackModels(&packs(), {kMixed}).error().kind,
            ErrorKind::kResourceExhausted);
  EXPECT_EQ(Files().size(), 1);
}

// Every operation of sealing and removing a pack fails once.
TEST_F(PacksTest, FailingOperationsLeaveAllOrNothing) {
  const PackInfo base = Pack({kBase});
  for (uint64_t fault = 0;; ++fault) {
    SCOPED_TRACE(fault);
    const uint64_t first = storage_.operations() + fault;
    storage_.Fail(first, first + 1, ErrorKind::kIo);
    const auto sealed = PackModels(&packs(), {kFineTune});
    const bool reached = storage_.operations() > first;
    storage_.Heal();
    EXPECT_TRUE(sealed.ok() || sealed.error().kind == ErrorKind::kIo);
    Reopen();
    const auto places = *packs().FindFile(HashBytes(kFineTune.Bytes()));
    EXPECT_TRUE(!places.empty() || !sealed.ok());
    if (!places.empty()) {
      ExpectPacked(packs(), kFineTune);
      ASSERT_TRUE(packs().Retire(places[0].pack).ok());
      ASSERT_TRUE(packs().Remove({places[0].pack}).ok());
    }
    EXPECT_EQ(Files(), std::vector{Key(base)});
    if (!reached) break;
  }
}

}  // namespace
}  // namespace ingot::store
