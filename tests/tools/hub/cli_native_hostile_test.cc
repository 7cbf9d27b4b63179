// Servers whose containers lie, and servers that have none.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "codec/sink.h"
#include "codec/source.h"
#include "codec/stream_encoder.h"
#include "formats/encode_file.h"
#include "tests/codec/container_parts.h"
#include "tests/tools/hub/hostile_hub.h"
#include "tests/tools/hub/scripted_server.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string Model(uint64_t seed) {
  return Safetensors(
      {{"w", "BF16", {1024, 1024}, WeightBytes(1024 * 1024, seed)}});
}

Bytes Encode(const std::string& file, const BaseFile* base = nullptr) {
  Bytes container;
  const std::unique_ptr<Sink> sink = MakeMemorySink(&container);
  auto encoder = StreamEncoder::Create(sink.get(), {});
  const std::unique_ptr<Source> source = MakeMemorySource(AsBytes(file));
  const Result<Layout> layout = ChooseLayout(*source, std::nullopt);
  FileInfo info;
  info.path = "m";
  EXPECT_TRUE(EncodeFile(*source, *layout, info, encoder->get(), {}).ok());
  if (base != nullptr) {
    EXPECT_TRUE((*encoder)->AddBaseFile(*base).ok());
  }
  EXPECT_TRUE((*encoder)->Finish().ok());
  return container;
}

std::string Text(const Bytes& bytes) { return std::string(AsText(bytes)); }

// "range: bytes=BEGIN-END".
std::pair<size_t, size_t> RangeOf(const ScriptedRequest& request, size_t size) {
  const size_t at = request.headers.find("range: bytes=");
  if (at == std::string::npos) return {0, size};
  const std::string text = request.headers.substr(at + 13, 40);
  size_t begin = 0;
  size_t last = 0;
  const auto [dash, code] =
      std::from_chars(text.data(), text.data() + text.size(), begin);
  std::from_chars(dash + 1, text.data() + text.size(), last);
  return {begin, last + 1};
}

class CliNativeHostileTest : public HostileHubTest {
 protected:
  using Answer = std::function<ScriptedAnswer(const ScriptedRequest&)>;

  static ScriptedAnswer Part(const ScriptedRequest& request,
                             const std::string& bytes) {
    const auto [begin, end] = RangeOf(request, bytes.size());
    std::string headers = "ETag: \"e\"\r\n";
    const bool part = request.headers.find("range: ") != std::string::npos;
    if (part) {
      headers += "Content-Range: bytes " + std::to_string(begin) + "-" +
                 std::to_string(end - 1) + "/" + std::to_string(bytes.size()) +
                 "\r\n";
    }
    return Respond(part ? 206 : 200, bytes.substr(begin, end - begin), headers);
  }
  static Answer Container(const std::string& bytes) {
    return [bytes](const ScriptedRequest& request) {
      return Part(request, bytes);
    };
  }
  // A server with one file, and with `container` for what asks for that.
  ScriptedServer::Handler Server(const Answer& container) const {
    const json entry = {
        {"type", "file"},
        {"path", "m"},
        {"oid", kCommitId},
        {"size", model_.size()},
        {"lfs", {{"oid", Sha256Of(model_)}, {"size", model_.size()}}}};
    return [this, container, entry](const ScriptedRequest& request) {
      if (Asks(request, "/commits/")) {
        return Respond(200, json{{{"id", kCommitId}}}.dump());
      }
      if (Asks(request, "/tree/")) return Respond(200, json{entry}.dump());
      if (Asks(request, "/api/ingot/")) return container(request);
      return Part(request, model_);
    };
  }
  static size_t Count(const ScriptedServer& server, std::string_view what) {
    size_t count = 0;
    for (const ScriptedRequest& request : server.requests()) {
      count += Asks(request, what) ? 1 : 0;
    }
    return count;
  }
  RunResult Pull(const ScriptedServer& server) const {
    return Run({"pull", "me/model", "-o", "out", "--timeout", "2"}, To(server));
  }
  // The file comes as it is, and a note says why.
  void FallsBack(const Answer& container, std::string_view why) const {
    const ScriptedServer server(Server(container));
    const RunResult result = Pull(server);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
    EXPECT_THAT(result.err, HasSubstr("comes as it is"));
    EXPECT_THAT(result.err, Not(HasSubstr(kSecret)));
    EXPECT_EQ(Count(server, "/resolve/"), 1);
    EXPECT_TRUE(Read("out/m") == model_);
    EXPECT_FALSE(Exists("out/.ingot-pull"));
    std::filesystem::remove_all(Path("out"));
  }

  const std::string model_ = Model(1);
};

TEST_F(CliNativeHostileTest, AnHonestServerIsBelieved) {
  const ScriptedServer server(Server(Container(Text(Encode(model_)))));
  const RunResult result = Pull(server);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(Count(server, "/resolve/"), 0);
  EXPECT_TRUE(Read("out/m") == model_);
}

TEST_F(CliNativeHostileTest, OtherBytes) {
  // Another model's, under this one's digest.
  ContainerParts parts = TakeApart(Encode(Model(2)));
  parts.index.files[0].id.digest = HashBytes(AsBytes(model_));
  FallsBack(Container(Text(PutTogether(parts))), "no good");
  // And without a lie in it.
  FallsBack(Container(Text(Encode(Model(2)))), "does not hold the file");
}

