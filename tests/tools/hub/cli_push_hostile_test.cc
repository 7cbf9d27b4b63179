// Servers that lie to a push, and those that are busy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "tests/tools/hub/hostile_hub.h"
#include "tests/tools/hub/scripted_server.h"

namespace ingot {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr int kError = 1;
constexpr int kCorrupt = 3;
constexpr int kUnavailable = 5;

class CliPushHostileTest : public HostileHubTest {
 protected:
  // Answers all that a push of one large file asks, but what `change` does.
  ScriptedServer::Handler Server(
      std::function<std::optional<ScriptedAnswer>(const ScriptedRequest&)>
          change) const {
    return [change](const ScriptedRequest& request) {
      if (const auto changed = change(request)) return *changed;
      if (Asks(request, "/commits/")) {
        return Respond(200, json{{{"id", kCommitId}}}.dump());
      }
      if (Asks(request, "/preupload/")) {
        return Respond(200,
                       R"({"files": [{"path": "a", "uploadMode": "lfs"}]})");
      }
      if (Asks(request, "/batch")) {
        return Respond(
            200, json{{"objects", {{{"oid", Sha256Of("large")}}}}}.dump());
      }
      return Respond(200, json{{"commitOid", kCommitId}}.dump());
    };
  }
  ScriptedServer::Handler WithBatch(const json& object) const {
    return Server([object](const ScriptedRequest& request)
                      -> std::optional<ScriptedAnswer> {
      if (!Asks(request, "/batch")) return std::nullopt;
      return Respond(200, json{{"objects", {object}}}.dump());
    });
  }
  json Upload(const std::string& href) const {
    return {{"oid", Sha256Of("large")},
            {"actions", {{"upload", {{"href", href}}}}}};
  }
  void PushFails(ScriptedServer::Handler handler, int code,
                 std::string_view text) const {
    const ScriptedServer server(std::move(handler));
    RunFails({"push", "me/model", "a"}, code, text, To(server));
  }
  void SetUp() override { Write("a", "large"); }
};

TEST_F(CliPushHostileTest, TheTokenStaysHere) {
  const ScriptedServer other(
      [](const ScriptedRequest&) { return Respond(200, "{}"); });
  json object = Upload(other.url() + "/put");
  object["actions"]["verify"] = {{"href", other.url() + "/verify"}};
  object["actions"]["upload"]["header"] = {{"X-Signed", "yes"}};
  const ScriptedServer server(WithBatch(object));
  RunOk({"push", "me/model", "a"}, To(server));
  ASSERT_EQ(other.requests().size(), 2);
  EXPECT_EQ(other.requests()[0].line, "PUT /put HTTP/1.1");
  EXPECT_EQ(other.requests()[0].body, "large");
  EXPECT_THAT(other.requests()[0].headers, HasSubstr("x-signed: yes\r\n"));
  EXPECT_EQ(other.requests()[1].line, "POST /verify HTTP/1.1");
  for (const ScriptedRequest& request : other.requests()) {
    EXPECT_THAT(request.headers, Not(HasSubstr(kSecret)));
  }
  // Lines of the commit, on the head that was seen.
  const std::string lines = server.requests().back().body;
  const json header = json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(header["value"]["parentCommit"], kCommitId);
  const json file = json::parse(lines.substr(lines.find('\n') + 1));
  EXPECT_EQ(file["key"], "lfsFile");
  EXPECT_EQ(file["value"]["oid"], Sha256Of("large"));
}

TEST_F(CliPushHostileTest, AddressesThatAreNone) {
  for (const std::string href : {"file:///tmp/x", "", "/relative",
                                 "javascript:1", "http://", "ftp://x/"}) {
    PushFails(WithBatch(Upload(href)), kCorrupt, "no address");
  }
  for (const json& header : {json{{"A\r\nB", "x"}}, json{{"A", "x\r\nB: y"}},
                             json{{"A: B", "x"}}, json{{"", "x"}}}) {
    json object = Upload("http://127.0.0.1:1/");
    object["actions"]["upload"]["header"] = header;
    PushFails(WithBatch(object), kCorrupt, "headers that are none");
  }
  PushFails(WithBatch({{"oid", Sha256Of("other")}}), kCorrupt, "no answer for");
  PushFails(WithBatch({{"oid", Sha256Of("large")},
                       {"error", {{"code", 422}, {"message", "no\x1b"}}}}),
            2, "no\\x1b");
}

TEST_F(CliPushHostileTest, AnswersThatAreNone) {
  const auto answer = [&](const std::string& route, int status,
                          const std::string& body,
                          const std::string& headers = "") {
    return Server(
        [=](const ScriptedRequest& request) -> std::optional<ScriptedAnswer> {
          if (!Asks(request, route)) return std::nullopt;
          return Respond(status, body, headers);
        });
  };
  PushFails(answer("/preupload/", 200, "{}"), kCorrupt, "no answer for a");
  PushFails(answer("/preupload/", 200, "[]"), kCorrupt, "no answer for a");
  PushFails(answer("/commit/", 200, R"({"commitOid": "x"})"), kCorrupt,
            "commit's id");
  PushFails(answer("/commit/", 302, "", "Location: http://127.0.0.1:1/\r\n"),
            kCorrupt, "redirects a POST");
  PushFails(answer("/commit/", 409, R"({"error": "a folder"})"), kError,
            "a folder (409)");
  PushFails(answer("/commit/", 412, "{}"), 4, "somebody else");
  PushFails(answer("/commit/", 500, "<html>"), kError, "500");
}

TEST_F(CliPushHostileTest, BusyServersAreWaitedFor) {
  int refused = 0;
  const ScriptedServer server([&](const ScriptedRequest& request) {
    if (refused++ < 2) {
      return Respond(refused == 1 ? 429 : 503, "", "Retry-After: 1\r\n");
    }
    return Respond(200,
                   Asks(request, "/api/models") ? R"([{"id": "a/b"}])" : "[]");
  });
  EXPECT_EQ(json::parse(RunOk({"ls", "--json"}, To(server)))[0]["repository"],
            "a/b");
  const ScriptedServer busy([](const ScriptedRequest&) {
    return Respond(503, R"({"error": "draining"})");
  });
  RunFails({"ls"}, kUnavailable, "draining (503)", To(busy));
}

}  // namespace
}  // namespace ingot
