#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/auth/access.h"
#include "daemon/auth/credentials.h"

namespace ingot::auth {
namespace {

TEST(CredentialsTest, BearerAndBasicCarrySecrets) {
  for (const auto& [header, secret] :
       {std::pair<std::string_view, std::string_view>{"Bearer abc", "abc"},
        {"bearer   abc", "abc"},
        {"Basic dTpw", "p"},
        {"BASIC dTpw", "p"},
        {"Basic OnB3", "pw"},
        {"Basic dXNlcjpwYTpzcw==", "pa:ss"},
        {"Basic dXNlcjo=", ""}}) {
    const auto found = SecretOf(header);
    ASSERT_TRUE(found.ok()) << header;
    EXPECT_EQ(*found, secret) << header;
  }
}

TEST(CredentialsTest, OthersAreRefused) {
  for (const std::string& header :
       {std::string(""), std::string("Bearer"), std::string("Bearer "),
        std::string("Digest x"), std::string("Basic"), std::string("Basic x"),
        std::string("Basic dXNlcg=="), std::string("Basic ===="),
        std::string("Basic dTpw="), std::string("Basic dT=w"),
        std::string("Basic d\xFFpw"), "Bearer " + std::string(2'000, 'x'),
        "Basic " + std::string(2'000, 'A')}) {
    const auto found = SecretOf(header);
    ASSERT_FALSE(found.ok()) << header;
    EXPECT_EQ(found.error().kind, ErrorKind::kPermissionDenied);
  }
}

TEST(AccessTest, RightsIncludeOthersAndHaveBounds) {
  const Principal nobody;
  EXPECT_TRUE(MayAccess(nobody, Right::kRead, "ns", "a", true));
  EXPECT_FALSE(MayAccess(nobody, Right::kRead, "ns", "a", false));
  EXPECT_FALSE(MayAccess(nobody, Right::kWrite, "ns", "a", true));
  const Principal writer = {.token = 1, .right = Right::kWrite};
  EXPECT_TRUE(MayAccess(writer, Right::kRead, "ns", "a", false));
  EXPECT_TRUE(MayAccess(writer, Right::kWrite, "", "a", false));
  EXPECT_FALSE(MayAccess(writer, Right::kAdmin, "ns", "a", true));
  const Principal of_space = {
      .token = 2, .right = Right::kAdmin, .space = "ns"};
  EXPECT_TRUE(MayAccess(of_space, Right::kAdmin, "ns", "b", false));
  EXPECT_FALSE(MayAccess(of_space, Right::kRead, "other", "b", false));
  EXPECT_FALSE(MayAccess(of_space, Right::kRead, "", "ns", false));
  const Principal of_one = {
      .token = 3, .right = Right::kAdmin, .space = "ns", .repository = "a"};
  EXPECT_TRUE(MayAccess(of_one, Right::kWrite, "ns", "a", false));
  EXPECT_FALSE(MayAccess(of_one, Right::kRead, "ns", "ab", false));
  EXPECT_TRUE(MayAdminister({.token = 4, .right = Right::kAdmin}));
  for (const Principal& who : {nobody, writer, of_space, of_one}) {
    EXPECT_FALSE(MayAdminister(who));
  }
}

}  // namespace
}  // namespace ingot::auth
