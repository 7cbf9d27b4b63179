// The Hub's face: what its clients ask for, who may have what, and what does
// not get in. That the clients are content is hub_client_test.cc's.

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "daemon/store/git_commit.h"
#include "daemon/store/history.h"
#include "daemon/store/lfs_pointer.h"
#include "tests/daemon/api/api_server.h"

namespace ingot::api {
namespace {

using http::Ask;
using http::RawClient;
using http::RawResponse;

std::string Line(const std::string& key, const json& value) {
  return json{{"key", key}, {"value", value}}.dump() + "\n";
}
std::string Header(const json& more = json::object()) {
  json value = {{"summary", "Change"}};
  value.update(more);
  return Line("header", value);
}
std::string File(const std::string& path, const std::string& content) {
  return Line("file", {{"path", path}, {"content", content}});
}

class HubTest : public ApiServer {
 protected:
  HubTest() { EXPECT_EQ(Create("me/model", "").status, 200); }

  RawResponse Fetch(const std::string& target, const std::string& headers = "",
                    const std::string& method = "GET") {
    RawClient client(server_->port());
    client.Send(http::Simple(method + " " + target, headers));
    return client.Receive(method == "HEAD");
  }
  json FetchJson(const std::string& target) {
    const RawResponse response = Fetch(target);
    EXPECT_EQ(response.status, 200) << target << response.body;
    return json::parse(response.body, nullptr, false);
  }
  RawResponse Commit(const std::string& body, const std::string& headers = "",
                     const std::string& repository = "models/me/model",
                     const std::string& branch = "main") {
    return Send("POST /api/" + repository + "/commit/" + branch, headers, body);
  }
  // Which must succeed; the new commit's id.
  std::string MustCommit(const std::string& body) {
    const RawResponse response = Commit(body);
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body).value("commitOid", "");
  }
  std::string Head() { return FetchJson("/api/models/me/model")["sha"]; }
  std::vector<std::string> Paths(const std::string& query) {
    std::vector<std::string> paths;
    for (const json& one : FetchJson("/api/models/me/model/tree/" + query)) {
      paths.push_back(one["path"]);
    }
    return paths;
  }
  static std::string Field(const RawResponse& response,
                           const std::string& name) {
    const size_t at = response.head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 4;
    return response.head.substr(begin, response.head.find('\r', begin) - begin);
  }
  json LargeFile(const std::string& path) const {
    return {{"path", path}, {"algo", "sha256"}, {"oid", oid_}};
  }
};

TEST_F(HubTest, CommitsAndReads) {
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  const std::string first = Head();
  const std::string commit = MustCommit(
      Header({{"parentCommit", first}, {"description", "All of it"}}) +
      Line("file", {{"path", "config.json"},
                    {"content", "eyJhIjoxfQ=="},
                    {"encoding", "base64"}}) +
      Line("lfsFile", LargeFile("w/model.bin")) + File("empty", ""));
  EXPECT_EQ(Head(), commit);
  EXPECT_EQ(Paths("main"), (std::vector<std::string>{
                               ".gitattributes", "config.json", "empty", "w"}));
  EXPECT_EQ(Paths("main/w"), (std::vector<std::string>{"w/model.bin"}));
  EXPECT_EQ(Paths("main?recursive=true").size(), 5);
  // Small files have git's ids, large ones their SHA-256.
  const RawResponse small = Fetch("/me/model/resolve/main/config.json");
  EXPECT_EQ(small.body, "{\"a\":1}");
  EXPECT_EQ(Field(small, "X-Repo-Commit"), commit);
  const std::string blob = Field(small, "ETag");
  EXPECT_EQ(blob, "\"daa5053ecf5f9a37b2de733d0751cc1ab53ac010\"");
  const RawResponse large =
      Fetch("/me/model/resolve/" + commit + "/w/model.bin");
  EXPECT_TRUE(large.body == body_);
  EXPECT_EQ(Field(large, "X-Linked-Etag"), "\"" + oid_ + "\"");
  EXPECT_EQ(Field(large, "X-Linked-Size"), std::to_string(body_.size()));
  EXPECT_EQ(Field(large, "X-Content-Type-Options"), "nosniff");
  const RawResponse head =
      Fetch("/me/model/resolve/main/w%2Fmodel.bin", "", "HEAD");
  EXPECT_EQ(Field(head, "Content-Length"), std::to_string(body_.size()));
  const RawResponse part =
      Fetch("/me/model/resolve/main/w/model.bin", "Range: bytes=0-0\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(Field(part, "Content-Range"),
            "bytes 0-0/" + std::to_string(body_.size()));
  const RawResponse nothing =
      Fetch("/me/model/resolve/main/empty", "Range: bytes=0-0\r\n");
  EXPECT_EQ(nothing.status, 200);
  EXPECT_EQ(Field(nothing, "Content-Range"), "bytes */0");
  // What git has.
  const RawResponse pointer = Fetch("/me/model/raw/main/w/model.bin");
  EXPECT_EQ(store::ParsePointer(AsBytes(pointer.body)),
            (store::LfsPointer{*DigestOfHex(oid_), body_.size()}));
  // Files as lists have them.
  const json info = FetchJson("/api/models/me/model/revision/HEAD?blobs=true");
  EXPECT_EQ(info["siblings"][3]["rfilename"], "w/model.bin");
  EXPECT_EQ(info["siblings"][3]["lfs"]["sha256"], oid_);
  EXPECT_EQ(info["siblings"][3]["size"], body_.size());
  for (const auto& [type, body] :
       {std::pair<std::string, std::string>{
            "application/json",
            R"({"paths":["w/model.bin","none","w"],"expand":true})"},
        {"application/x-www-form-urlencoded",
         "paths=w%2Fmodel.bin&paths=none&paths=w&expand=True"}}) {
    const RawResponse answer = Send("POST /api/models/me/model/paths-info/main",
                                    "Content-Type: " + type + "\r\n", body);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const json entries = json::parse(answer.body);
    ASSERT_EQ(entries.size(), 2) << type;
    EXPECT_EQ(entries[0]["lfs"]["oid"], oid_);
    EXPECT_EQ(entries[0]["lastCommit"]["id"], commit);
    EXPECT_EQ(entries[1]["type"], "directory");
  }
  const json commits = FetchJson("/api/models/me/model/commits/main");
  ASSERT_EQ(commits.size(), 2);
  EXPECT_EQ(commits[0]["id"], commit);
  EXPECT_EQ(commits[0]["title"], "Change");
  EXPECT_EQ(commits[0]["message"], "All of it");
  EXPECT_EQ(commits[0]["authors"][0]["user"], "me");
  // Removed again; the first commit is as it was.
  MustCommit(Header() + Line("deletedFolder", {{"path", "w/"}}) +
             Line("deletedFile", {{"path", "empty"}}));
  EXPECT_EQ(Paths("main?recursive=1"),
            (std::vector<std::string>{".gitattributes", "config.json"}));
  EXPECT_EQ(Fetch("/me/model/resolve/main/w/model.bin").status, 404);
  EXPECT_EQ(Fetch("/me/model/resolve/" + commit + "/w/model.bin").status, 200);
}

TEST_F(HubTest, ErrorsHaveCodes) {
  const RawResponse file = Fetch("/me/model/resolve/main/none");
  EXPECT_EQ(file.status, 404);
  EXPECT_EQ(Field(file, "X-Error-Code"), "EntryNotFound");
  EXPECT_EQ(Field(file, "X-Repo-Commit"), Head());
  for (const char* const target :
       {"/me/model/resolve/none/x", "/api/models/me/model/tree/none",
        "/api/models/me/model/revision/none",
        "/api/models/me/model/commits/none"}) {
    const RawResponse revision = Fetch(target);
    EXPECT_EQ(revision.status, 404) << target;
    EXPECT_EQ(Field(revision, "X-Error-Code"), "RevisionNotFound") << target;
  }
  const RawResponse folder = Fetch("/api/models/me/model/tree/main/none");
  EXPECT_EQ(Field(folder, "X-Error-Code"), "EntryNotFound");
  const RawResponse repository = Fetch("/you/model/resolve/main/x");
  EXPECT_EQ(repository.status, 404);
  EXPECT_EQ(Field(repository, "X-Error-Code"), "RepoNotFound");
  const RawResponse xet = Fetch("/api/models/me/model/xet-write-token/main");
  EXPECT_EQ(xet.status, 501);
  EXPECT_NE(xet.body.find("HF_HUB_DISABLE_XET"), std::string::npos);
  // What is in a message does not get into headers as it is.
  const RawResponse bad =
      Commit(Header() + Line("deletedFile", {{"path", "a\r\nX-Evil: 1"}}));
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(Field(bad, "X-Evil"), "");
}

TEST_F(HubTest, PagesFollowEachOther) {
  std::string body = Header();
  std::set<std::string> expected = {".gitattributes"};
  for (int i = 0; i < 30; ++i) {
    const std::string path =
        "d" + std::to_string(i % 3) + "/f " + std::to_string(i);
    body += File(path, std::to_string(i));
    expected.insert(path);
    expected.insert(path.substr(0, 2));
  }
  MustCommit(body);
  std::set<std::string> seen;
  std::string target = "/api/models/me/model/tree/main?recursive=true&limit=7";
  for (int pages = 0; !target.empty() && pages < 20; ++pages) {
    const RawResponse page = Fetch(target);
    ASSERT_EQ(page.status, 200) << target;
    const json entries = json::parse(page.body);
    EXPECT_LE(entries.size(), 7);
    for (const json& one : entries) {
      EXPECT_TRUE(seen.insert(one["path"]).second) << one["path"];
    }
    const std::string link = Field(page, "Link");
    target = "";
    if (!link.empty()) {
      EXPECT_TRUE(link.ends_with(">; rel=\"next\"")) << link;
      const size_t begin = link.find("/api");
      target = link.substr(begin, link.find('>') - begin);
    }
  }
  EXPECT_EQ(seen, expected);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Create("me/more" + std::to_string(i), "").status, 200);
  }
  const RawResponse list = Fetch("/api/models?author=me&limit=3");
  EXPECT_EQ(json::parse(list.body).size(), 3);
  const std::string link = Field(list, "Link");
  const size_t begin = link.find("/api");
  EXPECT_EQ(FetchJson(link.substr(begin, link.find('>') - begin)).size(), 1);
  EXPECT_EQ(FetchJson("/api/models?search=more1").size(), 1);
  EXPECT_EQ(FetchJson("/api/datasets").size(), 0);
}

