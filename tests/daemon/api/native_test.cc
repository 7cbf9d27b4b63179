// Ingot's own routes: tensors, lineage and containers, who may have what of
// them, and containers that somebody sends, right and wrong.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "codec/container/writer.h"
#include "codec/container_reader.h"
#include "codec/sink.h"
#include "daemon/ingest/compactor.h"
#include "daemon/ingest/container_import.h"
#include "daemon/store/keys.h"
#include "tests/codec/container_parts.h"
#include "tests/codec/map_source.h"
#include "tests/daemon/api/api_server.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/sanitized.h"

namespace ingot::api {
namespace {

using http::RawClient;
using http::RawResponse;
using ingest::ModelFile;

constexpr const char* kBase = "models/me/base";
constexpr const char* kTuned = "models/me/tuned";

std::string Field(const RawResponse& response, const std::string& name) {
  const size_t at = response.head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 4;
  return response.head.substr(begin, response.head.find('\r', begin) - begin);
}

ByteSpan BytesOf(const std::string& text) { return AsBytes(text); }
std::string TextOfBytes(ByteSpan bytes) { return std::string(AsText(bytes)); }

// Answers with the objects of a container, and others that it is given.
class Known final : public ReferenceSource {
 public:
  explicit Known(std::string container, const MapSource* others = nullptr)
      : container_(std::move(container)), others_(others) {}
  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    INGOT_ASSIGN(const auto reader,
                 ContainerReader::Open(MakeMemorySource(AsBytes(container_)),
                                       {.references = this}));
    for (size_t i = 0; i < reader->object_count(); ++i) {
      if (reader->object(i).id.digest != object) continue;
      return reader->ReadObject(i, offset, offset + out.size(), CopyTo(out));
    }
    if (others_ != nullptr) {
      return const_cast<MapSource*>(others_)->Read(object, offset, out);
    }
    return Error{ErrorKind::kNotFound, "not known"};
  }

 private:
  const std::string container_;
  const MapSource* const others_;
};

std::unique_ptr<ContainerReader> OpenContainer(const std::string& container) {
  auto reader = ContainerReader::Open(MakeMemorySource(AsBytes(container)), {});
  EXPECT_TRUE(reader.ok()) << reader.error().message;
  return std::move(*reader);
}

// The first file of a container, with digests compared.
Result<std::string> Restore(const std::string& container,
                            ReferenceSource* references) {
  INGOT_ASSIGN(const auto reader,
               ContainerReader::Open(
                   MakeMemorySource(AsBytes(container)),
                   {.verify_digests = true, .references = references}));
  uint64_t incomplete = 0;
  INGOT_TRY(reader->Verify(&incomplete));
  std::string text;
  INGOT_TRY(
      reader->ReadFile(0, 0, reader->files()[0].id.length, [&](ByteSpan bytes) {
        text += AsText(bytes);
        return Status();
      }));
  return text;
}

class NativeTest : public ApiServer {
 protected:
  // A repository with a file, as clients make it.
  void Add(const std::string& name, const std::string& bytes,
           const std::string& path = "w/model.safetensors") {
    const RawResponse made = Create(name, "");
    ASSERT_TRUE(made.status == 200 || made.status == 409) << made.body;
    const std::string oid = OidOf(bytes);
    ASSERT_EQ(Put(name, oid, bytes).status, 200);
    ASSERT_EQ(Commit(name, path, oid, "").status, 200);
  }
  RawResponse Commit(const std::string& name, const std::string& path,
                     const std::string& oid, const std::string& headers) {
    const json header = {{"key", "header"}, {"value", {{"summary", "Add"}}}};
    const json file = {{"key", "lfsFile"},
                       {"value", {{"path", path}, {"oid", oid}}}};
    return Send("POST /api/models/" + name + "/commit/main", headers,
                header.dump() + "\n" + file.dump() + "\n");
  }
  void Compact() {
    ingest::CompactionReport report;
    const Status done =
        ingest::Compactor(store_.get(), {}).Run(nullptr, &report);
    ASSERT_TRUE(done.ok()) << done.error().message;
    ASSERT_TRUE(report.failures.empty());
  }
  // A base, and a fine-tune that is coded against it.
  void AddFamily() {
    Add("me/base", base_);
    Compact();
    Add("me/tuned", tuned_);
    Compact();
  }

