// git-lfs's locks over HTTP: what its specification asks for, and who may do
// what. That git-lfs itself is content is git_lfs_test.cc's.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/daemon/api/api_server.h"
#include "tests/daemon/http/raw_client.h"

namespace ingot::api {
namespace {

using http::Ask;
using http::RawResponse;
using http::Simple;

class LfsLockTest : public ApiServer {
 protected:
  std::string NamedToken(store::TokenScope scope, const std::string& name,
                         const std::string& space = "") {
    const auto secret = store_->tokens().Create(
        {.name = name, .secret = {}, .scope = scope, .space = space});
    EXPECT_TRUE(secret.ok());
    return "Authorization: Bearer " + *secret + "\r\n";
  }
  RawResponse Post(const std::string& what, const json& body,
                   const std::string& headers = "",
                   const std::string& name = "me/model") {
    return Send("POST /" + name + ".git/info/lfs/locks" + what, headers,
                body.dump());
  }
  RawResponse Lock(const std::string& path, const std::string& headers = "",
                   const std::string& name = "me/model") {
    return Post("", {{"path", path}, {"ref", {{"name", "refs/heads/main"}}}},
                headers, name);
  }
  RawResponse Unlock(const json& id, const std::string& headers = "",
                     bool force = false) {
    return Post("/" + id.get<std::string>() + "/unlock", {{"force", force}},
                headers);
  }
  RawResponse List(const std::string& query = "",
                   const std::string& headers = "",
                   const std::string& name = "me/model") {
    return Ask(server_->port(),
               Simple("GET /" + name + ".git/info/lfs/locks" + query, headers));
  }
  static std::vector<std::string> Paths(const json& locks) {
    std::vector<std::string> paths;
    for (const json& lock : locks) paths.push_back(lock["path"]);
    return paths;
  }
};

TEST_F(LfsLockTest, AreMadeListedAndEnded) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  EXPECT_EQ(json::parse(List().body), (json{{"locks", json::array()}}));
  const RawResponse made = Lock("w/model.bin");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_NE(made.head.find("application/vnd.git-lfs+json"), std::string::npos);
  const json lock = json::parse(made.body)["lock"];
  EXPECT_EQ(lock["path"], "w/model.bin");
  EXPECT_EQ(lock["owner"]["name"], "local");
  EXPECT_EQ(lock["locked_at"], "2023-11-14T22:13:20.000Z");
  const RawResponse again = Lock("./w//model.bin");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(json::parse(again.body)["lock"], lock);
  EXPECT_EQ(json::parse(again.body)["message"], "already created lock");
  const std::string id = lock["id"];
  const json all = {{"locks", {lock}}};
  const json none = {{"locks", json::array()}};
  EXPECT_EQ(json::parse(List("?limit=100&refspec=refs%2Fheads%2Fx").body), all);
  EXPECT_EQ(json::parse(List("?path=w%2Fmodel.bin").body), all);
  EXPECT_EQ(json::parse(List("?path=/w/model.bin").body), all);
  EXPECT_EQ(json::parse(List("?id=" + id).body), all);
  EXPECT_EQ(json::parse(List("?id=" + id + "&path=w/model.bin").body), all);
  EXPECT_EQ(json::parse(List("?path=w").body), none);
  EXPECT_EQ(json::parse(List("?id=99").body), none);
  EXPECT_EQ(json::parse(List("?id=x").body), none);
  EXPECT_EQ(json::parse(List("?id=99&path=w/model.bin").body), none);
  EXPECT_EQ(json::parse(Post("/verify", json::object()).body),
            (json{{"ours", {lock}}, {"theirs", json::array()}}));
  const RawResponse ended = Unlock(id);
  EXPECT_EQ(ended.status, 200);
  EXPECT_EQ(json::parse(ended.body)["lock"], lock);
  EXPECT_EQ(Unlock(id).status, 404);
  EXPECT_EQ(json::parse(List().body), none);
  EXPECT_EQ(Lock("w/model.bin").status, 201);
}

TEST_F(LfsLockTest, WhoMayDoWhat) {
  ASSERT_EQ(Create("me/model", "", /*is_private=*/false).status, 200);
  ASSERT_EQ(Create("me/secret", "").status, 200);
  const std::string reader = Token(store::TokenScope::kRead, "me");
  const std::string one = NamedToken(store::TokenScope::kWrite, "one", "me");
  const std::string two = Token(store::TokenScope::kWrite, "me");
  const std::string admin = Token(store::TokenScope::kAdmin, "me");
  const std::string stranger = Token(store::TokenScope::kAdmin, "you");

  // Locks are made by who may write; everyone may see whose they are.
  EXPECT_EQ(Lock("a").status, 401);
  EXPECT_EQ(Lock("a", reader).status, 403);
  EXPECT_EQ(Lock("a", stranger).status, 403);
  const json lock = json::parse(Lock("a", one).body)["lock"];
  const json other = json::parse(Lock("b", two).body)["lock"];
  EXPECT_EQ(lock["owner"]["name"], "one");
  EXPECT_EQ(other["owner"]["name"], "token-3");
  for (const std::string& headers : {std::string(), stranger, reader}) {
    EXPECT_EQ(json::parse(List("", headers).body)["locks"],
              (json{lock, other}));
    EXPECT_EQ(Post("/verify", json::object(), headers).status,
              headers.empty() ? 401 : 403);
    EXPECT_EQ(Unlock(lock["id"], headers, true).status,
              headers.empty() ? 401 : 403);
  }
  EXPECT_NE(Lock("a").head.find("LFS-Authenticate: Basic"), std::string::npos);
  EXPECT_EQ(json::parse(Post("/verify", json::object(), two).body),
            (json{{"ours", {other}}, {"theirs", {lock}}}));

  // Hidden and missing: the same.
  EXPECT_EQ(Lock("a", one, "me/secret").status, 201);
  for (const std::string& headers : {std::string(), stranger}) {
    const RawResponse hidden = List("", headers, "me/secret");
    const RawResponse missing = List("", headers, "me/missing");
    EXPECT_EQ(hidden.status, headers.empty() ? 401 : 404);
    EXPECT_EQ(hidden.status, missing.status);
    EXPECT_EQ(hidden.body, missing.body);
    EXPECT_EQ(Lock("b", headers, "me/secret").status, hidden.status);
  }

  // Another's lock is ended by its owner, or by force of an administrator.
  EXPECT_EQ(Unlock(lock["id"], two).status, 403);
  EXPECT_EQ(Unlock(lock["id"], two, true).status, 403);
  EXPECT_EQ(Unlock(lock["id"], admin).status, 403);
  EXPECT_EQ(json::parse(List().body)["locks"].size(), 2);
  EXPECT_EQ(Unlock(lock["id"], admin, true).status, 200);
  EXPECT_EQ(Unlock(other["id"], two).status, 200);
  EXPECT_EQ(json::parse(List().body)["locks"].size(), 0);
  // One of another repository is not to be found here.
  const json secret = json::parse(List("", one, "me/secret").body)["locks"][0];
  EXPECT_EQ(Unlock(secret["id"], one).status, 404);
  EXPECT_EQ(Unlock(secret["id"], admin, true).status, 404);
}

// The name stays, and nobody else becomes its owner.
TEST_F(LfsLockTest, OutliveTheirTokens) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  const json local = json::parse(Lock("local").body)["lock"];
  const std::string one = NamedToken(store::TokenScope::kWrite, "one");
  const std::string two = NamedToken(store::TokenScope::kAdmin, "one");
  const json lock = json::parse(Lock("a", one).body)["lock"];
  const uint64_t number = store_->tokens().List()->front().number;
  ASSERT_TRUE(store_->tokens().Revoke(number).ok());
  EXPECT_EQ(Unlock(lock["id"], one).status, 401);
  const json verified = json::parse(Post("/verify", json::object(), two).body);
  EXPECT_EQ(verified["ours"], json::array());
  EXPECT_EQ(verified["theirs"], (json{local, lock}));
  EXPECT_EQ(Unlock(lock["id"], two, true).status, 200);
  EXPECT_EQ(Unlock(local["id"], two, true).status, 200);
}

