// Servers that lie: of names, sizes, digests, redirects, and without end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/tools/hub/hostile_hub.h"
#include "tests/tools/hub/scripted_server.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr int kError = 1;
constexpr int kCorrupt = 3;
constexpr int kUnavailable = 5;
constexpr size_t kChunk = 16 << 20;

// An entry of a tree for a large file.
json LargeEntry(const std::string& path, const std::string& digest, json size) {
  return {{"type", "file"},
          {"path", path},
          {"oid", kCommitId},
          {"size", size},
          {"lfs", {{"oid", digest}, {"size", size}}}};
}

class CliPullHostileTest : public HostileHubTest {
 protected:
  // A server with one commit and this tree; `file` answers for its files.
  static ScriptedServer::Handler Repository(json tree,
                                            ScriptedServer::Handler file) {
    return [tree, file](const ScriptedRequest& request) {
      if (Asks(request, "/commits/")) {
        return Respond(200, json{{{"id", kCommitId}}}.dump());
      }
      if (Asks(request, "/tree/")) return Respond(200, tree.dump());
      // It has no containers.
      if (Asks(request, "/api/ingot/")) return Respond(404, "{}");
      return file(request);
    };
  }
  static ScriptedServer::Handler Bytes(const std::string& bytes) {
    return [bytes](const ScriptedRequest&) { return Respond(200, bytes); };
  }

  RunResult Pull(const ScriptedServer& server) const {
    return Run({"pull", "me/model", "-o", "out", "--timeout", "2"}, To(server));
  }
  // A pull that fails so, and leaves no file.
  void PullFails(ScriptedServer::Handler handler, int code,
                 std::string_view text) const {
    const ScriptedServer server(std::move(handler));
    const RunResult result = Pull(server);
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
    EXPECT_THAT(result.err, Not(HasSubstr(kSecret)));
    EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
    EXPECT_EQ(result.out, "");
    for (const std::string& name : List()) {
      EXPECT_TRUE(name == "out/" || name.starts_with("out/.ingot-pull/"))
          << name;
    }
    std::filesystem::remove_all(Path("out"));
  }
};

TEST_F(CliPullHostileTest, AnHonestServerIsBelieved) {
  const std::string bytes = "bytes";
  const ScriptedServer server(Repository(
      {LargeEntry("a/b", Sha256Of(bytes), bytes.size())}, Bytes(bytes)));
  const RunResult result = Pull(server);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Read("out/a/b"), bytes);
  for (const ScriptedRequest& request : server.requests()) {
    EXPECT_THAT(
        request.headers,
        HasSubstr(std::string("authorization: bearer ") + kSecret + "\r\n"));
  }
}

TEST_F(CliPullHostileTest, Names) {
  for (const std::string name : {"../up",
                                 "a/../../up",
                                 "/tmp/absolute",
                                 "",
                                 ".",
                                 "..",
                                 "a//b",
                                 "a/",
                                 "a/./b",
                                 ".git/hooks/post-checkout",
                                 "sub/.git/config",
                                 ".GIT/config",
                                 ".git./config",
                                 ".git /x",
                                 "GIT~1/config",
                                 "a\nb",
                                 "a\x1b[2Jb",
                                 "a\\b",
                                 "a\xC2\x85"
                                 "b",
                                 ".ingot-pull/x",
                                 ".ingot-pull"}) {
    PullFails(Repository({LargeEntry(name, Sha256Of("x"), 1)}, Bytes("x")),
              kCorrupt, "path");
  }
  PullFails(Repository({LargeEntry(std::string(2000, 'a'), Sha256Of("x"), 1)},
                       Bytes("x")),
            kCorrupt, "1,024");
  // A byte of NUL, in JSON's way of writing it.
  json nul = LargeEntry("a", Sha256Of("x"), 1);
  nul["path"] = std::string("a\0b", 3);
  PullFails(Repository({nul}, Bytes("x")), kCorrupt, "path");
  const json a = LargeEntry("a", Sha256Of("x"), 1);
  PullFails(Repository({a, a}, Bytes("x")), kCorrupt, "twice");
  PullFails(Repository({a, LargeEntry("a/b", Sha256Of("x"), 1)}, Bytes("x")),
            kCorrupt, "below");
}