// Nothing of a commit that is refused is there afterwards.
TEST_F(HubTest, BadCommitsChangeNothing) {
  const std::string before = Head();
  const std::string deep = [] {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += "[";
    return text;
  }();
  const std::vector<std::pair<std::string, unsigned>> cases = {
      {"", 400},
      {"\n\n", 400},
      {File("a", "b"), 400},
      {Header() + Header(), 400},
      {Header() + "{", 400},
      {Header() + "[]\n", 400},
      {Header() + deep, 400},
      {Header() + "{\"key\":\"file\"}\n", 400},
      {Header() + Line("file", "x"), 400},
      {Header() + Line("copyFile", {{"path", "a"}}), 400},
      {Header() + Line("file", {{"path", "a"}}), 400},
      {Header() +
           Line("file",
                {{"path", "a"}, {"content", "a=b="}, {"encoding", "base64"}}),
       400},
      {Header() +
           Line("file",
                {{"path", "a"}, {"content", "x"}, {"encoding", "rot13"}}),
       400},
      {Header() + File("../a", "x"), 400},
      {Header() + File("/a", "x"), 400},
      {Header() + File("", "x"), 400},
      {Header() + File(".git/config", "x"), 400},
      {Header() + File("a", "x") + File("a/b", "x"), 409},
      {Header() + File("a/b", "x") + File("a", "x"), 409},
      {Header() + File("a", "x") + Line("deletedFile", {{"path", "b"}}), 404},
      {Header() + Line("deletedFolder", {{"path", ".gitattributes"}}), 404},
      {Header() + Line("lfsFile", LargeFile("a")), 400},
      {Header() + Line("lfsFile", {{"path", "a"}, {"oid", "00"}}), 400},
      {Header() +
           Line("lfsFile", {{"path", "a"}, {"algo", "md5"}, {"oid", oid_}}),
       400},
      {Header({{"parentCommit", std::string(40, '0')}}) + File("a", "x"), 412},
      {Header({{"parentCommit", "main"}}) + File("a", "x"), 412},
      {Header() + File("a", std::string(2 << 20, 'x')), 413},
      {Header({{"summary", std::string(70'000, 'x')}}) + File("a", "x"), 400},
      {Header() + File("a", std::string((1 << 20) + 1, 'x')), 400}};
  for (const auto& [body, status] : cases) {
    const RawResponse answer = Commit(body);
    EXPECT_EQ(answer.status, status) << body.substr(0, 200) << "\n"
                                     << answer.body;
    EXPECT_NE(answer.body.find("error"), std::string::npos);
  }
  std::string many = Header();
  for (int i = 0; i < 17; ++i) {
    many += File("f" + std::to_string(i), std::string(1'000'000, '0' + i));
  }
  EXPECT_EQ(Commit(many).status, 400) << "more than a batch";
  EXPECT_EQ(
      Commit(Header() + File("a", "x"), "", "models/me/model", "dev").status,
      404);
  EXPECT_EQ(Commit(Header() + File("a", "x"), "", "models/me/model",
                   "main?create_pr=1")
                .status,
            501);
  EXPECT_EQ(Head(), before);
  // One that changes nothing is none.
  const std::string once = MustCommit(Header() + File("a", "x"));
  EXPECT_EQ(MustCommit(Header() + File("a", "x")), once);
}

TEST_F(HubTest, OfConcurrentCommitsOneWins) {
  const std::string parent = Head();
  std::atomic<int> won = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const RawResponse answer =
          Commit(Header({{"parentCommit", parent}}) +
                 File("f" + std::to_string(i), std::to_string(i)));
      won += answer.status == 200;
      refused += answer.status == 412;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(Paths("main").size(), 2);
}

// A digest is no permission, whatever a commit says.
TEST_F(HubTest, OthersFilesCannotBeNamed) {
  ASSERT_EQ(Create("you/other", "").status, 200);
  ASSERT_EQ(Put("you/other", oid_, body_).status, 200);
  EXPECT_EQ(Commit(Header() + Line("lfsFile", LargeFile("a"))).status, 400);
  const std::string unknown = std::string(64, '0');
  json missing = LargeFile("a");
  missing["oid"] = unknown;
  RawResponse hidden = Commit(Header() + Line("lfsFile", LargeFile("a")));
  RawResponse none = Commit(Header() + Line("lfsFile", missing));
  const size_t at = hidden.body.find(oid_);
  ASSERT_NE(at, std::string::npos);
  hidden.body.replace(at, oid_.size(), unknown);
  EXPECT_EQ(hidden.body, none.body) << "tells that the file exists";
  // A small file that looks like a pointer is just that.
  const store::GitObject pointer = store::FormatPointer(
      {.file = *DigestOfHex(oid_), .length = body_.size()});
  const std::string text(AsText(pointer.bytes));
  MustCommit(Header() + File("a", text));
  EXPECT_EQ(Fetch("/me/model/resolve/main/a").body, text);
  EXPECT_FALSE(FetchJson("/api/models/me/model/tree/main")[1].contains("lfs"));
  // Once the file was uploaded here as well, it is one.
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  EXPECT_TRUE(Fetch("/me/model/resolve/main/a").body == body_);
  json lie = LargeFile("b");
  lie["size"] = 1;
  EXPECT_EQ(Commit(Header() + Line("lfsFile", lie)).status, 400);
}

TEST_F(HubTest, WhatIsHiddenIsMissing) {
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  MustCommit(Header() + Line("lfsFile", LargeFile("m")));
  const std::string commit = Head();
  const std::string reader = Token(store::TokenScope::kRead, "me");
  const std::string stranger = Token(store::TokenScope::kAdmin, "you");
  const std::vector<std::string> gets = {
      "/R/resolve/main/m",           "/R/raw/main/m",
      "/R/resolve/" + commit + "/m", "/api/models/R",
      "/api/models/R/revision/main", "/api/models/R/tree/main",
      "/api/models/R/commits/main",  "/api/models/R/refs",
      "/api/models/R/auth-check"};
  const auto with = [](std::string target, const std::string& name) {
    return target.replace(target.find('R'), 1, name);
  };
  for (const std::string& target : gets) {
    EXPECT_EQ(Fetch(with(target, "me/model"), reader).status, 200) << target;
    for (const std::string& who : {std::string(), stranger}) {
      const RawResponse hidden = Fetch(with(target, "me/model"), who);
      const RawResponse missing = Fetch(with(target, "me/none"), who);
      EXPECT_EQ(hidden.status, who.empty() ? 401 : 404) << target;
      EXPECT_EQ(hidden.status, missing.status);
      EXPECT_EQ(hidden.body, missing.body);
      EXPECT_EQ(Field(hidden, "X-Error-Code"), "RepoNotFound");
    }
  }
  for (const char* const route : {"commit/main", "preupload/main",
                                  "paths-info/main", "branch/x", "tag/main"}) {
    const std::string line = std::string("POST /api/models/me/model/") + route;
    EXPECT_EQ(Send(line, "", "{}").status, 401) << route;
    EXPECT_EQ(Send(line, stranger, "{}").status, 404) << route;
    if (std::string_view(route) != "paths-info/main") {
      EXPECT_EQ(Send(line, reader, "{}").status, 403) << route;
    }
  }
  const auto list = [&](const std::string& who) {
    return json::parse(Fetch("/api/models", who).body).size();
  };
  EXPECT_EQ(list(reader), 1);
  EXPECT_EQ(list(stranger), 0);
  EXPECT_EQ(list(""), 0);
  const std::string writer = Token(store::TokenScope::kWrite, "me");
  EXPECT_EQ(
      Send("PUT /api/models/me/model/settings", writer, R"({"private":false})")
          .status,
      200);
  EXPECT_EQ(list(""), 1);
  EXPECT_TRUE(Fetch("/me/model/resolve/main/m").body == body_);
  EXPECT_EQ(Fetch("/api/whoami-v2").status, 401);
  EXPECT_EQ(
      json::parse(
          Fetch("/api/whoami-v2", writer).body)["auth"]["accessToken"]["role"],
      "write");
}

// An address lets anybody upload that file there for an hour, and no more.
TEST_F(HubTest, UploadsGoToSignedAddresses) {
  const std::string writer = Token(store::TokenScope::kWrite, "me");
  const RawResponse batch = Batch("me/model", "upload", objects_, writer);
  ASSERT_EQ(batch.status, 200) << batch.body;
  std::string href =
      json::parse(batch.body)["objects"][0]["actions"]["upload"]["href"];
  href = href.substr(href.find("/me"));
  const auto put = [&](const std::string& target, const std::string& body) {
    return Send("PUT " + target, "", body).status;
  };
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string other = href;
    return other.replace(other.find(from), from.size(), to);
  };
  EXPECT_EQ(put(replaced(oid_, OidOf("x")), "x"), 403);
  EXPECT_EQ(put(replaced("size=", "size=9"), body_), 403);
  EXPECT_EQ(put(replaced("expires=", "expires=9"), body_), 403);
  EXPECT_EQ(put(replaced("signature=", "signature=0"), body_), 403);
  EXPECT_EQ(put(href.substr(0, href.size() - 1), body_), 403);
  EXPECT_EQ(put(href.substr(0, href.find('?')), body_), 401);
  ASSERT_EQ(Create("me/other", writer).status, 200);
  EXPECT_EQ(put(replaced("me/model", "me/other"), body_), 403);
  EXPECT_EQ(put(href, body_ + "x"), 413);
  EXPECT_EQ(put(href, body_.substr(1)), 422);
  EXPECT_EQ(put(href, body_), 200);
  EXPECT_EQ(put(href, body_), 200) << "the same again is the same";
  EXPECT_EQ(Get("me/model", oid_, writer).status, 200);
  time_ += 60 * 60 * 1000;
  EXPECT_EQ(put(href, body_), 403);
}

TEST_F(HubTest, BranchesAndTags) {
  const std::string first = Head();
  const std::string second = MustCommit(Header() + File("a", "x"));
  const std::string api = "/api/models/me/model";
  const auto post = [&](const std::string& route, const json& body) {
    return Send("POST " + api + route, "", body.dump()).status;
  };
  EXPECT_EQ(post("/branch/old", {{"startingPoint", first}}), 200);
  EXPECT_EQ(post("/branch/old", json::object()), 409);
  EXPECT_EQ(post("/branch/new%2Fone", json::object()), 200);
  EXPECT_EQ(post("/tag/main", {{"tag", "v1.0"}}), 200);
  EXPECT_EQ(post("/tag/main", {{"tag", "v1.0"}}), 409);
  EXPECT_EQ(post("/tag/none", {{"tag", "v2"}}), 404);
  for (const char* const name :
       {"..", "a..b", "-a", "a%20b", "a~", "a.lock", "%2Fa", "a%2F", "refs%2Fx",
        "0123456789012345678901234567890123456789"}) {
    EXPECT_EQ(post(std::string("/branch/") + name, json::object()), 400)
        << name;
  }
  const json refs = FetchJson(api + "/refs");
  ASSERT_EQ(refs["branches"].size(), 3);
  EXPECT_EQ(refs["branches"][2]["name"], "old");
  EXPECT_EQ(refs["branches"][2]["targetCommit"], first);
  EXPECT_EQ(refs["tags"][0]["ref"], "refs/tags/v1.0");
  EXPECT_EQ(Fetch("/me/model/resolve/new%2Fone/a").body, "x");
  EXPECT_EQ(Fetch("/me/model/resolve/old/a").status, 404);
  // Each goes its own way.
  EXPECT_EQ(
      Commit(Header() + File("b", "y"), "", "models/me/model", "old").status,
      200);
  EXPECT_EQ(Head(), second);
  EXPECT_EQ(post("/branch/old", {{"overwrite", true}}), 200);
  EXPECT_EQ(Fetch("/me/model/resolve/old/b").status, 404);
  EXPECT_EQ(Fetch(api + "/branch/old", "", "DELETE").status, 200);
  EXPECT_EQ(Fetch(api + "/branch/old", "", "DELETE").status, 404);
  EXPECT_EQ(Fetch(api + "/branch/main", "", "DELETE").status, 403);
  EXPECT_EQ(Fetch(api + "/tag/v1.0", "", "DELETE").status, 200);
}

TEST_F(HubTest, RepositoriesOfAllKinds) {
  for (const auto& [type, prefix, plural] :
       {std::tuple{"model", "", "models"},
        std::tuple{"dataset", "datasets/", "datasets"},
        std::tuple{"space", "spaces/", "spaces"}}) {
    for (const std::string name : {"one", "team/one"}) {
      const json body = {{"name", name}, {"type", type}};
      const RawResponse created =
          Send("POST /api/repos/create", "", body.dump());
      ASSERT_EQ(created.status, 200) << created.body;
      EXPECT_EQ(json::parse(created.body)["url"],
                "http://localhost/" + (prefix + name));
      const std::string id = std::string(plural) + "/" + name;
      ASSERT_EQ(Commit(Header() + File("f", type), "", id).status, 200);
      EXPECT_EQ(Fetch("/" + (prefix + name) + "/resolve/main/f").body, type);
      EXPECT_EQ(FetchJson("/api/" + id)["id"], name);
      const json batch = {{"operation", "upload"}, {"objects", objects_}};
      EXPECT_EQ(Send("POST /" + (prefix + name) + ".git/info/lfs/objects/batch",
                     "", batch.dump())
                    .status,
                200);
    }
  }
  for (const char* const name :
       {"api/x", "datasets", "spaces/x", "healthz", "x/y.git", "a/b/c"}) {
    EXPECT_EQ(Create(name, "").status, 400) << name;
  }
}

TEST_F(HubTest, RepositoriesMove) {
  MustCommit(Header() + File("f", "x"));
  ASSERT_EQ(Create("you/taken", "").status, 200);
  const auto move = [&](const std::string& to, const std::string& headers) {
    const json body = {{"fromRepo", "me/model"}, {"toRepo", to}};
    return Send("POST /api/repos/move", headers, body.dump()).status;
  };
  EXPECT_EQ(move("you/taken", ""), 409);
  EXPECT_EQ(move("api/x", ""), 400);
  EXPECT_EQ(move("you/new", Token(store::TokenScope::kWrite, "me")), 403);
  const std::string all = Token(store::TokenScope::kWrite);
  EXPECT_EQ(move("you/new", all), 200);
  EXPECT_EQ(move("you/newer", all), 404);
  EXPECT_EQ(Fetch("/you/new/resolve/main/f", all).body, "x");
  EXPECT_EQ(Fetch("/me/model/resolve/main/f", all).status, 404);
}

TEST_F(HubTest, PlansUploads) {
  MustCommit(Header() + File("old.txt", "x"));
  const json files = {
      {{"path", "a.txt"}, {"size", 3}, {"sample", "YWJj"}},
      {{"path", "a.bin"}, {"size", 3}, {"sample", "AAEC"}},
      {{"path", "big.txt"}, {"size", 2 << 20}, {"sample", "YWJj"}},
      {{"path", "old.txt"}, {"size", 0}, {"sample", ""}}};
  const auto plan = [&](const json& body) {
    return Send("POST /api/models/me/model/preupload/main", "", body.dump());
  };
  const RawResponse answer = plan({{"files", files}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json planned = json::parse(answer.body)["files"];
  EXPECT_EQ(planned[0]["uploadMode"], "regular");
  EXPECT_EQ(planned[0]["shouldIgnore"], false);
  EXPECT_EQ(planned[1]["uploadMode"], "lfs");
  EXPECT_EQ(planned[2]["uploadMode"], "lfs");
  EXPECT_EQ(planned[3]["oid"], "c1b0730e0133447badcfd47fd144e254807b06e1");
  EXPECT_EQ(plan({{"files", "x"}}).status, 400);
  EXPECT_EQ(plan({{"files", {{{"path", "../x"}, {"size", 1}}}}}).status, 400);
  EXPECT_EQ(plan({{"files", {{{"path", "x"}, {"size", -1}}}}}).status, 400);
}

}  // namespace
}  // namespace ingot::api