TEST_F(LfsLockTest, AreListedInPages) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  std::vector<std::string> paths;
  for (int i = 0; i < 105; ++i) {
    paths.push_back("f" + std::to_string(1000 - i));
    ASSERT_EQ(Lock(paths.back()).status, 201);
  }
  const json first = json::parse(List().body);
  EXPECT_EQ(first["locks"].size(), 100);
  const std::string cursor = first["next_cursor"];
  const json second = json::parse(List("?cursor=" + cursor).body);
  EXPECT_EQ(second["locks"].size(), 5);
  EXPECT_FALSE(second.contains("next_cursor"));
  // All are seen once, by small pages as by large ones.
  for (const uint64_t limit : {7u, 105u, 5000u}) {
    std::vector<std::string> listed;
    std::vector<std::string> verified;
    json page = {{"next_cursor", ""}};
    while (page.contains("next_cursor")) {
      page = json::parse(List("?limit=" + std::to_string(limit) + "&cursor=" +
                              page["next_cursor"].get<std::string>())
                             .body);
      for (const std::string& path : Paths(page["locks"])) {
        listed.push_back(path);
      }
    }
    page = {{"next_cursor", ""}};
    while (page.contains("next_cursor")) {
      const json body = {{"limit", limit}, {"cursor", page["next_cursor"]}};
      page = json::parse(Post("/verify", body).body);
      for (const std::string& path : Paths(page["ours"])) {
        verified.push_back(path);
      }
      EXPECT_TRUE(page["theirs"].empty());
    }
    EXPECT_EQ(listed, paths);
    EXPECT_EQ(verified, paths);
  }
  EXPECT_EQ(json::parse(List("?limit=0").body)["locks"].size(), 1);
  for (const char* const bad : {"?cursor=x", "?cursor=-1", "?limit=x",
                                "?limit=-1", "?cursor=99999999999999999999"}) {
    EXPECT_EQ(List(bad).status, 422) << bad;
  }
  EXPECT_EQ(Post("/verify", {{"cursor", "x"}}).status, 422);
}

