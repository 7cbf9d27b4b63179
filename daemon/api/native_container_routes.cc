#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/api/authenticate.h"
#include "daemon/api/held_file.h"
#include "daemon/api/hub_file.h"
#include "daemon/api/json_body.h"
#include "daemon/api/native_routes.h"
#include "daemon/api/object_access.h"
#include "daemon/http/content.h"
#include "daemon/ingest/file_container.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;
using store::RepositoryName;

constexpr size_t kMaxDigests = 65'536;
constexpr size_t kMaxFiles = 1000;

Error NotDigests(const char* member) {
  return InvalidArgument(std::string(member) + ": expected SHA-256 digests");
}

// A member of a body that is a list of digests, at most `most`.
Result<std::set<Digest>> DigestsOf(const json& body, const char* member,
                                   size_t most) {
  const auto list = body.find(member);
  std::set<Digest> digests;
  if (list == body.end()) return digests;
  if (!list->is_array() || list->size() > most) return NotDigests(member);
  for (const json& one : *list) {
    const auto digest = one.is_string() ? DigestOfHex(one.get<std::string>())
                                        : std::optional<Digest>();
    if (!digest) return NotDigests(member);
    digests.insert(*digest);
  }
  return digests;
}

// The same of a parameter, separated by commas; a target is short.
Result<std::set<Digest>> DigestsOf(std::string_view text) {
  std::set<Digest> digests;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const auto digest = DigestOfHex(text.substr(0, comma));
    if (!digest) return NotDigests("have");
    digests.insert(*digest);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return digests;
}

Result<ContainerAssembler::Assembled> Assemble(const Hub& hub,
                                               const HubEntry& file,
                                               std::set<Digest> have,
                                               const auth::Principal& who) {
  if (!file.lfs) return Error{ErrorKind::kNotFound, "a small file"};
  ObjectAccess access(hub.store, hub.files->objects(), who);
  ingest::FileContainerQuery query;
  query.file = file.lfs->file;
  query.path = file.path;
  query.have = std::move(have);
  query.may_know = [&](const Digest& object) {
    return access.MayReadObject(object);
  };
  return ingest::AssembleFile(hub.store, hub.files->objects(), query);
}

awaitable<void> Send(const Hub& hub, Exchange& exchange, const HubFile& found,
                     std::set<Digest> have) {
  const auto who = co_await FindPrincipal(exchange, hub.store->tokens());
  if (!who) co_return;
  const auto assemble = [&] {
    return Assemble(hub, found.entry, std::move(have), *who);
  };
  auto assembled = co_await hub.workers->Run(assemble);
  if (!assembled.ok()) {
    if (assembled.error().kind != ErrorKind::kNotFound) {
      co_await http::RespondError(exchange, assembled.error());
      co_return;
    }
    // One answer, whatever there is not or may not be known.
    co_await RespondHubError(exchange, 409, "NoContainer",
                             "there is no container of the file that could be "
                             "given: download the file itself",
                             CommitHeader(found.place.commit));
    co_return;
  }
  http::Content content;
  content.etag = ToHex(assembled->identity);
  content.type = kContainerType;
  content.headers = FileHeaders(found);
  content.source = std::move(assembled->source);
  co_await http::RespondContent(exchange, hub.workers, std::move(content));
}

awaitable<void> Get(const Hub& hub, Exchange& exchange, RepositoryName name,
                    const PathParameters& path) {
  const auto found = co_await FindHubFile(exchange, hub, name, path);
  if (!found) co_return;
  Result<std::set<Digest>> have = DigestsOf(
      exchange.request().target.Parameter("have").value_or(std::string_view()));
  if (!have.ok()) {
    co_await http::RespondError(exchange, have.error());
    co_return;
  }
  co_await Send(hub, exchange, *found, std::move(*have));
}

awaitable<void> Post(const Hub& hub, Exchange& exchange, RepositoryName name,
                     const PathParameters& path) {
  const Result<json> body = co_await ReadJson(exchange);
  const auto found = co_await FindHubFile(exchange, hub, name, path);
  if (!found) co_return;
  if (!body.ok()) {
    co_await http::RespondError(exchange, body.error());
    co_return;
  }
  Result<std::set<Digest>> have = DigestsOf(*body, "have", kMaxDigests);
  if (!have.ok()) {
    co_await http::RespondError(exchange, have.error());
    co_return;
  }
  co_await Send(hub, exchange, *found, std::move(*have));
}

Result<json> HaveJson(const Hub& hub, uint64_t repository,
                      const std::set<Digest>& files) {
  json have = json::array();
  for (const Digest& file : files) {
    INGOT_ASSIGN(const auto held, HoldFile(hub, repository, file));
    if (held) have.push_back(ToHex(file));
  }
  return json{{"have", std::move(have)}};
}

awaitable<void> Have(const Hub& hub, Exchange& exchange, RepositoryName name,
                     const PathParameters&) {
  const Result<json> body = co_await ReadJson(exchange);
  const auto repository = co_await FindHubRepository(exchange, hub.store, name,
                                                     auth::Right::kWrite);
  if (!repository) co_return;
  if (!body.ok()) {
    co_await http::RespondError(exchange, body.error());
    co_return;
  }
  const auto files = DigestsOf(*body, "files", kMaxFiles);
  if (!files.ok()) {
    co_await http::RespondError(exchange, files.error());
    co_return;
  }
  const auto look = [&] { return HaveJson(hub, repository->number, *files); };
  const Result<json> answer = co_await hub.workers->Run(look);
  if (!answer.ok()) {
    co_await http::RespondError(exchange, answer.error());
    co_return;
  }
  co_await RespondHub(exchange, *answer);
}

http::RouteInfo ContainerInfo() {
  return ReadInfo("A file as a container, or ranges of it")
      .Gives(kContainerType)
      .Says(206, "The ranges asked for.")
      .Says(304, "The client has it.")
      .Says(409, "There is none; the file itself can be had.")
      .Says(416, "No range lies within.");
}

}  // namespace

void AddNativeContainerRoutes(const Hub& hub, http::Router* router) {
  AddNativeRoute(
      router, "GET", "/container/{revision}/{path*}",
      ContainerInfo().Query("have", "Objects that the client has, by SHA-256"),
      Bind(hub, Get));
  AddNativeRoute(router, "POST", "/container/{revision}/{path*}",
                 ContainerInfo().Takes("application/json"), Bind(hub, Post));
  AddNativeRoute(router, "POST", "/have",
                 http::RouteInfo("Which files need not be sent")
                     .Needs("write")
                     .Takes("application/json"),
                 Bind(hub, Have));
}

void AddNativeRoutes(const Hub& hub, http::Router* router) {
  AddNativeTensorRoutes(hub, router);
  AddNativeContainerRoutes(hub, router);
  AddNativeUploadRoutes(hub, router);
}

}  // namespace ingot::api
