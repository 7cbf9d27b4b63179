#include "tools/hub/hub_transfer.h"

#include <algorithm>
#include <charconv>
#include <chrono>
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
  Result<std::optional<ContainerOffer>> FindContainer(
      const std::string& commit, const std::string& path,
      const std::vector<std::string>& have) override;
  Result<std::vector<std::string>> BasesOf(const std::string& commit,
                                           const std::string& path) override;
  Result<std::vector<SendTicket>> Offer(
      std::span<const ContentId> files) override;
  Status Send(const SendTicket& ticket, const Source& bytes) override;
  Status SendContainer(const Source& container, uint64_t raw_bytes) override;

 private:
  std::string NativePath(const char* what) const {
    return "/api/ingot/" + repository_.kind + "/" + repository_.FullName() +
           "/" + what;
  }
  HttpRequest ContainerRequest(const std::string& commit,
                               const std::string& path,
                               const std::string& body) const;
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

// A digest is short, and as many as a model has are too many for a URL.
std::string HaveBody(const std::vector<std::string>& have) {
  return JsonLine({{"have", have}});
}

// Of "bytes 0-0/SIZE".
std::optional<uint64_t> SizeOfFirstByte(std::string_view range) {
  constexpr std::string_view kFirst = "bytes 0-0/";
  if (!range.starts_with(kFirst)) return std::nullopt;
  range.remove_prefix(kFirst.size());
  uint64_t size = 0;
  const char* const end = range.data() + range.size();
  const auto [last, code] = std::from_chars(range.data(), end, size);
  if (code != std::errc() || last != end) return std::nullopt;
  return size;
}

HttpRequest HubTransfer::ContainerRequest(const std::string& commit,
                                          const std::string& path,
                                          const std::string& body) const {
  return {
      .method = "POST",
      .url = NativePath("container/") + commit + "/" + EscapeForUrl(path, true),
      .headers = {"Content-Type: application/json"},
      .may_repeat = true,
      .text = body};
}

Result<std::optional<ContainerOffer>> HubTransfer::FindContainer(
    const std::string& commit, const std::string& path,
    const std::vector<std::string>& have) {
  // The first byte tells the length, as HEAD would, which has no body.
  const std::string body = HaveBody(have);
  HttpRequest asked = ContainerRequest(commit, path, body);
  asked.headers.push_back("Range: bytes=0-0");
  INGOT_ASSIGN(const HttpResponse response, http_.Ask(asked, 1));
  if (response.status == 409) return std::optional<ContainerOffer>();
  if (!response.ok()) {
    Error error = ErrorOfResponse(path, response);
    // Servers of other kinds have their ways to say that they know no such
    // path.
    for (const long unknown : {401, 403, 405, 501}) {
      if (response.status == unknown) error.kind = ErrorKind::kNotFound;
    }
    return error;
  }
  const std::optional<uint64_t> size = SizeOfFirstByte(response.content_range);
  std::string etag = UsableEtag(response.etag);
  if (response.status != 206 || !size || etag.empty()) {
    return Corruption(path + ": the server sends no part of a container");
  }
  return std::optional(ContainerOffer{.size = *size, .etag = std::move(etag)});
}

Result<std::vector<std::string>> HubTransfer::BasesOf(const std::string& commit,
                                                      const std::string& path) {
  INGOT_ASSIGN(const HttpResponse response,
               http_.Ask({.url = NativePath("lineage/") + commit + "/" +
                                 EscapeForUrl(path, true)},
                         kMaxBatchAnswer));
  INGOT_ASSIGN(const json answer, ParseAnswer(path, response));
  std::vector<std::string> bases;
  for (const json& base : Field(answer, "bases")) {
    bases.push_back(TextField(base, "file"));
  }
  return bases;
}

Result<std::string> HubTransfer::Fetch(
    const FetchRequest& request, const std::function<Status()>& restart,
    const std::function<Status(ByteSpan)>& consume) {
  HttpRequest asked = {.url = repository_.PagePath() + "/resolve/" +
                              request.commit + "/" +
                              EscapeForUrl(request.path, true)};
  std::string body;
  if (request.have != nullptr) {
    body = HaveBody(*request.have);
    asked = ContainerRequest(request.commit, request.path, body);
  }
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

Status HubTransfer::SendContainer(const Source& container, uint64_t raw_bytes) {
  // The server answers when it has decoded all of it, after its turn came.
  constexpr uint64_t kRawBytesPerSecond = 50'000'000;
  constexpr std::chrono::seconds kTurn(60);
  INGOT_ASSIGN(
      const HttpResponse response,
      http_.Ask(
          {.method = "PUT",
           .url = NativePath("container?bytes=") + std::to_string(raw_bytes),
           .headers = {"Content-Type: application/x-ingot"},
           .wait_if_busy = false,
           .patience =
               kTurn + std::chrono::seconds(raw_bytes / kRawBytesPerSecond),
           .source = &container},
          kMaxBatchAnswer));
  if (response.ok()) return {};
  return ErrorOfResponse(repository_.Text() + ": a container", response);
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
