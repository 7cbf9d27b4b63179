// The git-lfs face: what its specification asks for, and who may have what.
// That git-lfs itself is content is git_lfs_test.cc's.

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/daemon/api/api_server.h"
#include "tests/daemon/http/raw_client.h"

namespace ingot::api {
namespace {

using http::Ask;
using http::RawClient;
using http::RawResponse;

class LfsTest : public ApiServer {};

TEST_F(LfsTest, UploadsAndDownloads) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  EXPECT_EQ(Create("me/model", "").status, 409);
  const RawResponse batch = Batch("me/model", "upload", objects_);
  ASSERT_EQ(batch.status, 200) << batch.body;
  const json answer = json::parse(batch.body);
  EXPECT_EQ(answer["transfer"], "basic");
  const std::string url =
      "http://localhost/me/model.git/info/lfs/objects/" + oid_;
  const std::string href = answer["objects"][0]["actions"]["upload"]["href"];
  EXPECT_TRUE(href.starts_with(url + "?size=300004&expires=")) << href;
  EXPECT_EQ(Batch("me/model", "download", objects_).body.find("actions"),
            std::string::npos);
  EXPECT_EQ(Get("me/model", oid_).status, 404);
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  // Nothing to be done.
  EXPECT_EQ(
      json::parse(Batch("me/model", "upload", objects_).body)["objects"][0],
      objects_[0]);
  EXPECT_EQ(json::parse(Batch("me/model", "download", objects_)
                            .body)["objects"][0]["actions"]["download"]["href"],
            url);
  const RawResponse whole = Get("me/model", oid_);
  EXPECT_EQ(whole.status, 200);
  EXPECT_TRUE(whole.body == body_);
  EXPECT_NE(whole.head.find("ETag: \"" + oid_ + "\""), std::string::npos);
  const std::string verify = "POST /me/model.git/info/lfs/objects/verify";
  EXPECT_EQ(Send(verify, "", objects_[0].dump()).status, 200);
  EXPECT_EQ(Send(verify, "", json{{"oid", oid_}, {"size", 1}}.dump()).status,
            404);
}

// What is damaged is asked for again, never sent, and the next upload heals it.
TEST_F(LfsTest, DamagedFilesAreSentAgain) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  const auto staged = store_->staging().List();
  ASSERT_EQ(staged->size(), 1);
  ASSERT_TRUE(store_->staging().SetDamaged(staged->front().number).ok());
  const auto actions = [&] {
    return json::parse(Batch("me/model", "upload", objects_).body)["objects"][0]
        .value("actions", json::object());
  };
  EXPECT_TRUE(actions().contains("upload"));
  EXPECT_EQ(Get("me/model", oid_).status, 500);
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  EXPECT_FALSE(actions().contains("upload"));
  EXPECT_TRUE(Get("me/model", oid_).body == body_);
}

// Whoever is told that a file is there may count on it for a while.
TEST_F(LfsTest, WhatNeedNotBeSentIsHeld) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  const store::Repositories& repositories = store_->repositories();
  const uint64_t number =
      (*repositories.Find({store::RepositoryKind::kModel, "me", "model"}))
          ->number;
  const Digest file = HashBytes(AsBytes(body_));
  const uint64_t first = **repositories.GrantedAt(number, file);
  time_ += 59 * 60 * 1000;
  Batch("me/model", "upload", objects_);
  EXPECT_EQ(**repositories.GrantedAt(number, file), first);
  time_ += 2 * 60 * 1000;
  Batch("me/model", "download", objects_);
  EXPECT_EQ(**repositories.GrantedAt(number, file), first);
  Batch("me/model", "upload", objects_);
  EXPECT_EQ(**repositories.GrantedAt(number, file), time_);
}

