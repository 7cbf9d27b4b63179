#include "tools/hub/hub_transfer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "tools/hub/hub_client.h"
#include "tools/hub/json_fields.h"
#include "tools/hub/url.h"

namespace ingot {
namespace {

using nlohmann::json;

constexpr size_t kMaxBatchAnswer = size_t{4} << 20;
constexpr size_t kMaxActionHeaders = 20;
constexpr size_t kMaxEtag = 200;
constexpr char kLfsType[] = "application/vnd.git-lfs+json";

// What may stand in a header.
bool IsHeaderText(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; });
}

// One that may be sent back in If-Range: a strong one.
std::string UsableEtag(const std::string& etag) {
  const bool usable = etag.size() >= 2 && etag.size() <= kMaxEtag &&
                      etag.starts_with('"') && etag.ends_with('"') &&
                      IsHeaderText(etag);
  return usable ? etag : "";
}

class HubTransfer final : public Transfer {
 public:
  HubTransfer(const HttpOptions& options, RepositoryId repository)
      : repository_(std::move(repository)), http_(options) {}

  Result<std::string> Fetch(
      const FetchRequest& request, const std::function<Status()>& restart,
      const std::function<Status(ByteSpan)>& consume) override;
  Result<std::vector<SendTicket>> Offer(
      std::span<const ContentId> files) override;
  Status Send(const SendTicket& ticket, const Source& bytes) override;

 private:
  Result<SendTicket> ParseTicket(const ContentId& id, const json& object);
  Status Verify(const SendTicket& ticket);

  const RepositoryId repository_;
  HttpClient http_;
};

// Whether the head of an answer promises the part that was asked for.
Status CheckPart(const FetchRequest& request, const HttpResponse& head) {
  if (!request.etag.empty() && head.etag != request.etag) {
    return Error{ErrorKind::kConflict,
                 request.path + ": is another file than before"};
  }
  if (head.status == 206) {
    const std::string expected = "bytes " + std::to_string(request.begin) +
                                 "-" + std::to_string(request.end - 1) + "/" +
                                 std::to_string(request.size);
    if (head.content_range == expected) return {};
    return Corruption(request.path + ": expected \"" + expected +
                      "\", the server sends \"" +
                      head.content_range.substr(0, 100) + "\"");
  }
  const bool whole = request.begin == 0 && request.end == request.size;
  if (head.status == 200 && whole) return {};
  return Corruption(request.path + (head.status == 200
                                        ? ": a part was asked for, the server "
                                          "sends all of it"
                                        : ": the server answers " +
                                              std::to_string(head.status)));
}

Result<std::string> HubTransfer::Fetch(
    const FetchRequest& request, const std::function<Status()>& restart,
    const std::function<Status(ByteSpan)>& consume) {
  HttpRequest asked = {.url = repository_.PagePath() + "/resolve/" +
                              request.commit + "/" +
                              EscapeForUrl(request.path, true)};
  if (request.begin != 0 || request.end != request.size) {
    asked.headers.push_back("Range: bytes=" + std::to_string(request.begin) +
                            "-" + std::to_string(request.end - 1));
    if (!request.etag.empty()) {
      asked.headers.push_back("If-Range: " + request.etag);
    }
  }
  uint64_t left = 0;
  const HttpConsumer consumer = {
      .begin = [&](const HttpResponse& head) -> Status {
        INGOT_TRY(CheckPart(request, head));
        left = request.end - request.begin;
        return restart();
      },
      .write = [&](ByteSpan bytes) -> Status {
        if (bytes.size() > left) {
          return Corruption(request.path + ": the server sends more than " +
                            std::to_string(request.end - request.begin) +
                            " bytes");
        }
        left -= bytes.size();
        return consume(bytes);
      }};
  INGOT_ASSIGN(const HttpResponse response, http_.Stream(asked, consumer));
  if (!response.ok()) return ErrorOfResponse(request.path, response);
  if (left != 0) {
    return Corruption(request.path + ": the server sends " +
                      std::to_string(left) + " bytes too few");
  }
  return UsableEtag(response.etag);
}

