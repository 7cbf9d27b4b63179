#include "daemon/api/lfs_routes.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/digest.h"
#include "daemon/api/held_file.h"
#include "daemon/api/json_body.h"
#include "daemon/api/lfs.h"
#include "daemon/api/lfs_lock_routes.h"
#include "daemon/api/lfs_part_routes.h"
#include "daemon/api/receive_upload.h"
#include "daemon/http/content.h"
#include "daemon/ingest/stored_file.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;
using store::RepositoryName;

constexpr size_t kMaxObjects = 1000;
// Addresses in one answer.
constexpr uint64_t kMaxPartsOfBatch = 10'000;

// Addresses of uploads end with this time: batches are asked for again then.
constexpr uint64_t kUploadMilliseconds = 60 * 60 * 1000;
// Those of parts are for files that take long.
constexpr uint64_t kPartMilliseconds = 24 * kUploadMilliseconds;

// A batch, but for its objects.
struct BatchQuery {
  uint64_t repository = 0;
  bool upload = false;
  uint64_t parts = 0;  // that may still be answered
  std::string base;    // the URL of the objects
};

// How to upload `permit`'s file, at `url` or below.
json UploadAction(const Hub& hub, const UploadPermit& permit,
                  const std::string& url) {
  return {{"href", url + "?" + hub.signer->Sign(permit)},
          {"expires_in", kUploadMilliseconds / 1000}};
}

// The same in parts; each has an address.
json PartsAction(const Hub& hub, UploadPermit permit, const PartsPlan& plan,
                 const std::string& url) {
  permit.expires += kPartMilliseconds - kUploadMilliseconds;
  PartPermit part = {.whole = permit,
                     .upload = hub.multipart->NewUpload(),
                     .chunk = plan.chunk};
  const std::string parts = url + "/parts";
  json action = {{"href", parts + "?" + hub.signer->Sign(part)},
                 {"expires_in", kPartMilliseconds / 1000}};
  json header = {{"chunk_size", std::to_string(plan.chunk)}};
  for (part.part = 1; part.part <= plan.parts; ++part.part) {
    const std::string number = std::to_string(part.part);
    header[std::string(5 - number.size(), '0') + number] =
        parts + "/" + number + "?" + hub.signer->Sign(part);
  }
  action["header"] = std::move(header);
  return action;
}

// What a batch says of one object. Uploads go to addresses that need no
// credentials: the Hub's clients send none there.
Result<json> Describe(const Hub& hub, const json& object, BatchQuery* batch) {
  const BatchQuery& query = *batch;
  const std::string oid = object.is_object() ? TextOf(object, "oid") : "";
  const json size = object.is_object() ? object.value("size", json()) : json();
  json answer = {{"oid", oid}, {"size", size}};
  const auto fail = [&](int code, const char* message) {
    answer["error"] = {{"code", code}, {"message", message}};
    return answer;
  };
  const std::optional<Digest> digest = DigestOfHex(oid);
  if (!digest || !size.is_number_unsigned()) {
    return fail(422, "expected a SHA-256 and a size");
  }
  INGOT_ASSIGN(
      const std::optional<uint64_t> length,
      query.upload ? HoldFile(hub, query.repository, *digest)
                   : GrantedLength(hub.store, query.repository, *digest));
  if (length && *length != size.get<uint64_t>()) {
    return fail(422, "the object has another size");
  }
  if (query.upload == length.has_value()) {
    return query.upload ? answer : fail(404, "object not found");
  }
  const std::string url = query.base + "/" + oid;
  if (query.upload) {
    const UploadPermit permit = {
        .repository = query.repository,
        .file = *digest,
        .length = size.get<uint64_t>(),
        .expires = hub.store->tokens().now() + kUploadMilliseconds};
    auto plan =
        query.parts > 0 ? hub.multipart->Plan(permit.length) : std::nullopt;
    if (plan && plan->parts > query.parts) plan.reset();
    if (plan) batch->parts -= plan->parts;
    answer["actions"] = {{"upload", plan ? PartsAction(hub, permit, *plan, url)
                                         : UploadAction(hub, permit, url)},
                         {"verify", {{"href", query.base + "/verify"}}}};
  } else {
    answer["actions"] = {{"download", {{"href", url}}}};
  }
  return answer;
}