  RawResponse Fetch(const std::string& target, const std::string& headers = "",
                    const std::string& method = "GET") {
    RawClient client(server_->port());
    client.Send(http::Simple(method + " " + target, headers));
    return client.Receive(method == "HEAD");
  }
  static std::string Path(const std::string& repository,
                          const std::string& what) {
    return "/api/ingot/" + repository + "/" + what +
           "/main/w/model.safetensors";
  }
  json FetchJson(const std::string& target, const std::string& headers = "") {
    const RawResponse response = Fetch(target, headers);
    EXPECT_EQ(response.status, 200) << target << response.body;
    return json::parse(response.body, nullptr, false);
  }
  json Tensors(const std::string& repository, const std::string& headers = "") {
    return FetchJson(Path(repository, "tensors"), headers)["tensors"];
  }
  std::string Container(const std::string& repository,
                        const std::string& query = "",
                        const std::string& headers = "") {
    const RawResponse got =
        Fetch(Path(repository, "container") + query, headers);
    EXPECT_EQ(got.status, 200) << got.body.substr(0, 300);
    return got.body;
  }
  RawResponse Upload(const std::string& name, const std::string& container,
                     const std::string& bytes,
                     const std::string& headers = "") {
    return Send("PUT /api/ingot/models/" + name + "/container?bytes=" + bytes,
                headers, container);
  }
  bool IsGranted(const std::string& name, const std::string& bytes) {
    const size_t slash = name.find('/');
    const auto found = store_->repositories().Find(
        {store::RepositoryKind::kModel, name.substr(0, slash),
         name.substr(slash + 1)});
    return *store_->repositories().IsGranted((*found)->number,
                                             HashBytes(AsBytes(bytes)));
  }
  std::string RepositoryToken(const std::string& space,
                              const std::string& name) {
    const auto secret =
        store_->tokens().Create({.name = "",
                                 .secret = {},
                                 .scope = store::TokenScope::kRead,
                                 .space = space,
                                 .repository = name});
    EXPECT_TRUE(secret.ok());
    return "Authorization: Bearer " + *secret + "\r\n";
  }

  const std::string base_ = ModelFile(1, 0);
  const std::string tuned_ = ModelFile(1, 1);
};

TEST_F(NativeTest, TensorsOfStagedAndPackedFiles) {
  Add("me/base", base_);
  const json staged = FetchJson(Path(kBase, "tensors"));
  EXPECT_EQ(staged["format"], "safetensors");
  EXPECT_EQ(staged["size"], base_.size());
  EXPECT_EQ(staged["total"], 4);
  ASSERT_EQ(staged["tensors"].size(), 4);
  Compact();
  json packed = FetchJson(Path(kBase, "tensors"));
  ASSERT_EQ(packed["tensors"].size(), 4);
  for (size_t i = 0; i < 4; ++i) {
    json one = packed["tensors"][i];
    const std::string bytes = base_.substr(
        one["begin"], one["end"].get<size_t>() - one["begin"].get<size_t>());
    // The vector is too small for an object.
    EXPECT_EQ(one.contains("object"), one["name"] != "bias");
    if (one.contains("object")) {
      EXPECT_EQ(one["object"], OidOf(bytes));
      EXPECT_EQ(one["stored"]["depth"], 0);
      EXPECT_TRUE(one["stored"]["bases"].empty());
      EXPECT_GT(one["stored"]["bytes"], 1000);
      EXPECT_LT(one["stored"]["bytes"], bytes.size() + 300);
    }
    one.erase("object");
    one.erase("stored");
    EXPECT_EQ(one, staged["tensors"][i]);
  }
  EXPECT_EQ(packed["tensors"][0]["dtype"], "BF16");
  // Page by page.
  std::vector<std::string> names;
  std::string target = Path(kBase, "tensors") + "?limit=3";
  for (int page = 0; page < 3 && !target.empty(); ++page) {
    const RawResponse response = Fetch(target);
    ASSERT_EQ(response.status, 200);
    const json answer = json::parse(response.body);
    for (const json& one : answer["tensors"]) {
      names.push_back(one["name"]);
    }
    const std::string link = Field(response, "Link");
    const size_t slash = link.find("/api/");
    target = slash == std::string::npos
                 ? ""
                 : link.substr(slash, link.find('>') - slash);
  }
  EXPECT_EQ(names.size(), 4);
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), 4);
  EXPECT_TRUE(target.empty());
}