TEST_F(LfsLockTest, WhatIsNoLockIsRefused) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  const std::string line = "POST /me/model.git/info/lfs/locks";
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string("{}"),
        std::string(R"({"path": 1})"), std::string(R"({"path": "/"})"),
        std::string(R"({"path": "../a"})"), std::string(R"({"path": "a/.."})"),
        std::string(R"({"path": ".git/config"})"),
        std::string(R"({"path": "a\\b"})"), std::string(R"({"path": "a\nb"})"),
        std::string(R"({"path": "a\u0000b"})"),
        R"({"path": ")" + std::string(1025, 'a') + R"("})",
        std::string(100'000, '[')}) {
    EXPECT_EQ(Send(line, "", body).status, 422) << body.substr(0, 50);
  }
  EXPECT_EQ(Send(line, "", std::string(5 << 20, ' ')).status, 413);
  for (const char* const id : {"x", "0", "-1", "18446744073709551616"}) {
    EXPECT_EQ(Unlock(id, "", true).status, 404) << id;
  }
  EXPECT_EQ(Lock("a", "", "me/missing").status, 404);
  EXPECT_EQ(Send("POST /me/model/info/lfs/locks", "", "{}").status, 404);
  storage_.Fail(storage_.operations(), UINT64_MAX, ErrorKind::kIo);
  EXPECT_EQ(Lock("a").status, 500);
  storage_.Heal();
  EXPECT_EQ(Lock("a").status, 201);
}

TEST_F(LfsLockTest, GoWithTheirRepositoryAndStayWithItsName) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  ASSERT_EQ(Lock("a").status, 201);
  ASSERT_EQ(Send("POST /api/repos/move", "",
                 json{{"fromRepo", "me/model"}, {"toRepo", "me/other"}}.dump())
                .status,
            200);
  EXPECT_EQ(List().status, 404);
  EXPECT_EQ(json::parse(List("", "", "me/other").body)["locks"].size(), 1);
  ASSERT_EQ(
      Send("DELETE /api/repos/delete", "", json{{"name", "me/other"}}.dump())
          .status,
      200);
  ASSERT_EQ(Create("me/other", "").status, 200);
  EXPECT_EQ(json::parse(List("", "", "me/other").body)["locks"].size(), 0);
}

}  // namespace
}  // namespace ingot::api