Result<json> DescribeAll(const Hub& hub, const json& objects,
                         BatchQuery query) {
  json described = json::array();
  // What is not answered with parts is sent as with "basic".
  bool in_parts = false;
  for (const json& object : objects) {
    INGOT_ASSIGN(json one, Describe(hub, object, &query));
    in_parts |= one.contains("/actions/upload/header"_json_pointer);
    described.push_back(std::move(one));
  }
  return json{{"transfer", in_parts ? "multipart" : "basic"},
              {"objects", std::move(described)},
              {"hash_algo", "sha256"}};
}

bool Lists(const json& array, const char* text) {
  return array.is_array() && std::ranges::find(array, text) != array.end();
}

awaitable<void> Batch(const Hub& hub, Exchange& exchange, RepositoryName name,
                      const PathParameters&) {
  const Result<json> request = co_await ReadJson(exchange);
  if (!request.ok()) {
    co_await RefuseLfsBody(exchange, request.error());
    co_return;
  }
  const std::string operation = TextOf(*request, "operation");
  const bool upload = operation == "upload";
  const json objects = request->value("objects", json());
  const std::string hash = TextOf(*request, "hash_algo");
  if ((!upload && operation != "download") || !objects.is_array() ||
      (!hash.empty() && hash != "sha256" && hash != "sha_256") ||
      !exchange.request().Header("Host")) {
    co_await RefuseLfs(exchange, 422, "not a batch of SHA-256 objects");
    co_return;
  }
  if (objects.size() > kMaxObjects) {
    co_await RefuseLfs(exchange, 413, "too many objects");
    co_return;
  }
  const auto repository = co_await FindLfsRepository(
      exchange, name, hub.store,
      upload ? auth::Right::kWrite : auth::Right::kRead);
  if (!repository) co_return;
  BatchQuery query;
  query.repository = repository->number;
  query.upload = upload;
  if (Lists(request->value("transfers", json()), "multipart")) {
    query.parts = kMaxPartsOfBatch;
  }
  query.base = LfsUrl(exchange, repository->repository.name) + "/objects";
  const Result<json> answer = DescribeAll(hub, objects, query);
  if (answer.ok()) {
    co_await RespondLfs(exchange, 200, *answer);
  } else {
    exchange.request().notes.cause = answer.error().message;
    co_await RefuseLfs(exchange, 500, "internal error");
  }
}

// Who may upload what.
struct UploadRight {
  uint64_t repository;
  Digest file;
  std::optional<uint64_t> length;  // no more
};

// Of a request to upload, by the signature of its address or by credentials.
// Nothing: not so, and the request has been answered.
awaitable<std::optional<UploadRight>> FindUploadRight(
    const Hub& hub, Exchange& exchange, const RepositoryName& path_name,
    const std::string& oid) {
  const auto file = DigestOfHex(oid);
  const http::Target& target = exchange.request().target;
  const auto name = WithoutSuffix(path_name);
  if (file && name && target.Parameter("signature")) {
    const auto found = hub.store->repositories().Find(*name);
    const auto permit =
        found.ok() && *found
            ? hub.signer->Verify(target, (*found)->number, *file,
                                 hub.store->tokens().now())
            : std::nullopt;
    if (!permit) {
      co_await RefuseLfs(exchange, 403,
                         "the address has expired, or is another's");
      co_return std::nullopt;
    }
    co_return UploadRight{permit->repository, *file, permit->length};
  }
  const auto repository = co_await FindLfsRepository(
      exchange, path_name, hub.store, auth::Right::kWrite);
  if (!repository) co_return std::nullopt;
  if (!file) {
    co_await RefuseLfs(exchange, 422, "expected a SHA-256");
    co_return std::nullopt;
  }
  co_return UploadRight{repository->number, *file, std::nullopt};
}