TEST_F(NativeTest, FilesWithoutTensors) {
  Add("me/base", std::string(200'000, 'x'));
  for (int round = 0; round < 2; ++round) {
    const json answer = FetchJson(Path(kBase, "tensors"));
    EXPECT_EQ(answer["total"], 0);
    EXPECT_EQ(Fetch(Path(kBase, "tensor") + "?name=x").status, 404);
    Compact();
  }
  // A file that git has.
  const json small =
      FetchJson("/api/ingot/models/me/base/tensors/main/.gitattributes");
  EXPECT_EQ(small["total"], 0);
  EXPECT_EQ(
      Fetch("/api/ingot/models/me/base/container/main/.gitattributes").status,
      409);
  for (const char* what : {"tensors", "tensor", "lineage", "container"}) {
    const RawResponse missing =
        Fetch("/api/ingot/models/me/base/" + std::string(what) + "/main/none");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(Field(missing, "X-Error-Code"), "EntryNotFound");
    EXPECT_EQ(Field(Fetch("/api/ingot/models/me/base/" + std::string(what) +
                          "/none/w/model.safetensors"),
                    "X-Error-Code"),
              "RevisionNotFound");
  }
}

TEST_F(NativeTest, BytesOfTensors) {
  Add("me/base", base_);
  for (int round = 0; round < 2; ++round) {
    for (const json& one : Tensors(kBase)) {
      const size_t begin = one["begin"];
      const size_t size = one["end"].get<size_t>() - begin;
      const std::string target =
          Path(kBase, "tensor") + "?name=" + one["name"].get<std::string>();
      const RawResponse whole = Fetch(target);
      EXPECT_EQ(whole.status, 200);
      EXPECT_TRUE(whole.body == base_.substr(begin, size));
      EXPECT_EQ(Field(whole, "X-Ingot-Dtype"), "BF16");
      EXPECT_EQ(Field(whole, "X-Ingot-Shape"), one["shape"].dump());
      EXPECT_EQ(Field(whole, "X-Content-Type-Options"), "nosniff");
      EXPECT_EQ(Field(Fetch(target, "", "HEAD"), "Content-Length"),
                std::to_string(size));
      const RawResponse some = Fetch(target + "&begin=3&end=11");
      EXPECT_TRUE(some.body == base_.substr(begin + 6, 16));
      EXPECT_TRUE(Fetch(target + "&begin=5").body ==
                  base_.substr(begin + 10, size - 10));
      EXPECT_EQ(Fetch(target + "&begin=5&end=5").body, "");
      const RawResponse part =
          Fetch(target + "&begin=3&end=11", "Range: bytes=1-2\r\n");
      EXPECT_EQ(part.status, 206);
      EXPECT_TRUE(part.body == base_.substr(begin + 7, 2));
      EXPECT_EQ(Field(part, "Content-Range"), "bytes 1-2/16");
      EXPECT_EQ(Fetch(target, "If-None-Match: " + Field(whole, "ETag") + "\r\n",
                      "HEAD")
                    .status,
                304);
      EXPECT_NE(Field(whole, "ETag"), Field(some, "ETag"));
      const std::string beyond = std::to_string(size / 2 + 1);
      for (const std::string& wrong :
           {"&begin=" + beyond, "&end=" + beyond, std::string("&begin=9&end=8"),
            std::string("&begin=x"), std::string("&end="),
            std::string("&begin=-1"),
            std::string("&end=18446744073709551615")}) {
        EXPECT_EQ(Fetch(target + wrong).status, 400) << wrong;
      }
    }
    EXPECT_EQ(Fetch(Path(kBase, "tensor")).status, 400);
    EXPECT_EQ(Fetch(Path(kBase, "tensor") + "?name=none").status, 404);
    Compact();
  }
}

TEST_F(NativeTest, LineageNamesBases) {
  AddFamily();
  const json base = FetchJson(Path(kBase, "lineage"));
  EXPECT_TRUE(base["bases"].empty());
  EXPECT_GT(base["stored"], base_.size() / 3);
  const json tuned = FetchJson(Path(kTuned, "lineage"));
  EXPECT_LT(tuned["stored"], base["stored"].get<uint64_t>() / 2);
  EXPECT_EQ(tuned["size"], tuned_.size());
  ASSERT_EQ(tuned["bases"].size(), 1);
  EXPECT_EQ(tuned["bases"][0], (json{{"file", OidOf(base_)},
                                     {"size", base_.size()},
                                     {"repositories", {"models/me/base"}}}));
  std::set<std::string> objects;
  for (const json& one : Tensors(kBase)) {
    if (one.contains("object")) objects.insert(one["object"]);
  }
  for (const json& one : Tensors(kTuned)) {
    if (!one.contains("object")) continue;
    EXPECT_EQ(one["stored"]["depth"], 1);
    ASSERT_EQ(one["stored"]["bases"].size(), 1);
    EXPECT_TRUE(objects.contains(one["stored"]["bases"][0]));
  }
}

TEST_F(NativeTest, ContainersAreSelfContained) {
  Add("me/base", base_);
  EXPECT_EQ(Fetch(Path(kBase, "container")).status, 409) << "staged";
  Compact();
  Add("me/tuned", tuned_);
  Compact();
  for (const auto& [repository, bytes, count] :
       {std::tuple{kBase, base_, 3}, {kTuned, tuned_, 6}}) {
    const std::string container = Container(repository);
    Known known(container);
    const auto restored = Restore(container, &known);
    ASSERT_TRUE(restored.ok()) << restored.error().message;
    EXPECT_TRUE(*restored == bytes);
    EXPECT_LT(container.size(), base_.size() * 11 / 10);
    const auto reader = OpenContainer(container);
    EXPECT_EQ(reader->object_count(), count);
    ASSERT_EQ(reader->files().size(), 1);
    EXPECT_EQ(reader->files()[0].info.path, "w/model.safetensors");
    EXPECT_EQ(reader->files()[0].info.format, "safetensors");
    // As a file: length, ranges, tags.
    const RawResponse head = Fetch(Path(repository, "container"), "", "HEAD");
    EXPECT_EQ(Field(head, "Content-Length"), std::to_string(container.size()));
    EXPECT_EQ(Field(head, "X-Linked-Size"), std::to_string(bytes.size()));
    EXPECT_EQ(Field(head, "Content-Type"), "application/x-ingot");
    for (const size_t begin : {size_t{0}, size_t{1000}, container.size() - 9}) {
      const size_t end = std::min(begin + 5000, container.size());
      const RawResponse part =
          Fetch(Path(repository, "container"),
                "If-Range: " + Field(head, "ETag") +
                    "\r\nRange: bytes=" + std::to_string(begin) + "-" +
                    std::to_string(end - 1) + "\r\n");
      EXPECT_EQ(part.status, 206);
      EXPECT_TRUE(part.body == container.substr(begin, end - begin));
    }
    EXPECT_EQ(Fetch(Path(repository, "container"),
                    "If-None-Match: " + Field(head, "ETag") + "\r\n", "HEAD")
                  .status,
              304);
  }
}

TEST_F(NativeTest, ContainersLeaveOutWhatTheClientHas) {
  AddFamily();
  std::string have;
  json list = json::array();
  MapSource objects;
  for (const json& one : Tensors(kBase)) {
    if (!one.contains("object")) continue;
    have += (have.empty() ? "?have=" : ",") + one["object"].get<std::string>();
    list.push_back(one["object"]);
    const ByteSpan bytes = BytesOf(base_).subspan(
        one["begin"], one["end"].get<size_t>() - one["begin"].get<size_t>());
    objects.Add({bytes.begin(), bytes.end()});
  }
  const std::string container = Container(kTuned, have);
  EXPECT_LT(container.size(), Container(kTuned).size() / 2);
  Known known(container, &objects);
  const auto restored = Restore(container, &known);
  ASSERT_TRUE(restored.ok()) << restored.error().message;
  EXPECT_TRUE(*restored == tuned_);
  const RawResponse posted = Send("POST " + Path(kTuned, "container"), "",
                                  json{{"have", list}}.dump());
  EXPECT_EQ(posted.status, 200);
  EXPECT_TRUE(posted.body == container);
  EXPECT_TRUE(Send("POST " + Path(kTuned, "container"), "", "{}").body ==
              Container(kTuned));
  // All of the base: a manifest.
  const std::string nothing = Container(kBase, have);
  EXPECT_LT(nothing.size(), 3000);
  Known base(nothing, &objects);
  EXPECT_TRUE(*Restore(nothing, &base) == base_);
  for (const char* wrong : {"?have=x", "?have=,", "?have=12,34"}) {
    EXPECT_EQ(Fetch(Path(kTuned, "container") + wrong).status, 400) << wrong;
  }
  for (const char* wrong :
       {"", "[]", R"({"have":1})", R"({"have":[1]})", R"({"have":["x"]})"}) {
    EXPECT_EQ(Send("POST " + Path(kTuned, "container"), "", wrong).status, 400)
        << wrong;
  }
}

TEST_F(NativeTest, ObjectsInOtherPacksAreInTheContainer) {
  Add("me/base", base_);
  Compact();
  // The same tensors under other names: all of it refers to the first pack.
  const std::string renamed = ModelFile(1, 0, "other.");
  Add("me/tuned", renamed);
  Compact();
  const std::string container = Container(kTuned);
  EXPECT_TRUE(*Restore(container, nullptr) == renamed);
  const auto reader = OpenContainer(container);
  ASSERT_EQ(reader->object_count(), 3);
  // No name of the other file is told.
  EXPECT_EQ(container.find("\"layer0"), std::string::npos);
  size_t named = 0;
  for (const Segment& segment : reader->files()[0].segments) {
    if (!segment.view) continue;
    ++named;
    EXPECT_EQ(segment.view->name.rfind("other.", 0), 0);
  }
  EXPECT_EQ(named, 4);
}

TEST_F(NativeTest, BasesAreForThoseWhoMayReadThem) {
  AddFamily();
  const std::string mine = Token(store::TokenScope::kRead, "me");
  const std::string one = RepositoryToken("me", "tuned");
  std::string have = "?have=";
  for (const json& tensor : Tensors(kBase, mine)) {
    if (!tensor.contains("object")) continue;
    have += (have.size() > 6 ? "," : "") + tensor["object"].get<std::string>();
  }
  EXPECT_FALSE(Container(kTuned, "", mine).empty());
  EXPECT_FALSE(Container(kTuned, have, mine).empty());
  const auto expect_hidden = [&](const std::string& headers) {
    EXPECT_TRUE(
        Fetch("/me/tuned/resolve/main/w/model.safetensors", headers).body ==
        tuned_);
    EXPECT_EQ(Fetch(Path(kBase, "container"), headers).status,
              headers.empty() ? 401 : 404);
    const RawResponse refused = Fetch(Path(kTuned, "container"), headers);
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(Field(refused, "X-Error-Code"), "NoContainer");
    // A delta tells of its base whoever claims to have it.
    EXPECT_EQ(Fetch(Path(kTuned, "container") + have, headers).body,
              refused.body);
    for (const json& tensor : Tensors(kTuned, headers)) {
      EXPECT_FALSE(tensor.contains("stored"));
    }
    const json lineage = FetchJson(Path(kTuned, "lineage"), headers);
    EXPECT_FALSE(lineage.contains("stored"));
    EXPECT_TRUE(lineage["bases"].empty());
  };
  expect_hidden(one);
  // Now everybody may read the one and not the other.
  ASSERT_EQ(Send("PUT /api/models/me/tuned/settings",
                 Token(store::TokenScope::kAdmin), R"({"private":false})")
                .status,
            200);
  expect_hidden("");
  expect_hidden(Token(store::TokenScope::kRead, "you"));
  // And both.
  ASSERT_EQ(Send("PUT /api/models/me/base/settings",
                 Token(store::TokenScope::kAdmin), R"({"private":false})")
                .status,
            200);
  const std::string container = Container(kTuned);
  Known known(container);
  EXPECT_TRUE(*Restore(container, &known) == tuned_);
}

TEST_F(NativeTest, WhatMayNotBeSeenIsMissing) {
  AddFamily();
  const std::string other = Token(store::TokenScope::kWrite, "you");
  for (const std::string& headers : {other, std::string()}) {
    for (const char* what : {"tensors", "tensor", "lineage", "container"}) {
      const RawResponse hidden = Fetch(Path(kBase, what), headers);
      const RawResponse missing = Fetch(Path("models/me/none", what), headers);
      EXPECT_EQ(hidden.status, headers.empty() ? 401 : 404);
      EXPECT_EQ(hidden.status, missing.status);
      EXPECT_EQ(hidden.body, missing.body);
    }
    for (const char* line :
         {"POST /api/ingot/models/me/%/have",
          "PUT /api/ingot/models/me/%/container?bytes=1",
          "POST /api/ingot/models/me/%/container/main/w/model.safetensors"}) {
      std::string hidden(line), missing(line);
      hidden.replace(hidden.find('%'), 1, "base");
      missing.replace(missing.find('%'), 1, "none");
      const RawResponse a = Send(hidden, headers, "{}");
      const RawResponse b = Send(missing, headers, "{}");
      EXPECT_EQ(a.status, headers.empty() ? 401 : 404);
      EXPECT_EQ(a.status, b.status);
      EXPECT_EQ(a.body, b.body);
    }
  }
  const std::string reader = Token(store::TokenScope::kRead, "me");
  EXPECT_EQ(Upload("me/base", "x", "1", reader).status, 403);
  EXPECT_EQ(
      Send("POST /api/ingot/models/me/base/have", reader, R"({"files": []})")
          .status,
      403);
}

TEST_F(NativeTest, HaveSaysWhatTheRepositoryHas) {
  AddFamily();
  const auto ask = [&](const json& files) {
    return Send("POST /api/ingot/models/me/tuned/have", "",
                json{{"files", files}}.dump());
  };
  const RawResponse answer =
      ask({OidOf(tuned_), OidOf(base_), OidOf("nothing"), OidOf(tuned_)});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body), (json{{"have", {OidOf(tuned_)}}}))
      << "the base is another repository's";
  EXPECT_EQ(ask(json::array()).status, 200);
  EXPECT_EQ(ask({"x"}).status, 400);
  EXPECT_EQ(ask(std::vector<std::string>(1001, OidOf("a"))).status, 400);
  EXPECT_EQ(ask(std::vector<std::string>(1000, OidOf("a"))).status, 200);
}

