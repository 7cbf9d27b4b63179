// Uploads in parts, as the Hub's clients send them: hub_client.mjs has such a
// client itself.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "daemon/store/keys.h"
#include "tests/daemon/api/api_server.h"
#include "tests/daemon/http/raw_client.h"

namespace ingot::api {
namespace {

using http::RawResponse;

// How to send a file, as a batch says.
struct PartsAnswer {
  size_t chunk = 0;
  std::vector<std::string> parts;  // targets, without the origin
  std::string completion;
};

class LfsPartTest : public ApiServer {
 protected:
  void SetUp() override {
    for (size_t i = 0; i < body_.size(); ++i) {
      body_[i] = static_cast<char>(i * i >> 7);
    }
    oid_ = OidOf(body_);
    ASSERT_EQ(Create("me/model", "").status, 200);
  }

  static std::string TargetOf(const json& url) {
    const std::string text = url;
    const std::string origin = "http://localhost";
    EXPECT_TRUE(text.starts_with(origin + "/")) << text;
    return text.substr(origin.size());
  }
  json AskBatch(const json& objects, const std::string& name = "me/model") {
    const json body = {{"operation", "upload"},
                       {"transfers", {"basic", "multipart", "xet"}},
                       {"hash_algo", "sha_256"},
                       {"objects", objects}};
    const RawResponse response =
        Send("POST /" + name + ".git/info/lfs/objects/batch", "", body.dump());
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body);
  }
  PartsAnswer Begin(const std::string& body,
                    const std::string& name = "me/model") {
    const json answer =
        AskBatch({{{"oid", OidOf(body)}, {"size", body.size()}}}, name);
    EXPECT_EQ(answer["transfer"], "multipart");
    const json& upload = answer["objects"][0]["actions"]["upload"];
    PartsAnswer parts;
    parts.completion = TargetOf(upload["href"]);
    for (const auto& [key, value] : upload["header"].items()) {
      if (key == "chunk_size") {
        parts.chunk = std::stoul(value.get<std::string>());
      } else {
        EXPECT_EQ(key.size(), 5);
        parts.parts.push_back(TargetOf(value));
        EXPECT_EQ(std::stoul(key), parts.parts.size());
      }
    }
    return parts;
  }
  static std::string PartOf(const std::string& body, const PartsAnswer& answer,
                            size_t index) {
    return body.substr(index * answer.chunk, answer.chunk);
  }
  RawResponse PutPart(const std::string& target, const std::string& bytes) {
    return Send("PUT " + target, "", bytes);
  }
  static std::string EtagOf(const RawResponse& response) {
    const size_t at = response.head.find("ETag: ");
    EXPECT_NE(at, std::string::npos) << response.head;
    return response.head.substr(at + 6, 66);
  }
  RawResponse Complete(const PartsAnswer& answer, const std::string& oid,
                       const std::vector<std::string>& etags) {
    json parts = json::array();
    for (size_t i = 0; i < etags.size(); ++i) {
      parts.push_back({{"partNumber", i + 1}, {"etag", etags[i]}});
    }
    return Send("POST " + answer.completion, "",
                json{{"oid", oid}, {"parts", parts}}.dump());
  }
  // Sends parts in that order; their etags, by number.
  std::vector<std::string> SendParts(const std::string& body,
                                     const PartsAnswer& answer,
                                     const std::vector<size_t>& order) {
    std::vector<std::string> etags(answer.parts.size());
    for (const size_t index : order) {
      const RawResponse sent =
          PutPart(answer.parts[index], PartOf(body, answer, index));
      EXPECT_EQ(sent.status, 200) << sent.body;
      etags[index] = EtagOf(sent);
    }
    return etags;
  }
  // A failure unless nothing but what is staged is there.
  void ExpectNothingLeft() {
    EXPECT_EQ(multipart_.unfinished(), 0);
    store::ExpectNoOtherFiles(storage_, store_->staging());
  }
  size_t StagedFiles() { return storage_.List(store::kStagedFolder)->size(); }