TEST_F(LfsTest, DownloadsInParts) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  const auto get = [&](const std::string& headers) {
    return Get("me/model", oid_, headers);
  };
  const RawResponse part = get("Range: bytes=299998-300001\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "mmod");
  EXPECT_NE(part.head.find("Content-Range: bytes 299998-300001/300004\r\n"),
            std::string::npos);
  EXPECT_EQ(get("Range: bytes=-2\r\n").body, "el");
  const RawResponse beyond = get("Range: bytes=300004-\r\n");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_NE(beyond.head.find("Content-Range: bytes */300004\r\n"),
            std::string::npos);
  const RawResponse parts = get("Range: bytes=0-1,300000-300001\r\n");
  EXPECT_EQ(parts.status, 206);
  EXPECT_NE(parts.head.find("multipart/byteranges"), std::string::npos);
  EXPECT_NE(parts.body.find("bytes 0-1/300004\r\n\r\nmm\r\n--"),
            std::string::npos);
  EXPECT_NE(parts.body.find("bytes 300000-300001/300004\r\n\r\nod\r\n--"),
            std::string::npos);
  EXPECT_TRUE(parts.body.ends_with("--\r\n"));
  EXPECT_EQ(get("Range: bytes=x\r\n").status, 200);
  EXPECT_EQ(get("Range: bytes=0-1\r\nIf-Range: \"other\"\r\n").status, 200);
  EXPECT_EQ(get("Range: bytes=0-1\r\nIf-Range: \"" + oid_ + "\"\r\n").status,
            206);
  RawClient client(server_->port());
  const std::string line = "GET /me/model.git/info/lfs/objects/" + oid_;
  client.Send(http::Simple(line, "If-None-Match: W/\"" + oid_ + "\"\r\n"));
  EXPECT_EQ(client.Receive(/*is_head=*/true).status, 304);
  client.Send(http::Simple(line, "If-None-Match: \"x\"\r\n"));
  EXPECT_EQ(client.Receive().status, 200);
  client.Send(http::Simple("HEAD " + line.substr(4)));
  const RawResponse head = client.Receive(/*is_head=*/true);
  EXPECT_NE(head.head.find("Content-Length: 300004\r\n"), std::string::npos);
}

// An OID is no permission, and what must not be seen looks like nothing.
TEST_F(LfsTest, WhoMayHaveWhat) {
  ASSERT_EQ(Create("me/secret", "").status, 200);
  ASSERT_EQ(Create("me/open", "", /*is_private=*/false).status, 200);
  ASSERT_EQ(Create("you/other", "").status, 200);
  ASSERT_EQ(Put("me/secret", oid_, body_).status, 200);
  const std::string reader = Token(store::TokenScope::kRead, "me");
  const std::string writer = Token(store::TokenScope::kWrite, "me");
  const std::string stranger = Token(store::TokenScope::kAdmin, "you");

  EXPECT_EQ(Get("me/secret", oid_, reader).status, 200);
  EXPECT_EQ(Put("me/secret", oid_, body_, reader).status, 403);
  EXPECT_EQ(Put("me/secret", oid_, body_, writer).status, 200);
  // Missing or hidden: the same to whoever may not see it.
  for (const std::string& headers : {std::string(), stranger}) {
    const RawResponse hidden = Get("me/secret", oid_, headers);
    const RawResponse missing = Get("me/missing", oid_, headers);
    EXPECT_EQ(hidden.status, headers.empty() ? 401 : 404);
    EXPECT_EQ(hidden.status, missing.status);
    EXPECT_EQ(hidden.body, missing.body);
    EXPECT_EQ(Put("me/secret", oid_, body_, headers).status, hidden.status);
    EXPECT_EQ(Batch("me/secret", "download", objects_, headers).status,
              hidden.status);
  }
  EXPECT_NE(Get("me/secret", oid_).head.find("LFS-Authenticate: Basic"),
            std::string::npos);
  // Others have to upload it themselves, and are not told that it is there.
  EXPECT_EQ(Get("you/other", oid_, stranger).status, 404);
  EXPECT_NE(Batch("you/other", "upload", objects_, stranger).body.find("href"),
            std::string::npos);
  EXPECT_EQ(Get("me/open", oid_).status, 404);
  EXPECT_EQ(Put("me/open", oid_, body_).status, 401);
  EXPECT_EQ(Put("you/other", oid_, body_, stranger).status, 200);
  EXPECT_EQ(Get("you/other", oid_, stranger).status, 200);
  EXPECT_EQ(store_->staging().List()->size(), 1) << "kept once";
  // Repositories are made by who may write there.
  EXPECT_EQ(Create("me/new", "").status, 401);
  EXPECT_EQ(Create("me/new", reader).status, 403);
  EXPECT_EQ(Create("you/new", writer).status, 403);
  EXPECT_EQ(Create("me/new", writer).status, 200);
  EXPECT_EQ(Create("me/../x", writer).status, 400);
}

// While there is no token, what a browser sends for a page of somebody else's
// is not taken for the user's wish.
TEST_F(LfsTest, PagesInBrowsersAreNobody) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  EXPECT_EQ(Create("me/other", "Origin: http://evil.example\r\n").status, 401);
  EXPECT_EQ(Put("me/model", oid_, body_, "Origin: null\r\n").status, 401);
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  const std::string line = "GET /me/model.git/info/lfs/objects/" + oid_;
  for (const auto& [host, status] :
       {std::pair<std::string, unsigned>{"localhost", 200},
        {"localhost:7878", 200},
        {"127.0.0.1:7878", 200},
        {"[::1]:7878", 200},
        {"[::1]", 200},
        {"evil.example", 401},
        {"evil.example:7878", 401},
        {"localhost.evil.example", 401},
        {"127.evil.example", 401},
        {"[::2]", 401},
        {"[", 400},
        {"", 401}}) {
    EXPECT_EQ(
        Ask(server_->port(), line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
            .status,
        status)
        << host;
  }
}