TEST_F(NativeTest, UploadsAreDecoded) {
  AddFamily();
  ASSERT_EQ(Create("you/copy", "").status, 200);
  const std::string container = Container(kTuned);
  const std::string size = std::to_string(tuned_.size());
  for (int round = 0; round < 2; ++round) {
    const RawResponse answer = Upload("you/copy", container, size);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(json::parse(answer.body),
              (json{{"files",
                     {{{"path", "w/model.safetensors"},
                       {"oid", OidOf(tuned_)},
                       {"size", tuned_.size()}}}}}));
  }
  EXPECT_TRUE(IsGranted("you/copy", tuned_));
  EXPECT_FALSE(IsGranted("you/copy", base_)) << "its objects are no file";
  ASSERT_EQ(Commit("you/copy", "m.safetensors", OidOf(tuned_), "").status, 200);
  EXPECT_TRUE(Fetch("/you/copy/resolve/main/m.safetensors").body == tuned_);
  // Whatever a container needs besides is found where it may be read.
  std::string have = "?have=";
  for (const json& tensor : Tensors(kBase)) {
    if (!tensor.contains("object")) continue;
    have += (have.size() > 6 ? "," : "") + tensor["object"].get<std::string>();
  }
  const std::string delta = Container(kTuned, have);
  ASSERT_EQ(Create("you/other", "").status, 200);
  const std::string yours = Token(store::TokenScope::kWrite, "you");
  const RawResponse refused = Upload("you/other", delta, size, yours);
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_FALSE(IsGranted("you/other", tuned_));
  const RawResponse taken =
      Upload("you/other", delta, size, Token(store::TokenScope::kWrite));
  EXPECT_EQ(taken.status, 200) << taken.body;
  EXPECT_TRUE(IsGranted("you/other", tuned_));
}

