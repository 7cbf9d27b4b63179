// Random packs, sealed, retired and removed, on a store and on a map in
// memory: the two must agree whatever fails.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/store/keys.h"
#include "tests/daemon/store/model_disk.h"
#include "tests/daemon/store/pack_samples.h"
#include "tests/sanitized.h"

namespace ingot::store {
namespace {

// Few tensors, so that packs hold the same ones.
constexpr uint64_t kFamilies = 3;
constexpr uint64_t kTuned = 4;  // of each family

constexpr size_t kMaxPacks = 8;

struct ModelPack {
  SampleModel model;
  PackContents contents;
  bool retired = false;
  PackDamage damage = {};
};

class PacksModel final : public ModelDisk {
 public:
  using ModelDisk::ModelDisk;

 private:
  Packs& packs() { return store().packs(); }

  uint64_t AnyTensor() { return 16 * (1 + Random(kFamilies)) + Random(kTuned); }
  std::optional<uint64_t> AnyPack() {
    if (packs_.empty()) return std::nullopt;
    return std::next(packs_.begin(),
                     static_cast<ptrdiff_t>(Random(packs_.size())))
        ->first;
  }

  void Operate(uint64_t percent) override {
    if (percent < 40) {
      Pack();
    } else if (percent < 60) {
      Retire();
    } else if (percent < 80) {
      Remove();
    } else if (percent < 88) {
      Damage();
    } else {
      Read();
    }
  }

  // The least depth of an object's copies that are whole, below a limit, but
  // for some packs'; nothing where there is none.
  std::optional<unsigned> DepthOf(const Digest& object,
                                  const std::set<uint64_t>& but = {},
                                  unsigned below = kMaxDepth + 1) const {
    std::optional<unsigned> least;
    for (const auto& [number, pack] : packs_) {
      if (but.contains(number)) continue;
      const std::vector<PackEntry>& objects = pack.contents.objects;
      for (size_t i = 0; i < objects.size(); ++i) {
        const unsigned depth = objects[i].depth;
        if (objects[i].id.digest == object && depth < least.value_or(below) &&
            IsWhole(pack, i, but)) {
          least = depth;
        }
      }
    }
    return least;
  }
  std::optional<unsigned> DepthOf(uint64_t tensor) const {
    return DepthOf(SampleDigest(tensor));
  }
  bool IsWhole(const ModelPack& pack, size_t object,
               const std::set<uint64_t>& but) const {
    if (pack.damage.all ||
        std::ranges::binary_search(pack.damage.objects, object)) {
      return false;
    }
    const PackEntry& entry = pack.contents.objects[object];
    return std::ranges::all_of(entry.needs, [&](const Digest& needed) {
      return DepthOf(needed, but, entry.depth).has_value();
    });
  }

  // Told of each object that a pack needs, and what its depth is to be below.
  static void VisitNeeds(const PackContents& contents, const auto& visit) {
    for (const PackEntry& file : contents.files) {
      for (const Digest& needed : file.needs) visit(needed, kMaxDepth + 1);
    }
    for (const PackEntry& object : contents.objects) {
      for (const Digest& needed : object.needs) visit(needed, object.depth);
    }
  }

  // Whether all that a new pack needs is there, or in itself.
  bool IsComplete(const PackContents& contents) {
    packs_[UINT64_MAX].contents = contents;
    bool complete = true;
    VisitNeeds(contents, [&](const Digest& needed, unsigned below) {
      complete &= DepthOf(needed).value_or(below) < below;
    });
    packs_.erase(UINT64_MAX);
    return complete;
  }

  // Whether packs that stay need what only these hold.
  bool AreNeeded(const std::set<uint64_t>& packs) const {
    std::set<Digest> held;
    for (const uint64_t number : packs) {
      for (const PackEntry& object : packs_.at(number).contents.objects) {
        held.insert(object.id.digest);
      }
    }
    bool needed_by_some = false;
    for (const auto& [number, pack] : packs_) {
      if (packs.contains(number)) continue;
      VisitNeeds(pack.contents, [&](const Digest& needed, unsigned below) {
        needed_by_some |= held.contains(needed) &&
                          DepthOf(needed, packs).value_or(below) >= below;
      });
    }
    return needed_by_some;
  }