TEST_F(LfsTest, LiesAreFound) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  const std::string other = OidOf("other");
  EXPECT_EQ(Put("me/model", other, body_).status, 422);
  EXPECT_EQ(Get("me/model", other).status, 404);
  for (const std::string& oid : {std::string("x"), oid_.substr(1), oid_ + "0",
                                 std::string(64, 'g'), std::string(64, 'A')}) {
    EXPECT_EQ(Put("me/model", oid, body_).status, 422) << oid;
    EXPECT_EQ(Get("me/model", oid).status, 404) << oid;
  }
  // A body that ends early is no upload.
  RawClient cut(server_->port());
  cut.Send(http::Simple("PUT /me/model.git/info/lfs/objects/" + oid_,
                        "Content-Length: 300004\r\n") +
           body_.substr(0, 1000));
  cut.EndSending();
  (void)cut.Receive();
  EXPECT_TRUE(store_->staging().List()->empty());
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  const json lie = {{{"oid", oid_}, {"size", 1}}};
  const json answer = json::parse(Batch("me/model", "download", lie).body);
  EXPECT_EQ(answer["objects"][0]["error"]["code"], 422);
}

TEST_F(LfsTest, BadBatchesAreRefused) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  const std::string line = "POST /me/model.git/info/lfs/objects/batch";
  for (const std::string& body :
       {std::string(""), std::string("[]"), std::string("{"), std::string("{}"),
        std::string(R"({"operation": "upload"})"),
        std::string(R"({"operation": "eat", "objects": []})"),
        std::string(
            R"({"operation": "upload", "objects": [], "hash_algo": "md5"})"),
        std::string(R"({"operation": 1, "objects": {}})"),
        std::string(100'000, '[')}) {
    EXPECT_EQ(Send(line, "", body).status, 422) << body.substr(0, 50);
  }
  json many = json::array();
  for (int i = 0; i < 1001; ++i) many.push_back(objects_[0]);
  EXPECT_EQ(Batch("me/model", "upload", many).status, 413);
  EXPECT_EQ(Send(line, "", std::string(5 << 20, ' ')).status, 413);
  for (const json& object :
       {json("x"), json(1), json::object(), json{{"oid", 1}, {"size", 1}},
        json{{"oid", oid_}}, json{{"oid", oid_}, {"size", -1}},
        json{{"oid", oid_}, {"size", "1"}}, json(nullptr)}) {
    const json answer =
        json::parse(Batch("me/model", "upload", json::array({object})).body);
    EXPECT_EQ(answer["objects"][0]["error"]["code"], 422) << object;
  }
  EXPECT_EQ(Batch("me/missing", "upload", objects_).status, 404);
  EXPECT_EQ(Send("POST /me/model/info/lfs/objects/batch", "", "{}").status,
            422);
}

TEST_F(LfsTest, FullDisksAreSaid) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  storage_.SetFreeBytes(0);
  EXPECT_EQ(Put("me/model", oid_, body_).status, 507);
  storage_.SetFreeBytes(UINT64_MAX);
  storage_.Fail(storage_.operations(), UINT64_MAX, ErrorKind::kIo);
  EXPECT_GE(Put("me/model", oid_, body_).status, 500);
  storage_.Heal();
  EXPECT_EQ(Get("me/model", oid_).status, 404);
  EXPECT_EQ(Put("me/model", oid_, body_).status, 200);
  EXPECT_TRUE(Get("me/model", oid_).body == body_);
}

TEST_F(LfsTest, DeletedRepositoriesAreGone) {
  ASSERT_EQ(Create("me/model", "").status, 200);
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  const std::string body = json{{"name", "me/model"}}.dump();
  EXPECT_EQ(Send("DELETE /api/repos/delete", "", body).status, 200);
  EXPECT_EQ(Send("DELETE /api/repos/delete", "", body).status, 404);
  EXPECT_EQ(Get("me/model", oid_).status, 404);
  ASSERT_EQ(Create("me/model", "").status, 200);
  EXPECT_EQ(Get("me/model", oid_).status, 404);
}

}  // namespace
}  // namespace ingot::api