TEST_F(NativeTest, SeveralUploadsAtOnce) {
  AddFamily();
  const std::string container = Container(kTuned);
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    const std::string name = "you/copy" + std::to_string(i);
    ASSERT_EQ(Create(name, "").status, 200);
    threads.emplace_back([this, &container, name] {
      EXPECT_EQ(Upload(name, container, std::to_string(tuned_.size())).status,
                200);
      EXPECT_TRUE(IsGranted(name, tuned_));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

class BadUploadTest : public NativeTest {
 protected:
  BadUploadTest() {
    AddFamily();
    EXPECT_EQ(Create("you/copy", "").status, 200);
    container_ = Container(kTuned);
  }
  void ExpectRefused(const std::string& container, const std::string& bytes) {
    const RawResponse answer = Upload("you/copy", container, bytes);
    EXPECT_EQ(answer.status, 400) << answer.body.substr(0, 300);
    EXPECT_EQ(answer.body.find("staged/"), std::string::npos) << answer.body;
    EXPECT_FALSE(IsGranted("you/copy", tuned_));
    EXPECT_TRUE(store_->staging().List()->empty());
  }
  static std::string Join(const ContainerParts& parts) {
    return TextOfBytes(PutTogether(parts));
  }

  std::string container_;
  const std::string size_ = std::to_string(tuned_.size());
};

TEST_F(BadUploadTest, DoNotSayWhatTheyAre) {
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string("-1"),
        std::to_string(tuned_.size() - 1), std::string("99999999999999999")}) {
    ExpectRefused(container_, bytes);
  }
  ExpectRefused("", size_);
  ExpectRefused(tuned_, size_);
  ExpectRefused(std::string(1'000'000, '\0'), size_);
  EXPECT_EQ(
      Send("PUT /api/ingot/models/you/copy/container", "", container_).status,
      400);
}

TEST_F(BadUploadTest, AreCutOrDamaged) {
  for (size_t i = 0; i < 20; ++i) {
    ExpectRefused(container_.substr(0, container_.size() * i / 20), size_);
  }
  ExpectRefused(container_ + "x", size_);
  size_t refused = 0;
  for (size_t i = 0; i < Tries(150); ++i) {
    std::string damaged = container_;
    damaged[i * 7919 % damaged.size()] ^= static_cast<char>(1 << (i % 8));
    const RawResponse answer = Upload("you/copy", damaged, size_);
    if (answer.status == 200) {
      // What was hit is not looked at for the file.
      ASSERT_TRUE(IsGranted("you/copy", tuned_));
      const auto number = *store_->repositories().Find(
          {store::RepositoryKind::kModel, "you", "copy"});
      ASSERT_TRUE(store_->repositories()
                      .EndGrant(number->number, HashBytes(AsBytes(tuned_)))
                      .ok());
      const Status gone = store_->staging().Discard(HashBytes(AsBytes(tuned_)));
      ASSERT_TRUE(gone.ok()) << gone.error().message;
      continue;
    }
    ++refused;
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_FALSE(IsGranted("you/copy", tuned_));
    EXPECT_TRUE(store_->staging().List()->empty());
  }
  EXPECT_GT(refused, Tries(150) / 2);
}

TEST_F(BadUploadTest, Lie) {
  // About a file's digest, or its length.
  ContainerParts parts = TakeApart(AsBytes(container_));
  parts.index.files[0].id.digest.bytes[0] ^= std::byte{1};
  ExpectRefused(Join(parts), size_);
  parts = TakeApart(AsBytes(container_));
  parts.index.files[0].id = {HashBytes(AsBytes(base_)), base_.size()};
  ExpectRefused(Join(parts), size_);
  // That it needs nothing, or that it is deeper than anything here.
  for (const unsigned depth : {0u, 5u, 16u}) {
    parts = TakeApart(AsBytes(container_));
    for (ObjectEntry& object : parts.index.objects) {
      if (object.depth > 0) object.depth = depth;
    }
    ExpectRefused(Join(parts), size_);
  }
  // That what predicts it is itself coded against something.
  parts = TakeApart(AsBytes(container_));
  for (ObjectEntry& object : parts.index.objects) object.depth = 1;
  EXPECT_EQ(Upload("you/copy", Join(parts), size_).status, 200)
      << "of no concern: nothing is read twice";
}

TEST_F(BadUploadTest, HaveTooManyFiles) {
  for (const int count : {0, 1000, 1001}) {
    Bytes bytes;
    const auto sink = MakeMemorySink(&bytes);
    ContainerWriter writer(sink.get());
    ASSERT_TRUE(writer.Start().ok());
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(
          writer.BeginFile({.path = "", .format = "x", .mode = {}, .mtime = {}})
              .ok());
      ASSERT_TRUE(writer.EndFile({HashBytes({}), 0}, "").ok());
    }
    ASSERT_TRUE(writer.Finish().ok());
    EXPECT_EQ(Upload("you/copy", TextOfBytes(bytes), "0").status,
              count == 1000 ? 200 : 400);
  }
}

