#include "tools/hub/hub_client.h"

#include <algorithm>
#include <map>
#include <utility>

#include "tools/hub/base64.h"
#include "tools/hub/json_fields.h"
#include "tools/hub/url.h"

namespace ingot {
namespace {

using nlohmann::json;

constexpr size_t kMaxAnswer = size_t{8} << 20;
// Of one list, so that none is endless.
constexpr size_t kMaxEntries = 1'000'000;

// <URL>; rel="next": its cursor. Only that is taken, so that no answer sends
// the client elsewhere.
std::string CursorOfLink(const std::string& link) {
  const size_t begin = link.find('<');
  const size_t end = link.find('>', begin);
  if (begin == std::string::npos || end == std::string::npos ||
      link.find("rel=\"next\"", end) == std::string::npos) {
    return "";
  }
  return ParameterOfUrl(link.substr(begin + 1, end - begin - 1), "cursor");
}

Result<RemoteEntry> ParseEntry(const json& entry) {
  RemoteEntry parsed;
  parsed.path = TextField(entry, "path");
  const std::string type = TextField(entry, "type");
  parsed.is_folder = type == "directory";
  const json& last = Field(entry, "lastCommit");
  parsed.date = TextField(last, "date");
  parsed.title = TextField(last, "title");
  if (parsed.is_folder) return parsed;
  const json& lfs = Field(entry, "lfs");
  const json& described = lfs.is_object() ? lfs : entry;
  const auto size = NumberField(described, "size");
  if (type != "file" || !size || *size > uint64_t{INT64_MAX}) {
    return Corruption("\"" + parsed.path.substr(0, 500) +
                      "\": expected a file or a folder, and its size");
  }
  INGOT_ASSIGN(parsed.id, ParseContentId(TextField(described, "oid"), *size));
  const bool is_lfs = parsed.id.kind == ContentId::Kind::kSha256;
  if (is_lfs != lfs.is_object()) {
    return Corruption("\"" + parsed.path.substr(0, 500) +
                      "\": an id of the wrong kind");
  }
  return parsed;
}

}  // namespace

Result<json> ParseAnswer(std::string_view what, const HttpResponse& response) {
  if (!response.ok()) return ErrorOfResponse(what, response);
  json parsed = ParseJson(response.body);
  if (parsed.is_discarded()) {
    return Corruption(std::string(what) + ": the answer is not JSON");
  }
  return parsed;
}

Result<HttpResponse> HubClient::Get(const std::string& path) {
  return http_.Ask({.url = path}, kMaxAnswer);
}

Result<HttpResponse> HubClient::Post(const std::string& path,
                                     std::string_view text, const char* type) {
  return http_.Ask({.method = "POST",
                    .url = path,
                    .headers = {std::string("Content-Type: ") + type},
                    .text = text},
                   kMaxAnswer);
}

Result<std::optional<std::string>> HubClient::FindCommit(
    const RepositoryId& repository, const std::string& revision) {
  INGOT_ASSIGN(const HttpResponse response,
               Get(repository.ApiPath() + "/commits/" +
                   EscapeForUrl(revision, false) + "?limit=1"));
  // A token that is none is refused in the same way.
  const bool refused = response.status == 401 && !http_.options().token.empty();
  if (response.error_code == "RepoNotFound" && !refused) {
    return std::optional<std::string>();
  }
  const std::string what = repository.Text() + " at " + revision;
  INGOT_ASSIGN(const json commits, ParseAnswer(what, response));
  std::string commit =
      commits.is_array() && !commits.empty() ? TextField(commits[0], "id") : "";
  if (!IsLowerHex(commit, 40)) {
    return Corruption(what + ": the server names no commit");
  }
  return std::optional(std::move(commit));
}

Result<std::string> HubClient::GetCommit(const RepositoryId& repository,
                                         const std::string& revision) {
  INGOT_ASSIGN(std::optional<std::string> found,
               FindCommit(repository, revision));
  if (found) return *std::move(found);
  if (http_.options().token.empty()) {
    return Error{ErrorKind::kPermissionDenied,
                 repository.Text() +
                     ": there is none, or a token is needed (INGOT_TOKEN)"};
  }
  return Error{ErrorKind::kNotFound,
               repository.Text() + ": there is none that the token may see"};
}

Status HubClient::VisitPages(const std::string& path, const std::string& what,
                             const std::function<Status(const json&)>& visit) {
  std::string cursor;
  for (size_t entries = 0;;) {
    std::string url = path;
    if (!cursor.empty()) {
      url += path.find('?') == std::string::npos ? '?' : '&';
      url += "cursor=" + EscapeForUrl(cursor, false);
    }
    INGOT_ASSIGN(const HttpResponse response, Get(url));
    INGOT_ASSIGN(const json page, ParseAnswer(what, response));
    if (!page.is_array()) return Corruption(what + ": expected a list");
    entries += page.size();
    if (entries > kMaxEntries) {
      return Error{
          ErrorKind::kResourceExhausted,
          what + ": more than " + std::to_string(kMaxEntries) + " entries"};
    }
    for (const json& entry : page) INGOT_TRY(visit(entry));
    std::string next = CursorOfLink(response.link);
    if (next.empty()) return {};
    if (page.empty() || next == cursor) {
      return Corruption(what + ": a list that does not go on");
    }
    cursor = std::move(next);
  }
}

Status HubClient::VisitTree(const RepositoryId& repository,
                            const std::string& commit,
                            const TreeOptions& options,
                            const std::function<Status(RemoteEntry)>& visit) {
  std::string path = repository.ApiPath() + "/tree/" + commit;
  if (!options.folder.empty()) {
    path += "/" + EscapeForUrl(options.folder, true);
  }
  path += std::string("?recursive=") + (options.recursive ? "true" : "false");
  if (options.dates) path += "&expand=true";
  const std::string what =
      repository.Text() + (options.folder.empty() ? "" : "/") + options.folder;
  return VisitPages(path, what, [&](const json& entry) -> Status {
    Result<RemoteEntry> parsed = ParseEntry(entry);
    if (!parsed.ok()) {
      return WithContext(what + ": ", std::move(parsed).error());
    }
    return visit(*std::move(parsed));
  });
}

Result<std::vector<RemoteEntry>> HubClient::FindPaths(
    const RepositoryId& repository, const std::string& commit,
    const std::vector<std::string>& paths, bool dates) {
  const std::string body = JsonLine({{"paths", paths}, {"expand", dates}});
  INGOT_ASSIGN(const HttpResponse response,
               Post(repository.ApiPath() + "/paths-info/" + commit, body));
  INGOT_ASSIGN(const json list, ParseAnswer(repository.Text(), response));
  if (!list.is_array() || list.size() > paths.size()) {
    return Corruption(repository.Text() + ": expected a list of paths");
  }
  std::vector<RemoteEntry> entries;
  for (const json& entry : list) {
    INGOT_ASSIGN(RemoteEntry parsed, ParseEntry(entry));
    if (std::ranges::find(paths, parsed.path) == paths.end()) {
      return Corruption(repository.Text() + ": a path that was not asked for");
    }
    entries.push_back(std::move(parsed));
  }
  return entries;
}

Status HubClient::VisitRepositories(
    std::string_view kind, const std::function<Status(const json&)>& visit) {
  return VisitPages("/api/" + std::string(kind) + "?limit=1000",
                    http_.options().endpoint, visit);
}

Result<bool> HubClient::Create(const RepositoryId& repository,
                               bool is_private) {
  const std::string body = JsonLine({{"name", repository.name},
                                     {"organization", repository.space},
                                     {"type", repository.Type()},
                                     {"private", is_private}});
  INGOT_ASSIGN(const HttpResponse response, Post("/api/repos/create", body));
  if (response.status == 409) return false;
  if (!response.ok()) return ErrorOfResponse(repository.Text(), response);
  return true;
}

Status HubClient::Delete(const RepositoryId& repository) {
  const std::string body = JsonLine({{"name", repository.name},
                                     {"organization", repository.space},
                                     {"type", repository.Type()}});
  INGOT_ASSIGN(const HttpResponse response,
               http_.Ask({.method = "DELETE",
                          .url = "/api/repos/delete",
                          .headers = {"Content-Type: application/json"},
                          .text = body},
                         kMaxAnswer));
  if (!response.ok()) return ErrorOfResponse(repository.Text(), response);
  return {};
}

Result<std::vector<UploadPlan>> HubClient::PlanUpload(
    const RepositoryId& repository, const std::string& revision,
    std::span<const OfferedFile> files) {
  json list = json::array();
  for (const OfferedFile& file : files) {
    list.push_back({{"path", file.path},
                    {"size", file.size},
                    {"sample", Base64(file.sample)}});
  }
  const std::string body = JsonLine({{"files", std::move(list)}});
  INGOT_ASSIGN(
      const HttpResponse response,
      Post(repository.ApiPath() + "/preupload/" + EscapeForUrl(revision, false),
           body));
  if (!response.ok()) return ErrorOfResponse(repository.Text(), response);
  INGOT_ASSIGN(const json answer, ParseAnswer(repository.Text(), response));
  std::map<std::string, UploadPlan> plans;
  const json& answered = Field(answer, "files");
  for (const json& file : answered.is_array() ? answered : json::array()) {
    UploadPlan plan = {.large = TextField(file, "uploadMode") != "regular",
                       .present = {}};
    const std::string present = TextField(file, "oid");
    if (!present.empty()) plan.present = present;
    plans.emplace(TextField(file, "path"), std::move(plan));
  }
  std::vector<UploadPlan> ordered;
  for (const OfferedFile& file : files) {
    const auto found = plans.find(file.path);
    if (found == plans.end()) {
      return Corruption(repository.Text() + ": no answer for " + file.path);
    }
    ordered.push_back(found->second);
  }
  return ordered;
}

Result<std::optional<std::string>> HubClient::Commit(
    const RepositoryId& repository, const std::string& revision,
    std::string_view lines) {
  INGOT_ASSIGN(
      const HttpResponse response,
      Post(repository.ApiPath() + "/commit/" + EscapeForUrl(revision, false),
           lines, "application/x-ndjson"));
  if (response.status == 412) return std::optional<std::string>();
  if (!response.ok()) return ErrorOfResponse(repository.Text(), response);
  INGOT_ASSIGN(const json answer, ParseAnswer(repository.Text(), response));
  std::string commit = TextField(answer, "commitOid");
  if (!IsLowerHex(commit, 40)) {
    return Corruption(repository.Text() + ": the commit's id is none");
  }
  return std::optional(std::move(commit));
}

Result<json> HubClient::Stats() {
  INGOT_ASSIGN(const HttpResponse response, Get("/api/stats"));
  return ParseAnswer(http_.options().endpoint, response);
}

}  // namespace ingot