  SampleModel AnyModel() {
    SampleModel model;
    std::set<uint64_t> tensors;
    for (uint64_t left = 1 + Random(3); left > 0; --left) {
      SampleEntry entry = {.tensor = AnyTensor()};
      if (!tensors.insert(entry.tensor).second) continue;
      // Now and then what nobody has, which is refused.
      const bool any = Random(10) == 0;
      const uint64_t base = entry.tensor / 16 * 16 + Random(kTuned);
      if (Random(3) == 0 && (any || DepthOf(entry.tensor))) {
        entry.outside = true;
      } else if (Random(2) == 0 && base != entry.tensor &&
                 (any || DepthOf(base))) {
        entry.base = base;
        entry.base_depth = any ? Random(3) : *DepthOf(base);
      }
      model.entries.push_back(entry);
    }
    return model;
  }

  void Pack() {
    if (packs_.size() == kMaxPacks) return;
    const SampleModel model = AnyModel();
    const PackContents contents = ExpectedContents({model});
    const bool complete = IsComplete(contents);
    const auto sealed = PackModels(&packs(), {model});
    if (sealed.ok()) {
      EXPECT_TRUE(complete);
      EXPECT_EQ(sealed->objects, contents.objects.size());
      EXPECT_TRUE(
          packs_.emplace(sealed->number, ModelPack{model, contents}).second);
      return WroteRecord();
    }
    if (!complete && sealed.error().kind == ErrorKind::kNotFound) return;
    ExpectFault(sealed.error());
    unknown_.push_back({model, contents});
  }

  void Retire() {
    const auto number = AnyPack();
    if (!number) return;
    ModelPack& pack = packs_.at(*number);
    const Status retired = packs().Retire(*number);
    if (retired.ok()) {
      EXPECT_FALSE(pack.retired);
      pack.retired = true;
      return WroteRecord();
    }
    if (pack.retired && retired.error().kind == ErrorKind::kConflict) return;
    ExpectFault(retired.error());
    unknown_numbers_.insert(*number);
  }

  void Remove() {
    std::set<uint64_t> packs_to_go;
    for (uint64_t left = 1 + Random(3); left > 0; --left) {
      if (const auto number = AnyPack()) packs_to_go.insert(*number);
    }
    if (packs_to_go.empty()) return;
    const bool retired = std::ranges::all_of(packs_to_go, [&](uint64_t number) {
      return packs_.at(number).retired;
    });
    const bool needed = AreNeeded(packs_to_go);
    const auto removable = packs().FindRemovable(packs_to_go);
    ASSERT_TRUE(removable.ok()) << removable.error().message;
    EXPECT_EQ(*removable == packs_to_go, retired && !needed);
    const Status removed = packs().Remove(packs_to_go);
    if (removed.ok()) {
      EXPECT_TRUE(retired && !needed);
      for (const uint64_t number : packs_to_go) packs_.erase(number);
      return WroteRecord();
    }
    if ((!retired || needed) && removed.error().kind == ErrorKind::kConflict) {
      return;
    }
    ExpectFault(removed.error());
    unknown_numbers_.insert(packs_to_go.begin(), packs_to_go.end());
  }

  // Says that some of a pack is damaged, or that nothing is.
  void Damage() {
    const auto number = AnyPack();
    if (!number) return;
    ModelPack& pack = packs_.at(*number);
    PackDamage damage = {.all = Random(8) == 0};
    for (size_t i = 0; i < pack.contents.objects.size() && !damage.all; ++i) {
      if (Random(4) == 0) damage.objects.push_back(i);
    }
    const Status said = packs().SetDamage(*number, damage);
    if (said.ok()) {
      pack.damage = damage;
      return WroteRecord();
    }
    ExpectFault(said.error());
    unknown_numbers_.insert(*number);
  }

