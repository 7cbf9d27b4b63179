#include "daemon/api/lfs_routes.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "codec/digest.h"
#include "daemon/api/authenticate.h"
#include "daemon/api/json_body.h"
#include "daemon/api/repository_access.h"
#include "daemon/http/content.h"
#include "daemon/ingest/stored_file.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;

constexpr std::string_view kType = "application/vnd.git-lfs+json";
constexpr size_t kMaxObjects = 1000;
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 40;
constexpr size_t kGatheredBytes = 1 << 20;

awaitable<Status> RespondLfs(Exchange& exchange, unsigned status,
                             const json& body) {
  http::ResponseHead head = {.status = status, .headers = {}};
  head.headers.emplace_back("Content-Type", kType);
  if (status == 401) {
    head.headers.emplace_back("LFS-Authenticate", kChallenge);
    head.headers.emplace_back("WWW-Authenticate", kChallenge);
  }
  return exchange.Respond(
      std::move(head),
      body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

awaitable<Status> RefuseLfs(Exchange& exchange, unsigned status,
                            const std::string& message) {
  return RespondLfs(exchange, status, json{{"message", message}});
}

// "name.git" of a path's last segment but those of git-lfs.
std::optional<store::RepositoryName> NameOf(const PathParameters& path) {
  constexpr std::string_view kSuffix = ".git";
  std::string name = path.find("name")->second;
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.resize(name.size() - kSuffix.size());
  return store::RepositoryName{.kind = store::RepositoryKind::kModel,
                               .space = path.find("space")->second,
                               .name = std::move(name)};
}

// The repository of a path, if whoever sent the request may have it so.
// Nothing: not so, and the request has been answered.
awaitable<std::optional<store::RepositoryInfo>> FindLfsRepository(
    Exchange& exchange, const PathParameters& path, store::Store* store,
    auth::Right right) {
  const auto name = NameOf(path);
  std::variant<store::RepositoryInfo, Refusal> access =
      Refusal{404, "repository not found"};
  if (name) access = FindAccess(exchange.request(), store, *name, right);
  if (const auto* refusal = std::get_if<Refusal>(&access)) {
    co_await RefuseLfs(exchange, refusal->status, refusal->message);
    co_return std::nullopt;
  }
  co_return std::get<store::RepositoryInfo>(std::move(access));
}

// Of a file that a repository is granted; nothing: it is not.
Result<std::optional<uint64_t>> GrantedLength(store::Store* store,
                                              uint64_t repository,
                                              const Digest& file) {
  INGOT_ASSIGN(const bool granted,
               store->repositories().IsGranted(repository, file));
  if (!granted) return std::optional<uint64_t>();
  INGOT_ASSIGN(const std::optional<uint64_t> length,
               ingest::StoredLength(store, file));
  if (length) return length;
  return Corruption(ToHex(file) + ": granted, and neither staged nor packed");
}

// What a batch says of one object. `base`: the URL of the objects.
Result<json> Describe(store::Store* store, uint64_t repository, bool upload,
                      const std::string& base, const json& object) {
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
  INGOT_ASSIGN(const std::optional<uint64_t> length,
               GrantedLength(store, repository, *digest));
  if (length && *length != size.get<uint64_t>()) {
    return fail(422, "the object has another size");
  }
  if (upload == length.has_value()) {
    return upload ? answer : fail(404, "object not found");
  }
  const std::string url = base + "/" + oid;
  if (upload) {
    answer["actions"] = {{"upload", {{"href", url}}},
                         {"verify", {{"href", base + "/verify"}}}};
  } else {
    answer["actions"] = {{"download", {{"href", url}}}};
  }
  return answer;
}

Result<json> DescribeAll(store::Store* store, uint64_t repository, bool upload,
                         const std::string& base, const json& objects) {
  json described = json::array();
  for (const json& object : objects) {
    INGOT_ASSIGN(json one, Describe(store, repository, upload, base, object));
    described.push_back(std::move(one));
  }
  return json{{"transfer", "basic"},
              {"objects", std::move(described)},
              {"hash_algo", "sha256"}};
}

std::string BaseUrl(const Exchange& exchange,
                    const store::RepositoryName& name) {
  return "http://" + std::string(*exchange.request().Header("Host")) + "/" +
         name.space + "/" + name.name + ".git/info/lfs/objects";
}

awaitable<void> Batch(store::Store* store, Exchange& exchange,
                      const PathParameters& path) {
  const Result<json> request = co_await ReadJson(exchange);
  if (!request.ok()) {
    co_await RefuseLfs(
        exchange,
        request.error().kind == ErrorKind::kResourceExhausted ? 413 : 422,
        request.error().message);
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
      exchange, path, store, upload ? auth::Right::kWrite : auth::Right::kRead);
  if (!repository) co_return;
  const Result<json> answer =
      DescribeAll(store, repository->number, upload,
                  BaseUrl(exchange, repository->repository.name), objects);
  if (answer.ok()) {
    co_await RespondLfs(exchange, 200, *answer);
  } else {
    co_await RefuseLfs(exchange, 500, "internal error");
  }
}

// Of an upload that the store did not take.
unsigned UploadStatus(const Error& error) {
  return error.kind == ErrorKind::kResourceExhausted ? 507 : 500;
}

// The body into `upload`. An HTTP status where that fails; 0: it is there.
awaitable<unsigned> Receive(Exchange& exchange, http::Workers* workers,
                            store::Staging::Upload* upload) {
  // Written in larger pieces than they come: each costs two changes of thread.
  std::vector<std::byte> gathered;
  gathered.reserve(kGatheredBytes);
  while (true) {
    const Result<ByteSpan> piece = co_await exchange.ReadBody(kMaxFileBytes);
    if (!piece.ok()) {
      co_return piece.error().kind == ErrorKind::kResourceExhausted ? 413 : 400;
    }
    gathered.insert(gathered.end(), piece->begin(), piece->end());
    const bool last = piece->empty();
    if (!last && gathered.size() + piece->size() <= kGatheredBytes) continue;
    const auto write = [upload, &gathered] { return upload->Write(gathered); };
    const Status written = co_await workers->Run(write);
    if (!written.ok()) {
      co_return UploadStatus(written.error());
    }
    gathered.clear();
    if (last) co_return 0;
  }
}

// Makes an upload part of the store, and the repository's.
Status Keep(store::Store* store, store::Staging::Upload* upload,
            uint64_t repository, const Digest& file) {
  INGOT_ASSIGN(const store::StagedRecord staged, upload->Finish());
  (void)staged;
  return store->repositories().Grant(repository, file);
}

awaitable<void> Put(store::Store* store, http::Workers* workers,
                    Exchange& exchange, const PathParameters& path) {
  const auto repository =
      co_await FindLfsRepository(exchange, path, store, auth::Right::kWrite);
  if (!repository) co_return;
  const uint64_t number = repository->number;
  const auto file = DigestOfHex(path.find("oid")->second);
  if (!file) {
    co_await RefuseLfs(exchange, 422, "expected a SHA-256");
    co_return;
  }
  const auto upload = store->staging().Begin();
  if (!upload.ok()) {
    co_await RefuseLfs(exchange, 507, "no space");
    co_return;
  }
  store::Staging::Upload* const running = upload->get();
  const unsigned failed = co_await Receive(exchange, workers, running);
  if (failed != 0) {
    co_await RefuseLfs(exchange, failed, "the upload failed");
    co_return;
  }
  if (running->digest() != *file) {
    co_await RefuseLfs(exchange, 422, "the bytes have another SHA-256");
    co_return;
  }
  const Digest digest = *file;
  const auto keep = [store, running, number, digest] {
    return Keep(store, running, number, digest);
  };
  const Status kept = co_await workers->Run(keep);
  if (kept.ok()) {
    co_await RespondLfs(exchange, 200, json::object());
  } else {
    co_await RefuseLfs(exchange, UploadStatus(kept.error()),
                       "the upload could not be kept");
  }
}

awaitable<void> Get(store::Store* store, http::Workers* workers,
                    Exchange& exchange, const PathParameters& path) {
  const auto repository =
      co_await FindLfsRepository(exchange, path, store, auth::Right::kRead);
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
  const auto open = [store, digest] {
    return ingest::OpenStoredFile(store, digest);
  };
  auto source = co_await workers->Run(open);
  if (!source.ok()) {
    co_await RefuseLfs(exchange, 500, "internal error");
    co_return;
  }
  http::Content content = {.source = std::move(*source), .etag = ToHex(digest)};
  co_await RespondContent(exchange, workers, std::move(content));
}

awaitable<void> Verify(store::Store* store, Exchange& exchange,
                       const PathParameters& path) {
  const Result<json> request = co_await ReadJson(exchange);
  const auto repository =
      co_await FindLfsRepository(exchange, path, store, auth::Right::kWrite);
  if (!repository) co_return;
  const auto file =
      request.ok() ? DigestOfHex(TextOf(*request, "oid")) : std::nullopt;
  if (!file) {
    co_await RefuseLfs(exchange, 422, "expected a SHA-256 and a size");
    co_return;
  }
  const auto length = GrantedLength(store, repository->number, *file);
  const bool same = length.ok() && *length && request->contains("size") &&
                    request->at("size") == **length;
  if (same) {
    co_await RespondLfs(exchange, 200, json::object());
  } else {
    co_await RefuseLfs(exchange, 404, "object not found");
  }
}

}  // namespace

void AddLfsRoutes(store::Store* store, http::Workers* workers,
                  http::Router* router) {
  const std::string objects = "/{space}/{name}/info/lfs/objects";
  router->Add("POST", objects + "/batch",
              [store](Exchange& exchange, const PathParameters& path) {
                return Batch(store, exchange, path);
              });
  router->Add("POST", objects + "/verify",
              [store](Exchange& exchange, const PathParameters& path) {
                return Verify(store, exchange, path);
              });
  router->Add("PUT", objects + "/{oid}",
              [store, workers](Exchange& exchange, const PathParameters& path) {
                return Put(store, workers, exchange, path);
              });
  router->Add("GET", objects + "/{oid}",
              [store, workers](Exchange& exchange, const PathParameters& path) {
                return Get(store, workers, exchange, path);
              });
}

}  // namespace ingot::api