Result<SendTicket> HubTransfer::ParseTicket(const ContentId& id,
                                            const json& object) {
  SendTicket ticket = {.id = id};
  const json& error = Field(object, "error");
  if (error.is_object()) {
    return Error{ErrorKind::kInvalidArgument,
                 repository_.Text() + ": " + id.hex + ": " +
                     TextField(error, "message").substr(0, 500)};
  }
  const json& actions = Field(object, "actions");
  const json& upload = Field(actions, "upload");
  if (!upload.is_object()) {
    ticket.is_there = true;
    return ticket;
  }
  ticket.address = TextField(upload, "href");
  ticket.verify_address = TextField(Field(actions, "verify"), "href");
  if (OriginOfUrl(ticket.address).empty() ||
      (!ticket.verify_address.empty() &&
       OriginOfUrl(ticket.verify_address).empty())) {
    return Corruption(repository_.Text() + ": " + id.hex +
                      ": no address to send it to");
  }
  const json& headers = Field(upload, "header");
  for (const auto& [name, value] : headers.items()) {
    const std::string text = TextField(headers, name.c_str());
    if (!IsHeaderText(name) || !IsHeaderText(text) || name.empty() ||
        name.find(':') != std::string::npos ||
        ticket.headers.size() == kMaxActionHeaders) {
      return Corruption(repository_.Text() + ": " + id.hex +
                        ": headers that are none");
    }
    ticket.headers.push_back(name + ": " + text);
  }
  return ticket;
}

Result<std::vector<SendTicket>> HubTransfer::Offer(
    std::span<const ContentId> files) {
  json objects = json::array();
  for (const ContentId& file : files) {
    objects.push_back({{"oid", file.hex}, {"size", file.size}});
  }
  const std::string body = JsonLine({{"operation", "upload"},
                                     {"transfers", {"basic"}},
                                     {"hash_algo", "sha256"},
                                     {"objects", std::move(objects)}});
  const std::string accept = std::string("Accept: ") + kLfsType;
  const std::string type = std::string("Content-Type: ") + kLfsType;
  INGOT_ASSIGN(
      const HttpResponse response,
      http_.Ask({.method = "POST",
                 .url = repository_.PagePath() + ".git/info/lfs/objects/batch",
                 .headers = {accept, type},
                 .may_repeat = true,
                 .text = body},
                kMaxBatchAnswer));
  INGOT_ASSIGN(const json answer, ParseAnswer(repository_.Text(), response));
  const json& answered = Field(answer, "objects");
  std::vector<SendTicket> tickets;
  for (const ContentId& file : files) {
    const json* found = nullptr;
    for (const json& object : answered) {
      if (TextField(object, "oid") == file.hex) found = &object;
    }
    if (found == nullptr) {
      return Corruption(repository_.Text() + ": no answer for " + file.hex);
    }
    INGOT_ASSIGN(SendTicket ticket, ParseTicket(file, *found));
    tickets.push_back(std::move(ticket));
  }
  return tickets;
}

Status HubTransfer::Send(const SendTicket& ticket, const Source& bytes) {
  // The address is signed: the token stays here.
  HttpRequest request = {.method = "PUT",
                         .url = ticket.address,
                         .headers = ticket.headers,
                         .with_token = false,
                         .may_repeat = true,
                         .source = &bytes};
  request.headers.push_back("Content-Type: application/octet-stream");
  INGOT_ASSIGN(const HttpResponse response,
               http_.Ask(request, kMaxBatchAnswer));
  if (!response.ok()) return ErrorOfResponse(bytes.name(), response);
  return ticket.verify_address.empty() ? Status() : Verify(ticket);
}

// git-lfs asks for it: whether what was sent has arrived.
Status HubTransfer::Verify(const SendTicket& ticket) {
  const std::string body =
      JsonLine({{"oid", ticket.id.hex}, {"size", ticket.id.size}});
  const std::string accept = std::string("Accept: ") + kLfsType;
  const std::string type = std::string("Content-Type: ") + kLfsType;
  INGOT_ASSIGN(const HttpResponse response,
               http_.Ask({.method = "POST",
                          .url = ticket.verify_address,
                          .headers = {accept, type},
                          .may_repeat = true,
                          .text = body},
                         kMaxBatchAnswer));
  if (response.ok()) return {};
  return ErrorOfResponse(
      repository_.Text() + ": " + ticket.id.hex + " has not arrived", response);
}

}  // namespace

std::unique_ptr<Transfer> MakeHubTransfer(const HttpOptions& options,
                                          const RepositoryId& repository) {
  return std::make_unique<HubTransfer>(options, repository);
}

}  // namespace ingot
