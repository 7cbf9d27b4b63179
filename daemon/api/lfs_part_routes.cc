#include "daemon/api/lfs_part_routes.h"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "codec/digest.h"
#include "daemon/api/json_body.h"
#include "daemon/api/held_file.h"
#include "daemon/api/lfs.h"
#include "daemon/api/receive_upload.h"
#include "daemon/api/multipart_uploads.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;
using store::RepositoryName;

// What a request's address permits, if it is signed and has not expired.
std::optional<PartPermit> FindPermit(const Hub& hub, const Exchange& exchange,
                                     const RepositoryName& path_name,
                                     const PathParameters& path) {
  const auto name = WithoutSuffix(path_name);
  const auto file = DigestOfHex(ValueOf(path, "oid"));
  std::optional<uint64_t> part = 0;
  if (path.contains("part")) part = http::ParseNumber(ValueOf(path, "part"));
  if (!name || !file || !part) return std::nullopt;
  const auto found = hub.store->repositories().Find(*name);
  if (!found.ok() || !*found) return std::nullopt;
  return hub.signer->VerifyPart(exchange.request().target, (*found)->number,
                                *file, *part, hub.store->tokens().now());
}

awaitable<Status> RefusePart(Exchange& exchange, const Error& error) {
  switch (error.kind) {
    case ErrorKind::kInvalidArgument:
      return RefuseLfs(exchange, 422, error.message);
    case ErrorKind::kNotFound:
      return RefuseLfs(exchange, 404, error.message);
    case ErrorKind::kConflict:
      return RefuseLfs(exchange, 409, error.message);
    case ErrorKind::kUnavailable:
      return RefuseLfs(exchange, 503, error.message);
    default:
      return RefuseLfs(exchange, UploadStatus(exchange, error),
                       "the upload failed");
  }
}

awaitable<void> PutPart(const Hub& hub, Exchange& exchange, RepositoryName name,
                        const PathParameters& path) {
  const auto permit = FindPermit(hub, exchange, name, path);
  if (!permit) {
    co_await RefuseLfs(exchange, 403,
                       "the address has expired, or is another's");
    co_return;
  }
  auto part = hub.multipart->BeginPart(*permit);
  if (!part.ok()) {
    co_await RefusePart(exchange, part.error());
    co_return;
  }
  const unsigned failed = co_await ReceiveUpload(
      exchange, hub.workers, (*part)->upload(), (*part)->length());
  if (failed != 0) {
    co_await RefuseLfs(exchange, failed, "the upload failed");
    co_return;
  }
  const auto keep = [&] { return hub.multipart->KeepPart(std::move(*part)); };
  const Result<std::string> kept = co_await hub.workers->Run(keep);
  if (!kept.ok()) {
    co_await RefusePart(exchange, kept.error());
    co_return;
  }
  http::ResponseHead head;
  head.headers.emplace_back("Content-Type", kLfsType);
  head.headers.emplace_back("ETag", "\"" + *kept + "\"");
  std::string body = "{}\n";
  co_await exchange.Respond(std::move(head), std::move(body));
}

// The parts that a completion names; nothing where it is none.
std::optional<std::map<uint64_t, std::string>> ParseParts(const json& body) {
  std::map<uint64_t, std::string> etags;
  const json parts = body.value("parts", json());
  if (!parts.is_array()) return std::nullopt;
  for (const json& part : parts) {
    if (!part.is_object()) return std::nullopt;
    const json number = part.value("partNumber", json());
    std::string etag = TextOf(part, "etag");
    if (etag.size() > 1 && etag.starts_with('"') && etag.ends_with('"')) {
      etag = etag.substr(1, etag.size() - 2);
    }
    if (!number.is_number_unsigned() ||
        !etags.emplace(number.get<uint64_t>(), std::move(etag)).second) {
      return std::nullopt;
    }
  }
  return etags;
}

Status CompleteUpload(const Hub& hub, const PartPermit& permit,
                      const std::map<uint64_t, std::string>& etags) {
  // Somebody else's upload of the file may have come first.
  INGOT_ASSIGN(
      const auto length,
      GrantedLength(hub.store, permit.whole.repository, permit.whole.file));
  if (!length) return hub.multipart->Complete(permit, etags);
  hub.multipart->Forget(permit.upload);
  return {};
}

awaitable<void> Complete(const Hub& hub, Exchange& exchange,
                         RepositoryName name, const PathParameters& path) {
  const auto permit = FindPermit(hub, exchange, name, path);
  if (!permit) {
    co_await RefuseLfs(exchange, 403,
                       "the address has expired, or is another's");
    co_return;
  }
  const Result<json> body = co_await ReadJson(exchange);
  if (!body.ok()) {
    co_await RefuseLfsBody(exchange, body.error());
    co_return;
  }
  const auto etags = ParseParts(*body);
  if (!etags || TextOf(*body, "oid") != ValueOf(path, "oid")) {
    co_await RefuseLfs(exchange, 422, "expected an oid and its parts");
    co_return;
  }
  const auto complete = [&] { return CompleteUpload(hub, *permit, *etags); };
  const Status completed = co_await hub.workers->Run(complete);
  if (completed.ok()) {
    co_await RespondLfs(exchange, 200, json::object());
  } else {
    co_await RefusePart(exchange, completed.error());
  }
}

http::RouteInfo WithSignature(http::RouteInfo info) {
  return info.Query("signature", "Of a batch, with all else of the query")
      .Gives(kLfsType)
      .Says(403, "The address has expired, or is another's.")
      .Says(507, "There is no space.");
}

}  // namespace

void AddLfsPartRoutes(const Hub& hub, http::Router* router) {
  const std::string parts = "/info/lfs/objects/{oid}/parts";
  AddContentRoute(router, "PUT", parts + "/{part}",
                  WithSignature(http::RouteInfo("Upload a part of an object"))
                      .Takes("application/octet-stream")
                      .Says(409, "It has come with other bytes, and was used.")
                      .Says(422, "It has another length.")
                      .Says(503, "There are too many unfinished uploads."),
                  Bind(hub, PutPart));
  AddContentRoute(
      router, "POST", parts,
      WithSignature(http::RouteInfo("Put the parts of an object together"))
          .Takes(kLfsType)
          .Says(404, "No part has come.")
          .Says(409, "Somebody does so now.")
          .Says(422, "A part is missing, or the bytes have another SHA-256."),
      Bind(hub, Complete));
}

}  // namespace ingot::api