TEST_F(CliNativeHostileTest, Bombs) {
  const std::string zeros(size_t{64} << 20, '\0');
  ContainerParts parts = TakeApart(Encode(zeros));
  FallsBack(Container(Text(PutTogether(parts))), "does not hold the file");
  parts.index.files[0].id.digest = HashBytes(AsBytes(model_));
  FallsBack(Container(Text(PutTogether(parts))), "does not hold the file");
  // Of the right length, but for what is in it.
  parts.index.files[0].id.length = model_.size();
  FallsBack(Container(Text(PutTogether(parts))), "no good");
}

TEST_F(CliNativeHostileTest, FilesOfThisMachine) {
  Write("secret", "secret");
  const BaseFile base = {.name = Path("secret"),
                         .id = {HashBytes(AsBytes(std::string("secret"))), 6}};
  FallsBack(Container(Text(Encode(model_, &base))), "files of this machine");
}

TEST_F(CliNativeHostileTest, Lengths) {
  const std::string container = Text(Encode(model_));
  FallsBack(Container(container.substr(0, container.size() / 2)), "no good");
  FallsBack(Container(std::string(model_.size() / 2, 'x')), "no good");
  // Shorter, and longer, than promised.
  FallsBack(
      [&](const ScriptedRequest& request) {
        const auto [begin, end] = RangeOf(request, container.size());
        if (end == 1) return Part(request, container);
        return Respond(200, container.substr(0, 1000), "ETag: \"e\"\r\n");
      },
      "bytes too few");
  FallsBack(
      [&](const ScriptedRequest& request) {
        const auto [begin, end] = RangeOf(request, container.size());
        if (end == 1) return Part(request, container);
        return ScriptedAnswer{.bytes = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\r\n",
                              .endless = std::string(1 << 20, 'x')};
      },
      "sends more than");
  // Where the length was asked for.
  FallsBack(
      [&](const ScriptedRequest&) {
        return ScriptedAnswer{.bytes = "HTTP/1.1 206 Part\r\n\r\n",
                              .endless = std::string(1 << 20, 'x')};
      },
      "more than 1 bytes");
  FallsBack([&](const ScriptedRequest&) { return Respond(200, "x"); },
            "no part of a container");
  FallsBack([&](const ScriptedRequest&) { return Respond(500, "x"); }, "500");
}

TEST_F(CliNativeHostileTest, ItBecomesAnother) {
  const std::string container = Text(Encode(model_));
  FallsBack(
      [&, n = 0](const ScriptedRequest& request) mutable {
        ScriptedAnswer answer = Part(request, container);
        const size_t at = answer.bytes.find("\"e\"");
        answer.bytes[at + 1] = static_cast<char>('a' + n++ % 20);
        return answer;
      },
      "another file than before");
}

// A longer container is none; and what is not smaller is not asked for.
TEST_F(CliNativeHostileTest, NoContainers) {
  for (const int status : {401, 403, 404, 405, 409, 501}) {
    const ScriptedServer server(
        Server([&](const ScriptedRequest&) { return Respond(status, "{}"); }));
    const RunResult result = Pull(server);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.err, "") << status;
    EXPECT_EQ(Count(server, "/api/ingot/"), 1);
    EXPECT_TRUE(Read("out/m") == model_);
    std::filesystem::remove_all(Path("out"));
  }
  const ScriptedServer server(
      Server(Container(std::string(model_.size() + 1, 'x'))));
  EXPECT_EQ(Pull(server).exit_code, 0);
  EXPECT_EQ(Count(server, "/api/ingot/"), 1);
  EXPECT_TRUE(Read("out/m") == model_);
}

// A push to servers that take no containers, or say so late.
TEST_F(CliNativeHostileTest, PushesFallBack) {
  Write("m", model_);
  for (const int status : {404, 501, 400, 413, 503, 507, 500}) {
    const ScriptedServer files(
        [](const ScriptedRequest&) { return Respond(200, "{}"); });
    const json object = {
        {"oid", Sha256Of(model_)},
        {"actions", {{"upload", {{"href", files.url() + "/put"}}}}}};
    const ScriptedServer server([&](const ScriptedRequest& request) {
      if (Asks(request, "/commits/")) {
        return Respond(200, json{{{"id", kCommitId}}}.dump());
      }
      if (Asks(request, "/preupload/")) {
        return Respond(200,
                       R"({"files": [{"path": "m", "uploadMode": "lfs"}]})");
      }
      if (Asks(request, "/batch")) {
        return Respond(200, json{{"objects", {object}}}.dump());
      }
      if (Asks(request, "/api/ingot/")) {
        return Respond(status, R"({"error": "no, thanks"})");
      }
      return Respond(200, json{{"commitOid", kCommitId}}.dump());
    });
    const RunResult result = Run({"push", "me/model", "m"}, To(server));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const bool unknown = status == 404 || status == 501;
    EXPECT_EQ(result.err.empty(), unknown) << result.err;
    if (!unknown) {
      EXPECT_THAT(result.err, HasSubstr("no, thanks"));
    }
    // Once, busy or not: it is no small thing to send.
    EXPECT_EQ(Count(server, "PUT /api/ingot/"), 1) << status;
    ASSERT_EQ(files.requests().size(), 1);
    EXPECT_TRUE(files.requests()[0].body == model_);
    EXPECT_THAT(files.requests()[0].headers, Not(HasSubstr(kSecret)));
  }
}

}  // namespace
}  // namespace ingot
