// Model cards: what they are read for, what they must not be taken for, and
// that what they name serves as a base.

#include "daemon/ingest/card_hints.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/ingest/compactor.h"
#include "daemon/ingest/model_card.h"
#include "daemon/store/git_commit.h"
#include "daemon/store/git_tree.h"
#include "daemon/store/history.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/daemon/store/store_samples.h"

namespace ingot::ingest {
namespace {

using Names = std::vector<std::string>;

std::string Card(const std::string& yaml) {
  return "---\n" + yaml + "\n---\n# A model\n";
}

TEST(ModelCardTest, NamesBases) {
  const Names one = {"meta/llama"};
  const Names two = {"meta/llama", "b"};
  EXPECT_EQ(BaseModelsOf(Card("base_model: meta/llama")), one);
  EXPECT_EQ(BaseModelsOf(Card("license: mit\nbase_model: 'meta/llama'\nx: y")),
            one);
  EXPECT_EQ(BaseModelsOf(Card("base_model:\n- meta/llama\n- b")), two);
  EXPECT_EQ(BaseModelsOf(Card("base_model: [meta/llama, \"b\"]\nx: [c]")), two);
  EXPECT_EQ(BaseModelsOf("---\r\nbase_model: meta/llama\r\n---\r\n"), one);
  EXPECT_EQ(BaseModelsOf("\xEF\xBB\xBF---\nbase_model: meta/llama\n---"), one);
  EXPECT_EQ(BaseModelsOf(Card("x: {base_model: a}\ny: [base_model, b]\n"
                              "model-index: [{name: c, results: []}]\n"
                              "base_model: meta/llama\n"
                              "base_model_relation: finetune")),
            one);
  EXPECT_EQ(BaseModelsOf(Card("base_model: &a meta/llama\nother: *a")), one);
}

TEST(ModelCardTest, WhatNamesNoneIsLeftOut) {
  for (const std::string& card :
       {std::string(),
        std::string("---"),
        std::string("---\n"),
        std::string("# base_model: a\n"),
        std::string("base_model: a\n"),
        std::string("\n---\nbase_model: a\n---\n"),
        std::string("---\nbase_model: a\n"),
        std::string("--- x\nbase_model: a\n---\n"),
        Card(""),
        Card("x"),
        Card("base_model:"),
        Card("base_model: {a: b}"),
        Card("base_model: [[a], {b: c}]"),
        Card("[base_model, a]"),
        Card("? [base_model]\n: a"),
        Card("? {base_model: a}\n: a"),
        Card("base_model: https://example.org/a/b"),
        Card("base_model: a/b/c"),
        Card("base_model: /a"),
        Card("base_model: a/"),
        Card("base_model: ../a"),
        Card("base_model: a b"),
        Card("base_model: '" + std::string(97, 'a') + "'"),
        Card("base_model: \"a\\0b\""),
        Card("base_model: a\nx: ["),
        Card("base_model: a\nx: \"\\q\""),
        Card("base_model: a\n\tx: y"),
        Card("a: &a b\nbase_model: *a"),
        Card("base_model: *missing"),
        Card("base_model: a\n" + std::string(100, '[')),
        Card("base_model: a\nx: " + std::string(33, '[') +
             std::string(33, ']'))}) {
    EXPECT_EQ(BaseModelsOf(card), Names()) << card.substr(0, 80);
  }
}

TEST(ModelCardTest, HasLimits) {
  std::string list;
  for (int i = 0; i < 20; ++i) list += "\n- m" + std::to_string(i);
  const Names eight = BaseModelsOf(Card("base_model:" + list));
  EXPECT_EQ(eight.size(), 8);
  EXPECT_EQ(eight.back(), "m7");
  const std::string tail = "\n---\n";
  const std::string head = "---\nbase_model: a\nx: ";
  const size_t room = kMaxCardBytes - head.size() - tail.size();
  EXPECT_EQ(BaseModelsOf(head + std::string(room, 'x') + tail), Names{"a"});
  EXPECT_TRUE(BaseModelsOf(head + std::string(room + 2, 'x') + tail).empty());
  EXPECT_EQ(BaseModelsOf(Card("base_model: a") + std::string(1 << 20, 'x')),
            Names{"a"});
  // Aliases are not followed: this would be a list of 10^9.
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char name = 'b'; name < 'j'; ++name) {
    bomb += std::string(1, name) + ": &" + name + " [";
    for (int i = 0; i < 10; ++i) {
      bomb += std::string(i ? "," : "") + "*" + static_cast<char>(name - 1);
    }
    bomb += "]\n";
  }
  EXPECT_EQ(BaseModelsOf(Card(bomb + "base_model: q")), Names{"q"});
  std::string many = "base_model: a\nx: [";
  for (int i = 0; i < 21'000; ++i) many += "1,";
  EXPECT_TRUE(BaseModelsOf(Card(many + "1]")).empty());
}

class CardHintsTest : public testing::Test {
 protected:
  uint64_t Repository(const std::string& space, const std::string& name,
                      bool is_private = true) {
    return RepositoryOf(store_.get(), space, name, is_private);
  }
  void Add(uint64_t repository, const std::string& bytes) {
    const Status uploaded = Upload(store_.get(), repository, bytes);
    ASSERT_TRUE(uploaded.ok()) << uploaded.error().message;
  }
  // A commit that has README.md and nothing else.
  void SetCard(uint64_t repository, const std::string& card) {
    store::Repositories& repositories = store_->repositories();
    const ByteSpan bytes = AsBytes(card);
    std::vector<store::GitObject> objects;
    objects.push_back(
        {.type = store::GitType::kBlob, .bytes = {bytes.begin(), bytes.end()}});
    const store::TreeEntry entry = {.name = "README.md",
                                    .id = IdOf(objects.back())};
    objects.push_back(store::FormatTree({&entry, 1}));
    const auto before = *repositories.FindRef(repository, store::kMainBranch);
    store::GitCommit commit = {.tree = IdOf(objects.back()),
                               .parents = {},
                               .author = "me",
                               .email = "me@localhost",
                               .seconds = 1,
                               .message = "card\n"};
    if (before) commit.parents.push_back(*before);
    objects.push_back(store::FormatCommit(commit));
    const store::RefChange change = {store::kMainBranch, before,
                                     IdOf(objects.back())};
    const Status done = repositories.Commit(repository, objects, {&change, 1});
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  void Compact() {
    CompactionReport report;
    const Status done = Compactor(store_.get(), {}).Run(nullptr, &report);
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_TRUE(report.failures.empty());
  }
  std::vector<Digest> Hints(const std::string& bytes) {
    const auto hints = FindCardHints(store_->repositories(), DigestOf(bytes));
    EXPECT_TRUE(hints.ok());
    return *hints;
  }

  std::unique_ptr<store::Storage> storage_ = store::MakeMemoryStorage();
  std::unique_ptr<store::Store> store_ = store::OpenStore(storage_.get());
};

// Its base is public, and behind more others than are tried.
TEST_F(CardHintsTest, FindWhatIsNotTriedOtherwise) {
  for (const bool has_card : {false, true}) {
    SCOPED_TRACE(has_card);
    store_.reset();
    storage_ = store::MakeMemoryStorage();
    store_ = store::OpenStore(storage_.get());
    Add(Repository("lab", "base", /*is_private=*/false), ModelFile(1, 0));
    Compact();
    for (uint64_t i = 0; i < 10; ++i) {
      Add(Repository("others", "m" + std::to_string(i), false),
          ModelFile(2, i));
    }
    Compact();
    const uint64_t tuned = Repository("me", "tuned");
    Add(tuned, ModelFile(1, 1));
    // After the weights, before they are packed.
    if (has_card) SetCard(tuned, Card("base_model: lab/base"));
    Compact();
    EXPECT_EQ(DepthsOf(store_.get(), ModelFile(1, 1)),
              std::set<unsigned>{has_card ? 1U : 0U});
    ExpectStored(store_.get(), ModelFile(1, 1));
  }
}

TEST_F(CardHintsTest, AreWhatReadersMayRead) {
  const std::string base = ModelFile(1, 0);
  const std::string tuned = ModelFile(1, 1);
  struct Case {
    const char* card;
    const char* space;  // of the base
    bool base_is_private;
    bool is_private;
    bool found;
  };
  for (const Case& one : std::vector<Case>{
           {"base_model: lab/base", "lab", false, false, true},
           {"base_model: lab/base", "lab", false, true, true},
           {"base_model: lab/base", "lab", true, false, false},
           {"base_model: lab/base", "lab", true, true, false},
           {"base_model: me/base", "me", true, true, true},
           {"base_model: me/base", "me", true, false, false},
           {"base_model: base", "me", true, true, true},
           {"base_model: base", "lab", false, false, false},
           {"base_model: [none, you/none, lab/base]", "lab", false, true, true},
           {"base_model: lab/base\nx: [", "lab", false, true, false},
           {"x: lab/base", "lab", false, true, false}}) {
    SCOPED_TRACE(std::string(one.card) + " " + one.space +
                 (one.base_is_private ? " b" : "") +
                 (one.is_private ? " p" : ""));
    store_.reset();
    storage_ = store::MakeMemoryStorage();
    store_ = store::OpenStore(storage_.get());
    Add(Repository(one.space, "base", one.base_is_private), base);
    const uint64_t repository = Repository("me", "tuned", one.is_private);
    Add(repository, tuned);
    SetCard(repository, Card(one.card));
    EXPECT_EQ(Hints(tuned),
              one.found ? std::vector{DigestOf(base)} : std::vector<Digest>());
    EXPECT_TRUE(Hints(base).empty());
    // Whatever it says, bases are what all readers may read.
    Compact();
    const bool may_need = !one.base_is_private ||
                          (one.is_private && one.space == std::string("me"));
    EXPECT_EQ(DepthsOf(store_.get(), tuned),
              std::set<unsigned>{may_need ? 1U : 0U});
    ExpectStored(store_.get(), tuned);
  }
}

// A private base that another repository has in public is as public as that.
TEST_F(CardHintsTest, ALieNamesNobodysSecret) {
  const uint64_t secret = Repository("lab", "secret");
  Add(secret, ModelFile(1, 0));
  Compact();
  const uint64_t mine = Repository("me", "tuned");
  Add(mine, ModelFile(1, 1));
  SetCard(mine, Card("base_model: lab/secret"));
  EXPECT_TRUE(Hints(ModelFile(1, 1)).empty());
  Compact();
  EXPECT_EQ(DepthsOf(store_.get(), ModelFile(1, 1)), std::set<unsigned>{0});
}

TEST_F(CardHintsTest, CardsOfAllRepositoriesCount) {
  const std::string tuned = ModelFile(1, 1);
  Add(Repository("lab", "a", false), ModelFile(2, 0));
  Add(Repository("lab", "b", false), ModelFile(3, 0));
  const uint64_t one = Repository("me", "one");
  const uint64_t two = Repository("me", "two");
  Add(Repository("me", "without"), tuned);
  Add(one, tuned);
  Add(two, tuned);
  SetCard(one, Card("base_model: lab/b"));
  SetCard(two, Card("base_model: [lab/a, lab/b, lab/a]"));
  EXPECT_EQ(Hints(tuned), (std::vector{DigestOf(ModelFile(3, 0)),
                                       DigestOf(ModelFile(2, 0))}));
  // The last card counts, and one that is a pointer of git-lfs is none.
  SetCard(one, Card("license: mit"));
  SetCard(two, "version https://git-lfs.github.com/spec/v1\n");
  EXPECT_TRUE(Hints(tuned).empty());
  EXPECT_TRUE(Hints("nobody's").empty());
  // It is no base of its own.
  SetCard(one, Card("base_model: two"));
  EXPECT_TRUE(Hints(tuned).empty());
}

TEST_F(CardHintsTest, AreNotWithoutEnd) {
  const uint64_t base = Repository("lab", "base", false);
  for (uint64_t i = 0; i < 300; ++i) Add(base, std::to_string(i));
  const uint64_t mine = Repository("me", "tuned");
  Add(mine, "tuned");
  SetCard(mine, Card("base_model: lab/base"));
  EXPECT_EQ(Hints("tuned").size(), 256);
}

}  // namespace
}  // namespace ingot::ingest