  void Read() {
    const Digest object = SampleDigest(AnyTensor());
    const auto places = packs().FindObject(object);
    ASSERT_TRUE(places.ok()) << places.error().message;
    const std::optional<unsigned> depth = DepthOf(object);
    EXPECT_TRUE(!places->empty() || !depth);
    if (places->empty()) return;
    // The one to read first is not damaged, if some is not.
    EXPECT_TRUE(!depth ||
                (!places->front().damaged && places->front().depth <= *depth));
    const auto number = AnyPack();
    if (number) ExpectPack(*number);
  }

  // An operation that writes a record has succeeded: what failed before it
  // did not happen.
  void WroteRecord() {
    Succeeded();
    unknown_.clear();
    unknown_numbers_.clear();
  }

  void ExpectPack(uint64_t number) {
    const ModelPack& pack = packs_.at(number);
    const auto info = packs().Find(number);
    ASSERT_TRUE(info.ok() && *info) << number;
    EXPECT_EQ((*info)->retired, pack.retired);
    EXPECT_EQ((*info)->damaged, !pack.damage.empty());
    EXPECT_EQ(*packs().FindDamage(number), pack.damage);
    const Status checked = packs().Check(number);
    EXPECT_TRUE(checked.ok()) << checked.error().message;
    ExpectPacked(packs(), pack.model);
  }

  void Opened() override {
    const auto found = packs().List();
    ASSERT_TRUE(found.ok()) << found.error().message;
    std::map<uint64_t, ModelPack> before = std::move(packs_);
    packs_.clear();
    std::vector<std::string> keys;
    for (const PackInfo& info : *found) {
      keys.push_back(NumberedKey(kPackFolder, info.number));
      ModelPack pack;
      if (const auto known = before.find(info.number); known != before.end()) {
        pack = known->second;
        EXPECT_TRUE(info.retired == pack.retired ||
                    unknown_numbers_.contains(info.number));
        before.erase(known);
      } else {
        pack = FindUnknown();
      }
      pack.retired = info.retired;
      if (unknown_numbers_.contains(info.number)) {
        const auto damage = packs().FindDamage(info.number);
        ASSERT_TRUE(damage.ok()) << damage.error().message;
        pack.damage = *damage;
      }
      packs_.emplace(info.number, pack);
    }
    for (const auto& [number, pack] : before) {
      EXPECT_TRUE(unknown_numbers_.contains(number)) << number << " is lost";
    }
    for (const auto& [number, pack] : packs_) ExpectPack(number);
    const auto files = storage().List(kPackFolder);
    std::vector<std::string> stored;
    for (const StoredFile& file : *files) stored.push_back(file.key);
    EXPECT_EQ(stored, keys);
    unknown_.clear();
    unknown_numbers_.clear();
  }

  // The pack whose sealing was said to have failed.
  ModelPack FindUnknown() {
    for (const ModelPack& pack : unknown_) {
      const auto places = packs().FindFile(HashBytes(pack.model.Bytes()));
      if (places.ok() && !places->empty()) return pack;
    }
    ADD_FAILURE() << "a pack that nobody wrote";
    return {};
  }

  std::map<uint64_t, ModelPack> packs_;
  // May be there, or be otherwise, after the next opening.
  std::vector<ModelPack> unknown_;
  std::set<uint64_t> unknown_numbers_;
};

class PacksModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(PacksModelTest, Agrees) {
  RunModels<PacksModel>(GetParam() * 1000, GetParam() * 1000 + Tries(8));
}

INSTANTIATE_TEST_SUITE_P(Seeds, PacksModelTest,
                         testing::Range(uint64_t{0}, uint64_t{10}));

}  // namespace
}  // namespace ingot::store