TEST_F(CliPullHostileTest, SizesAndDigests) {
  const std::string ten = "0123456789";
  const auto entry = [&](json size) {
    return json{LargeEntry("a", Sha256Of(ten), size)};
  };
  PullFails(Repository(entry(10), Bytes(ten + ten)), kCorrupt, "more than 10");
  PullFails(Repository(entry(10), Bytes("012")), kCorrupt, "7 bytes too few");
  PullFails(Repository(entry(10), Bytes("")), kCorrupt, "10 bytes too few");
  PullFails(Repository(entry(0), Bytes(ten)), kCorrupt, "more than 0");
  PullFails(Repository(entry(10), Bytes("0123456780")), kCorrupt, "digest");
  {
    // Nothing is kept that would be wrong again.
    const ScriptedServer server(Repository(entry(10), Bytes("0123456780")));
    EXPECT_EQ(Pull(server).exit_code, kCorrupt);
    EXPECT_THAT(List(), testing::ElementsAre("out/", "out/.ingot-pull/"));
    std::filesystem::remove_all(Path("out"));
  }
  for (const json& size :
       {json(-1), json(1.5), json("10"), json(nullptr), json(UINT64_MAX)}) {
    PullFails(Repository(entry(size), Bytes(ten)), kCorrupt, "size");
  }
  PullFails(Repository(entry(INT64_MAX), Bytes(ten)), kError, "space");
  json many = json::array();
  for (int i = 0; i < 100; ++i) {
    many.push_back(
        LargeEntry(std::to_string(i), Sha256Of(std::to_string(i)), INT64_MAX));
  }
  PullFails(Repository(many, Bytes(ten)), kError, "space");
  for (const std::string& digest :
       {std::string(), std::string("../../x"), Sha256Of(ten).substr(1),
        std::string(64, 'G'), Sha256Of(ten) + "/../../x"}) {
    PullFails(Repository({LargeEntry("a", digest, 10)}, Bytes(ten)), kCorrupt,
              "SHA-256");
  }
  PullFails(Repository({LargeEntry("a", kCommitId, 10)}, Bytes(ten)), kCorrupt,
            "wrong kind");
  PullFails(Repository({LargeEntry("a", Sha256Of(ten), 10),
                        LargeEntry("b", Sha256Of(ten), 9)},
                       Bytes(ten)),
            kCorrupt, "two sizes");
  // The connection ends early.
  PullFails(Repository(entry(10),
                       [&](const ScriptedRequest&) {
                         ScriptedAnswer answer = Respond(200, ten);
                         answer.bytes.resize(answer.bytes.size() - 5);
                         answer.keep = false;
                         return answer;
                       }),
            kUnavailable, "127.0.0.1");
}

TEST_F(CliPullHostileTest, Parts) {
  const std::string bytes = RandomBytes(kChunk + 1000, 1);
  const json tree = {LargeEntry("a", Sha256Of(bytes), bytes.size())};
  const auto part = [&](const ScriptedRequest& request, size_t shift,
                        const std::string& etag) {
    const bool first =
        request.headers.find("range: bytes=0-") != std::string::npos;
    const size_t begin = first ? 0 : kChunk;
    const size_t end = first ? kChunk : bytes.size();
    return Respond(206, bytes.substr(begin, end - begin),
                   "ETag: " + etag + "\r\nContent-Range: bytes " +
                       std::to_string(begin + shift) + "-" +
                       std::to_string(end - 1 + shift) + "/" +
                       std::to_string(bytes.size() + shift) + "\r\n");
  };
  {
    const ScriptedServer server(Repository(
        tree, [&](const ScriptedRequest& r) { return part(r, 0, "\"x\""); }));
    EXPECT_EQ(Pull(server).exit_code, 0);
    EXPECT_TRUE(Read("out/a") == bytes);
    std::filesystem::remove_all(Path("out"));
  }
  PullFails(Repository(tree, Bytes(bytes)), kCorrupt, "all of it");
  PullFails(
      Repository(tree,
                 [&](const ScriptedRequest& r) { return part(r, 1, "\"x\""); }),
      kCorrupt, "expected \"bytes");
  // One request after the other, each of another file.
  const ScriptedServer server(
      Repository(tree, [&, n = 0](const ScriptedRequest& r) mutable {
        return part(r, 0, "\"" + std::to_string(++n) + "\"");
      }));
  const RunResult result =
      Run({"pull", "me/model", "-o", "out", "-j", "1"}, To(server));
  EXPECT_EQ(result.exit_code, kError);
  EXPECT_THAT(result.err, HasSubstr("another file than before"));
  EXPECT_THAT(server.requests().back().headers,
              HasSubstr("if-range: \"1\"\r\n"));
  EXPECT_FALSE(Exists("out/a"));
}