// What somebody began to send and did not end leaves nothing.
TEST_F(BadUploadTest, EndAmidst) {
  for (int i = 0; i < 3; ++i) {
    RawClient client(server_->port());
    client.Send(
        http::Simple(
            "PUT /api/ingot/models/you/copy/container?bytes=" + size_,
            "Content-Length: " + std::to_string(container_.size()) + "\r\n") +
        container_.substr(0, container_.size() / 2));
  }
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!storage_.List(store::kStagedFolder)->empty() &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(storage_.List(store::kStagedFolder)->empty());
  // Nor does who stops to listen.
  for (int i = 0; i < 20; ++i) {
    RawClient client(server_->port());
    client.Send(http::Simple("GET " + Path(kTuned, "container")));
  }
  EXPECT_TRUE(Container(kTuned) == container_);
}

// The work that a container may ask for.

class NoObjects final : public ingest::OutsideObjects {
 public:
  Result<uint64_t> Length(const Digest&) override {
    return Error{ErrorKind::kNotFound, "none"};
  }
  Status Read(const Digest&, uint64_t, MutableByteSpan) override {
    return Error{ErrorKind::kNotFound, "none"};
  }
};

class HashTarget final : public ingest::ImportTarget {
 public:
  Result<bool> Begin(const ObjectId& file) override {
    file_ = file;
    hasher_ = Hasher();
    return true;
  }
  Status Write(ByteSpan bytes) override {
    hasher_.Update(bytes);
    return {};
  }
  Status End() override {
    if (hasher_.Finish() != file_.digest) return Corruption("another digest");
    ++files_;
    return {};
  }
  int files_ = 0;

 private:
  ObjectId file_;
  Hasher hasher_;
};

TEST_F(BadUploadTest, AskForTooMuchWork) {
  const std::shared_ptr<const Source> source =
      MakeMemorySource(AsBytes(container_));
  for (const auto& [work, free_work, passes] :
       {std::tuple{0u, uint64_t{0}, false},
        {1u, uint64_t{0}, false},  // the deltas take more
        {4u, uint64_t{0}, true},
        {0u, uint64_t{1} << 20, true}}) {
    NoObjects none;
    HashTarget target;
    ingest::ImportLimits limits;
    limits.bytes = tuned_.size();
    limits.work = work;
    limits.free_work = free_work;
    const auto import =
        ingest::ContainerImport::Open(source, &none, limits, &target);
    ASSERT_TRUE(import.ok()) << import.error().message;
    Result<bool> more = true;
    while (more.ok() && *more) more = (*import)->Step();
    EXPECT_EQ(more.ok(), passes) << work << " " << free_work;
    EXPECT_TRUE(passes || more.error().kind == ErrorKind::kUnsupported);
    EXPECT_EQ(target.files_, passes ? 1 : 0);
  }
}

}  // namespace
}  // namespace ingot::api