awaitable<void> Put(const Hub& hub, Exchange& exchange, RepositoryName name,
                    const PathParameters& path) {
  store::Store* const store = hub.store;
  const auto right =
      co_await FindUploadRight(hub, exchange, name, path.find("oid")->second);
  if (!right) co_return;
  const uint64_t limit = right->length.value_or(kMaxUploadBytes);
  const auto upload = store->staging().Begin(right->length.value_or(0));
  if (!upload.ok()) {
    co_await RefuseLfs(exchange, 507, "no space");
    co_return;
  }
  store::Staging::Upload* const running = upload->get();
  const unsigned failed =
      co_await ReceiveUpload(exchange, hub.workers, running, limit);
  if (failed != 0) {
    co_await RefuseLfs(exchange, failed, "the upload failed");
    co_return;
  }
  if (running->digest() != right->file) {
    co_await RefuseLfs(exchange, 422, "the bytes have another SHA-256");
    co_return;
  }
  const auto keep = [store, running, &right] {
    return KeepUpload(store, running, right->repository);
  };
  const Status kept = co_await hub.workers->Run(keep);
  if (kept.ok()) {
    co_await RespondLfs(exchange, 200, json::object());
  } else {
    co_await RefuseLfs(exchange, UploadStatus(exchange, kept.error()),
                       "the upload could not be kept");
  }
}

awaitable<void> Get(const Hub& hub, Exchange& exchange, RepositoryName name,
                    const PathParameters& path) {
  store::Store* const store = hub.store;
  const auto repository =
      co_await FindLfsRepository(exchange, name, store, auth::Right::kRead);
  if (!repository) co_return;
  const auto file = DigestOfHex(path.find("oid")->second);
  bool granted = false;
  if (file) {
    const auto found =
        store->repositories().IsGranted(repository->number, *file);
    granted = found.ok() && *found;
  }
  if (!granted) {
    co_await RefuseLfs(exchange, 404, "object not found");
    co_return;
  }
  const Digest digest = *file;
  const auto open = [&hub, digest] { return hub.files->Open(digest); };
  auto source = co_await hub.workers->Run(open);
  if (!source.ok()) {
    exchange.request().notes.cause = source.error().message;
    co_await RefuseLfs(exchange, 500, "internal error");
    co_return;
  }
  http::Content content;
  content.source = std::move(*source);
  content.etag = ToHex(digest);
  co_await RespondContent(exchange, hub.workers, std::move(content));
}

awaitable<void> Verify(const Hub& hub, Exchange& exchange, RepositoryName name,
                       const PathParameters&) {
  const Result<json> request = co_await ReadJson(exchange);
  const auto repository = co_await FindLfsRepository(exchange, name, hub.store,
                                                     auth::Right::kWrite);
  if (!repository) co_return;
  const auto file =
      request.ok() ? DigestOfHex(TextOf(*request, "oid")) : std::nullopt;
  if (!file) {
    co_await RefuseLfs(exchange, 422, "expected a SHA-256 and a size");
    co_return;
  }
  const auto length = GrantedLength(hub.store, repository->number, *file);
  const bool same = length.ok() && *length && request->contains("size") &&
                    request->at("size") == **length;
  if (same) {
    co_await RespondLfs(exchange, 200, json::object());
  } else {
    co_await RefuseLfs(exchange, 404, "object not found");
  }
}

}  // namespace

void AddLfsRoutes(const Hub& hub, http::Router* router) {
  AddLfsLockRoutes(hub, router);
  AddLfsPartRoutes(hub, router);
  const std::string objects = "/info/lfs/objects";
  AddContentRoute(router, "POST", objects + "/batch",
                  http::RouteInfo("git-lfs: how to transfer objects")
                      .Needs("read")
                      .Takes(kLfsType)
                      .Gives(kLfsType),
                  Bind(hub, Batch));
  AddContentRoute(router, "POST", objects + "/verify",
                  http::RouteInfo("git-lfs: whether an upload has arrived")
                      .Needs("write")
                      .Takes(kLfsType)
                      .Gives(kLfsType)
                      .Says(404, "It has not."),
                  Bind(hub, Verify));
  AddContentRoute(router, "PUT", objects + "/{oid}",
                  http::RouteInfo("git-lfs: upload an object")
                      .Needs("write")
                      .Query("signature", "Of a batch: instead of a token")
                      .Takes("application/octet-stream")
                      .Gives(kLfsType)
                      .Says(422, "The bytes have another SHA-256.")
                      .Says(507, "There is no space."),
                  Bind(hub, Put));
  AddContentRoute(
      router, "GET", objects + "/{oid}",
      http::RouteInfo("git-lfs: download an object, or ranges of it")
          .Needs("read")
          .Gives("application/octet-stream")
          .Says(206, "The ranges asked for.")
          .Says(304, "The client has it.")
          .Says(416, "No range lies within."),
      Bind(hub, Get));
}

}  // namespace ingot::api