TEST_F(CliPullHostileTest, Redirects) {
  const json tree = {LargeEntry("a", Sha256Of("bytes"), 5)};
  const auto to = [](const std::string& url) {
    return [url](const ScriptedRequest&) {
      return Respond(302, "", "Location: " + url + "\r\n");
    };
  };
  {
    const ScriptedServer other(Bytes("bytes"));
    const ScriptedServer server(Repository(tree, to(other.url() + "/x?y=1")));
    const RunResult result = Pull(server);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(Read("out/a"), "bytes");
    ASSERT_EQ(other.requests().size(), 1);
    // The token is for the first one alone.
    EXPECT_EQ(other.requests()[0].line, "GET /x?y=1 HTTP/1.1");
    EXPECT_THAT(other.requests()[0].headers, Not(HasSubstr("authorization")));
    EXPECT_THAT(other.requests()[0].headers, Not(HasSubstr(kSecret)));
    std::filesystem::remove_all(Path("out"));
  }
  PullFails(Repository(tree, to("/me/model/resolve/again")), kCorrupt,
            "more than 5 times");
  PullFails(Repository(tree, to("file:///etc/passwd")), kCorrupt, "redirects");
  PullFails(Repository(tree, to("gopher://127.0.0.1/x")), kCorrupt,
            "redirects");
  // One without an address is no more than a status.
  PullFails(
      Repository(tree, [](const ScriptedRequest&) { return Respond(302, ""); }),
      kError, "302");
}

TEST_F(CliPullHostileTest, AnswersWithoutEnd) {
  const auto head = [](int status) {
    return "HTTP/1.1 " + std::to_string(status) + " Status\r\n\r\n";
  };
  const std::string megabyte(1 << 20, ' ');
  for (const std::string route : {"/commits/", "/tree/"}) {
    PullFails(
        [&](const ScriptedRequest& request) {
          if (!Asks(request, route)) {
            return Respond(200, json{{{"id", kCommitId}}}.dump());
          }
          return ScriptedAnswer{.bytes = head(200), .endless = megabyte};
        },
        kCorrupt, "more than 8388608 bytes");
  }
  PullFails(
      [&](const ScriptedRequest&) {
        return ScriptedAnswer{.bytes = head(500), .endless = megabyte};
      },
      kError, "500");
  PullFails(Repository({LargeEntry("a", Sha256Of("x"), 1)},
                       [&](const ScriptedRequest&) {
                         return ScriptedAnswer{.bytes = head(200),
                                               .endless = megabyte};
                       }),
            kCorrupt, "more than 1 bytes");
  // Pages of a list.
  for (const std::string body :
       {"[]", "[{\"type\": \"directory\", \"path\": \"a\"}]"}) {
    PullFails(
        [&](const ScriptedRequest& request) {
          if (!Asks(request, "/tree/")) {
            return Respond(200, json{{{"id", kCommitId}}}.dump());
          }
          return Respond(
              200, body,
              "Link: <http://127.0.0.1/x?cursor=c>; rel=\"next\"\r\n");
        },
        kCorrupt, "does not go on");
  }
  // Silence.
  const auto start = std::chrono::steady_clock::now();
  PullFails(
      [](const ScriptedRequest&) {
        return ScriptedAnswer{.bytes = "", .stall = true};
      },
      kUnavailable, "no progress for 2 s");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST_F(CliPullHostileTest, AnswersThatAreNone) {
  for (const std::string body :
       {"", "{", "nonsense", "\xFF\xFE", "{\"id\": 1}", "[]", "[1]", "[{}]",
        "[{\"id\": \"../../x\"}]", "null"}) {
    PullFails([&](const ScriptedRequest&) { return Respond(200, body); },
              kCorrupt, "me/model");
  }
  const std::string deep(1'000'000, '[');
  PullFails([&](const ScriptedRequest&) { return Respond(200, deep); },
            kCorrupt, "not JSON");
  for (const json& tree :
       {json::object(), json("x"), json{1, 2}, json{json::array()},
        json{{{"type", "submodule"}, {"path", "a"}}}}) {
    PullFails(Repository(tree, Bytes("")), kCorrupt, "me/model");
  }
  for (const std::string bytes :
       {"nonsense\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "\x01\x02\r\n\r\n"}) {
    PullFails(
        [&](const ScriptedRequest&) {
          return ScriptedAnswer{.bytes = bytes, .keep = false};
        },
        kCorrupt, "127.0.0.1");
  }
  // What a server says is no terminal's command.
  PullFails(
      [](const ScriptedRequest&) {
        return Respond(404, R"({"error": "\u001b[2Jgone"})");
      },
      kError, "\\x1b[2Jgone (404)");
}

}  // namespace
}  // namespace ingot