  std::string body_ = std::string(350'001, '\0');
  std::string oid_;
};

TEST_F(LfsPartTest, BatchesSayHow) {
  const json large = {{"oid", oid_}, {"size", 350'001}};
  const json small = {{"oid", OidOf("s")}, {"size", 100'000}};
  // Only to those who can, and what is large.
  EXPECT_EQ(
      json::parse(
          Batch("me/model", "upload", json::array({large})).body)["transfer"],
      "basic");
  EXPECT_EQ(AskBatch(json::array({small}))["transfer"], "basic");
  const json both = AskBatch({large, small});
  EXPECT_EQ(both["transfer"], "multipart");
  EXPECT_FALSE(both["objects"][1]["actions"]["upload"].contains("header"));
  const json header = both["objects"][0]["actions"]["upload"]["header"];
  EXPECT_EQ(header["chunk_size"], "100000");
  EXPECT_EQ(header.size(), 5);
  EXPECT_TRUE(header.contains("00001") && header.contains("00004"));
  EXPECT_TRUE(both["objects"][0]["actions"].contains("verify"));
  // There are a thousand parts at most, and ten thousand in an answer.
  json huge = json::array();
  for (int i = 0; i < 12; ++i) {
    huge.push_back(
        {{"oid", OidOf(std::to_string(i))}, {"size", uint64_t{1} << 40}});
  }
  const json many = AskBatch(huge);
  for (int i = 0; i < 12; ++i) {
    const json& upload = many["objects"][i]["actions"]["upload"];
    EXPECT_EQ(upload.contains("header"), i < 10);
    if (i < 10) {
      EXPECT_EQ(upload["header"].size(), 1001);
      EXPECT_EQ(upload["header"]["chunk_size"], "1099511628");
    }
  }
  EXPECT_EQ(multipart_.unfinished(), 0) << "nothing has come";
}

TEST_F(LfsPartTest, PartsComeInAnyOrder) {
  std::vector<size_t> order = {0, 1, 2, 3};
  do {
    SCOPED_TRACE(testing::PrintToString(order));
    const PartsAnswer answer = Begin(body_);
    ASSERT_EQ(answer.parts.size(), 4);
    const auto etags = SendParts(body_, answer, order);
    EXPECT_EQ(etags[3], "\"" + OidOf(body_.substr(300'000)) + "\"");
    const RawResponse completed = Complete(answer, oid_, etags);
    ASSERT_EQ(completed.status, 200) << completed.body;
    EXPECT_TRUE(Get("me/model", oid_).body == body_);
    // Once more changes nothing.
    EXPECT_EQ(Complete(answer, oid_, etags).status, 200);
    ExpectNothingLeft();
    EXPECT_EQ(AskBatch({{{"oid", oid_}, {"size", body_.size()}}})["objects"][0]
                  .contains("actions"),
              false);
    ASSERT_EQ(
        Send("DELETE /api/repos/delete", "", json{{"name", "me/model"}}.dump())
            .status,
        200);
    ASSERT_EQ(Create("me/model", "").status, 200);
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(LfsPartTest, PartsComeAtOnceAndAgain) {
  const PartsAnswer answer = Begin(body_);
  std::vector<std::string> etags(4);
  std::vector<std::thread> threads;
  for (size_t index = 0; index < 4; ++index) {
    threads.emplace_back([&, index] {
      for (int round = 0; round < 5; ++round) {
        const RawResponse sent =
            PutPart(answer.parts[index], PartOf(body_, answer, index));
        EXPECT_EQ(sent.status, 200) << sent.body;
        etags[index] = EtagOf(sent);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Several completions: one does it, the others are told so.
  std::vector<unsigned> statuses(4);
  threads.clear();
  for (unsigned& status : statuses) {
    threads.emplace_back(
        [&] { status = Complete(answer, oid_, etags).status; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(std::ranges::count(statuses, 200u), 1);
  for (const unsigned status : statuses) {
    EXPECT_TRUE(status == 200 || status == 409 || status == 404) << status;
  }
  EXPECT_TRUE(Get("me/model", oid_).body == body_);
  ExpectNothingLeft();
}

// In order they take the place of the file, not twice as much.
TEST_F(LfsPartTest, PartsAreUsedAsTheyCome) {
  const PartsAnswer answer = Begin(body_);
  (void)SendParts(body_, answer, {0, 1, 2});
  EXPECT_EQ(StagedFiles(), 1);
  const PartsAnswer other = Begin(body_);
  (void)SendParts(body_, other, {3, 2, 1});
  EXPECT_EQ(StagedFiles(), 4);
  multipart_.Forget(0);
  EXPECT_EQ(multipart_.unfinished(), 2);
}

TEST_F(LfsPartTest, WrongPartsAreRefused) {
  const PartsAnswer answer = Begin(body_);
  EXPECT_EQ(Complete(answer, oid_, {}).status, 404);
  const std::string first = PartOf(body_, answer, 0);
  const std::string last = PartOf(body_, answer, 3);
  EXPECT_EQ(PutPart(answer.parts[0], first + "x").status, 413);
  EXPECT_EQ(PutPart(answer.parts[0], first.substr(1)).status, 422);
  EXPECT_EQ(PutPart(answer.parts[3], last + "x").status, 413);
  EXPECT_EQ(PutPart(answer.parts[3], "").status, 422);
  auto etags = SendParts(body_, answer, {3, 0});
  EXPECT_EQ(Complete(answer, oid_, {}).status, 422);
  EXPECT_EQ(Complete(answer, oid_, etags).status, 422) << "two are missing";
  // Other bytes take the place of what was not used yet.
  ASSERT_EQ(PutPart(answer.parts[2], first).status, 200);
  EXPECT_EQ(PutPart(answer.parts[0], PartOf(body_, answer, 1)).status, 409);
  EXPECT_EQ(PutPart(answer.parts[0], first).status, 200);
  const auto rest = SendParts(body_, answer, {2, 1});
  etags[1] = rest[1];
  EXPECT_EQ(Complete(answer, oid_, etags).status, 422) << "one is missing";
  etags[2] = etags[0];
  EXPECT_EQ(Complete(answer, oid_, etags).status, 422) << "one is another";
  etags[2] = rest[2];
  EXPECT_EQ(Complete(answer, OidOf("x"), etags).status, 422);
  for (const json& body :
       {json::object(), json{{"oid", oid_}}, json{{"oid", oid_}, {"parts", 1}},
        json{{"oid", oid_}, {"parts", {1}}},
        json{{"oid", oid_}, {"parts", {{{"partNumber", "1"}}}}},
        json{{"oid", oid_},
             {"parts",
              {{{"partNumber", 1}, {"etag", etags[0]}},
               {{"partNumber", 1}, {"etag", etags[0]}}}}}}) {
    EXPECT_EQ(Send("POST " + answer.completion, "", body.dump()).status, 422);
  }
  // None of that has ended it. Without quotes is as well.
  for (std::string& etag : etags) etag = etag.substr(1, 64);
  EXPECT_EQ(Complete(answer, oid_, etags).status, 200);
  EXPECT_TRUE(Get("me/model", oid_).body == body_);
  ExpectNothingLeft();
}

TEST_F(LfsPartTest, LiesAreFound) {
  const PartsAnswer answer = Begin(body_);
  std::string other = body_;
  other[200'000] ^= 1;
  const auto etags = SendParts(other, answer, {0, 1, 2, 3});
  EXPECT_EQ(Complete(answer, oid_, etags).status, 422);
  EXPECT_EQ(Complete(answer, oid_, etags).status, 404) << "it is over";
  EXPECT_EQ(Get("me/model", oid_).status, 404);
  ExpectNothingLeft();
  EXPECT_TRUE(store_->staging().List()->empty());
}

TEST_F(LfsPartTest, AddressesAreForOneThing) {
  ASSERT_EQ(Create("me/other", "").status, 200);
  const PartsAnswer answer = Begin(body_);
  const PartsAnswer again = Begin(body_);
  const std::string& target = answer.parts[0];
  const std::string first = PartOf(body_, answer, 0);
  const size_t query = target.find('?');
  const auto with = [](std::string text, const std::string& from,
                       const std::string& to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& forged :
       {target.substr(0, query), with(target, "/parts/1?", "/parts/2?"),
        with(target, "/parts/1?", "/parts/0?"),
        with(target, "/parts/1?", "/parts/x?"),
        with(target, "/me/model", "/me/other"),
        with(target, "/me/model", "/me/missing"),
        with(target, oid_, OidOf("x")), with(target, oid_, "x"),
        with(target, "size=", "size=1"), with(target, "chunk=", "chunk=1"),
        with(target, "upload=", "upload=1"),
        with(target, "expires=", "expires=1"),
        with(target, "signature=", "signature=0"),
        with(target, "&upload=", "&x="),
        // The signature of another part, of another upload, of the whole.
        target.substr(0, query) + again.parts[0].substr(query, 70) +
            target.substr(target.find("&signature=")),
        target.substr(0, query) +
            answer.completion.substr(answer.completion.find('?')),
        target.substr(0, query) +
            answer.parts[1].substr(answer.parts[1].find('?'))}) {
    EXPECT_EQ(PutPart(forged, first).status, 403) << forged;
  }
  const std::string completion = answer.completion;
  for (const std::string& forged :
       {completion.substr(0, completion.find('?')),
        completion.substr(0, completion.find('?')) + target.substr(query),
        with(completion, "/me/model", "/me/other"),
        with(completion, "upload=", "upload=1")}) {
    EXPECT_EQ(Send("POST " + forged, "", "{}").status, 403) << forged;
  }
  // It is no part, though signed.
  EXPECT_EQ(PutPart(with(completion, "/parts?", "/parts/0?"), "").status, 422);
  // Nor is the address of a part one of the whole, or the reverse.
  EXPECT_EQ(PutPart(with(target, "/parts/1", ""), body_).status, 403);
  const std::string whole = TargetOf(json::parse(
      Batch("me/model", "upload", {{{"oid", oid_}, {"size", body_.size()}}})
          .body)["objects"][0]["actions"]["upload"]["href"]);
  EXPECT_EQ(PutPart(with(whole, "?", "/parts/1?"), first).status, 403);
  // They are another repository's when it has been made anew.
  EXPECT_EQ(PutPart(target, first).status, 200);
  time_ += 24 * 60 * 60 * 1000 - 1;
  EXPECT_EQ(PutPart(target, first).status, 200);
  time_ += 1;
  EXPECT_EQ(PutPart(target, first).status, 403) << "expired";
  EXPECT_EQ(Send("POST " + completion, "", "{}").status, 403);
  const PartsAnswer later = Begin(body_);
  ASSERT_EQ(
      Send("DELETE /api/repos/delete", "", json{{"name", "me/model"}}.dump())
          .status,
      200);
  EXPECT_EQ(PutPart(later.parts[0], first).status, 403);
  ASSERT_EQ(Create("me/model", "").status, 200);
  EXPECT_EQ(PutPart(later.parts[0], first).status, 403);
}

TEST_F(LfsPartTest, SomebodyElseMayBeFirst) {
  const PartsAnswer one = Begin(body_);
  const PartsAnswer two = Begin(body_);
  auto etags = SendParts(body_, one, {0, 3});
  ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
  const auto rest = SendParts(body_, one, {1, 2});
  etags[1] = rest[1];
  etags[2] = rest[2];
  EXPECT_EQ(Complete(one, oid_, etags).status, 200);
  EXPECT_EQ(Complete(two, oid_, etags).status, 200) << "nothing had to come";
  ExpectNothingLeft();
  EXPECT_EQ(store_->staging().List()->size(), 1);
  // What another repository has is no help: it has to be sent.
  ASSERT_EQ(Create("you/other", "").status, 200);
  const PartsAnswer other = Begin(body_, "you/other");
  EXPECT_EQ(Complete(other, oid_, etags).status, 404);
  EXPECT_EQ(Complete(other, oid_, SendParts(body_, other, {0, 1, 2, 3})).status,
            200);
  EXPECT_EQ(store_->staging().List()->size(), 1) << "kept once";
}

TEST_F(LfsPartTest, UnfinishedOnesAreFewAndEnd) {
  ASSERT_EQ(Create("you/a", "").status, 200);
  ASSERT_EQ(Create("you/b", "").status, 200);
  const std::string first = body_.substr(0, 100'000);
  const auto begin = [&](const std::string& name) {
    return PutPart(Begin(body_, name).parts[0], first).status;
  };
  const PartsAnswer kept = Begin(body_);
  EXPECT_EQ(PutPart(kept.parts[0], first).status, 200);
  EXPECT_EQ(begin("me/model"), 200);
  EXPECT_EQ(begin("me/model"), 200);
  EXPECT_EQ(begin("me/model"), 503) << "of one repository";
  EXPECT_EQ(begin("you/a"), 200);
  EXPECT_EQ(begin("you/b"), 200);
  EXPECT_EQ(begin("you/a"), 503) << "of all";
  EXPECT_EQ(PutPart(kept.parts[1], PartOf(body_, kept, 1)).status, 200);
  EXPECT_EQ(StagedFiles(), 5);
  time_ += 60 * 60 * 1000 - 1;
  EXPECT_EQ(PutPart(kept.parts[2], PartOf(body_, kept, 2)).status, 200);
  multipart_.Expire();
  EXPECT_EQ(multipart_.unfinished(), 5);
  time_ += 1;
  multipart_.Expire();
  EXPECT_EQ(multipart_.unfinished(), 1);
  EXPECT_EQ(StagedFiles(), 1);
  EXPECT_EQ(begin("me/model"), 200);
  EXPECT_EQ(PutPart(kept.parts[3], PartOf(body_, kept, 3)).status, 200);
  std::vector<std::string> etags;
  for (size_t i = 0; i < 4; ++i) etags.push_back(OidOf(PartOf(body_, kept, i)));
  EXPECT_EQ(Complete(kept, oid_, etags).status, 200);
  time_ += 60 * 60 * 1000;
  multipart_.Expire();
  ExpectNothingLeft();
}

TEST_F(LfsPartTest, FullDisksAreSaid) {
  const PartsAnswer answer = Begin(body_);
  const std::string first = PartOf(body_, answer, 0);
  storage_.SetFreeBytes(0);
  EXPECT_EQ(PutPart(answer.parts[0], first).status, 507);
  storage_.SetFreeBytes(UINT64_MAX);
  EXPECT_EQ(PutPart(answer.parts[0], first).status, 200);
  EXPECT_EQ(
      Complete(answer, oid_, SendParts(body_, answer, {3, 2, 1, 0})).status,
      200);
  ExpectNothingLeft();
}

// Each operation of storage fails in turn: nothing wrong is kept, nothing is
// left, and the next upload succeeds.
TEST_F(LfsPartTest, StorageMayFail) {
  bool done = false;
  int failures = 0;
  for (uint64_t fault = 0; !done; ++fault) {
    SCOPED_TRACE(fault);
    ASSERT_LT(fault, 1000);
    const PartsAnswer answer = Begin(body_);
    const uint64_t first = storage_.operations() + fault;
    storage_.Fail(first, first + 1, ErrorKind::kIo);
    std::vector<std::string> etags;
    for (const size_t index : {1, 0, 2, 3}) {
      (void)PutPart(answer.parts[index], PartOf(body_, answer, index));
    }
    for (size_t i = 0; i < 4; ++i) {
      etags.push_back(OidOf(PartOf(body_, answer, i)));
    }
    const RawResponse completed = Complete(answer, oid_, etags);
    done = storage_.operations() <= first;
    storage_.Heal();
    if (completed.status == 200) {
      EXPECT_TRUE(Get("me/model", oid_).body == body_);
    } else {
      ++failures;
      EXPECT_EQ(Get("me/model", oid_).status, 404);
    }
    time_ += 60 * 60 * 1000;
    multipart_.Expire();
    EXPECT_EQ(multipart_.unfinished(), 0);
    ASSERT_EQ(Put("me/model", oid_, body_).status, 200);
    ASSERT_EQ(
        Send("DELETE /api/repos/delete", "", json{{"name", "me/model"}}.dump())
            .status,
        200);
    ASSERT_TRUE(store_->staging().Discard(HashBytes(AsBytes(body_))).ok());
    ASSERT_EQ(Create("me/model", "").status, 200);
  }
  EXPECT_GT(failures, 5);
}

}  // namespace
}  // namespace ingot::api
