#include "daemon/store/tokens.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "daemon/store/store.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/store_samples.h"

namespace ingot::store {
namespace {

class TokensTest : public testing::Test {
 protected:
  void Reopen() {
    store_.reset();
    StoreOptions options;
    options.journal.clock = [this] { return now_; };
    store_ = OpenStore(storage_.get(), options);
  }
  void SetUp() override { Reopen(); }
  Tokens& tokens() { return store_->tokens(); }

  uint64_t now_ = 1'000;
  std::unique_ptr<Storage> storage_ = MakeMemoryStorage();
  std::unique_ptr<Store> store_;
};

TEST_F(TokensTest, AreFoundByTheirSecretsAlone) {
  EXPECT_FALSE(*tokens().Any());
  const Token token = {.name = "ci",
                       .secret = {},
                       .scope = TokenScope::kWrite,
                       .space = "ns",
                       .repository = "a"};
  const std::string secret = *tokens().Create(token);
  EXPECT_EQ(secret.size(), 9 + 64);
  EXPECT_TRUE(secret.starts_with("hf_ingot_"));
  for (int round = 0; round < 2; ++round) {
    const auto found = tokens().Find(secret);
    ASSERT_TRUE(found.ok() && *found);
    EXPECT_EQ((*found)->token.name, "ci");
    EXPECT_EQ((*found)->token.scope, TokenScope::kWrite);
    EXPECT_EQ((*found)->token.space, "ns");
    EXPECT_EQ((*found)->token.repository, "a");
    for (const std::string& other :
         {std::string(), secret + "0", secret.substr(0, 69),
          secret.substr(0, 69) + (secret[69] == '0' ? "1" : "0")}) {
      EXPECT_EQ(*tokens().Find(other), std::nullopt);
    }
    EXPECT_TRUE(*tokens().Any());
    Reopen();
  }
}

// Whoever reads the store's files has no token.
TEST_F(TokensTest, SecretsAreNotKept) {
  const std::string secret = *tokens().Create({.name = "x", .secret = {}});
  store_.reset();
  const auto files = storage_->List(kJournalFolder);
  ASSERT_TRUE(files.ok());
  bool found_name = false;
  for (const StoredFile& file : *files) {
    const std::vector<std::byte> bytes = ReadAll(*storage_, file.key);
    const std::string_view text = AsText(bytes);
    EXPECT_EQ(text.find(secret), std::string_view::npos);
    EXPECT_EQ(text.find(secret.substr(6, 16)), std::string_view::npos);
    found_name |= text.find('x') != std::string_view::npos;
  }
  EXPECT_TRUE(found_name);
}

TEST_F(TokensTest, NoTwoAreAlike) {
  std::set<std::string> secrets;
  std::set<uint64_t> numbers;
  for (int i = 0; i < 100; ++i) {
    secrets.insert(*tokens().Create({.name = "", .secret = {}}));
  }
  const auto list = tokens().List();
  for (const TokenInfo& info : *list) numbers.insert(info.number);
  EXPECT_EQ(secrets.size(), 100);
  EXPECT_EQ(numbers.size(), 100);
}

TEST_F(TokensTest, End) {
  const std::string revoked = *tokens().Create({.name = "", .secret = {}});
  const std::string expiring =
      *tokens().Create({.name = "", .secret = {}, .expires = 5'000});
  EXPECT_EQ(tokens().Revoke(99).error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE(tokens().Revoke((*tokens().Find(revoked))->number).ok());
  EXPECT_EQ(*tokens().Find(revoked), std::nullopt);
  now_ = 4'999;
  EXPECT_TRUE(tokens().Find(expiring)->has_value());
  now_ = 5'000;
  EXPECT_EQ(*tokens().Find(expiring), std::nullopt);
  EXPECT_EQ(tokens().List()->size(), 1);
  // Once the journal has seen that time, another clock does not help.
  const std::string later = *tokens().Create({.name = "", .secret = {}});
  now_ = 10;
  Reopen();
  EXPECT_EQ(*tokens().Find(expiring), std::nullopt);
  EXPECT_EQ(*tokens().Find(revoked), std::nullopt);
  EXPECT_TRUE(tokens().Find(later)->has_value());
  // Numbers are not given twice.
  ASSERT_TRUE(tokens().Revoke((*tokens().Find(later))->number).ok());
  Reopen();
  const std::string next = *tokens().Create({.name = "", .secret = {}});
  EXPECT_EQ((*tokens().Find(next))->number, 4);
}

TEST_F(TokensTest, NamesHaveRules) {
  for (const Token& token :
       {Token{.name = "a b", .secret = {}},
        Token{.name = "", .secret = {}, .space = "a/b"},
        Token{.name = "", .secret = {}, .repository = ".."}}) {
    EXPECT_EQ(tokens().Create(token).error().kind, ErrorKind::kInvalidArgument);
  }
  EXPECT_FALSE(*tokens().Any());
}

}  // namespace
}  // namespace ingot::store
