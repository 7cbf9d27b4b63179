// HubClient: what a server of the Hugging Face Hub's protocol says of its
// repositories, and what can be changed there (daemon/API.md, "The Hub").
//
// Nothing that comes is trusted: answers are bounded, ids are checked to be
// some, sizes are compared where the bytes arrive. Paths are passed on as they
// come: who makes files of them checks them.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_TOOLS_HUB_HUB_CLIENT_H_
#define INGOT_TOOLS_HUB_HUB_CLIENT_H_

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/result.h"
#include "tools/hub/content_id.h"
#include "tools/hub/http_client.h"
#include "tools/hub/repository_id.h"

namespace ingot {

struct RemoteEntry {
  std::string path;
  bool is_folder = false;
  ContentId id;       // of a file
  std::string date;   // of its last change, where that was asked for
  std::string title;  // of that commit
};

struct TreeOptions {
  std::string folder;  // empty: all
  bool recursive = false;
  bool dates = false;
};

// A file that is to be sent, and how the server wants it.
struct OfferedFile {
  std::string path;
  uint64_t size = 0;
  std::string sample;  // its first bytes
};
struct UploadPlan {
  bool large = true;  // before the commit; else within it
  // What the branch has at that path, if it has a file there.
  std::optional<std::string> present;  // as ContentId::hex
};

// How many bytes of a file the server wants to see.
inline constexpr size_t kSampleBytes = 512;

class HubClient {
 public:
  explicit HubClient(HttpOptions options) : http_(std::move(options)) {}

  HttpClient& http() { return http_; }

  // The commit of a revision. Nothing where there is no such repository, or
  // this client may not see it; kNotFound where it has no such revision.
  Result<std::optional<std::string>> FindCommit(const RepositoryId& repository,
                                                const std::string& revision);
  // kNotFound (kPermissionDenied without a token) instead of nothing.
  Result<std::string> GetCommit(const RepositoryId& repository,
                                const std::string& revision);

  // Calls `visit` for all that there is, page after page.
  Status VisitTree(const RepositoryId& repository, const std::string& commit,
                   const TreeOptions& options,
                   const std::function<Status(RemoteEntry)>& visit);
  // Those of `paths` (1,000 at most) that exist.
  Result<std::vector<RemoteEntry>> FindPaths(
      const RepositoryId& repository, const std::string& commit,
      const std::vector<std::string>& paths, bool dates);

  // Calls `visit` for every repository of a kind, as the server describes it.
  Status VisitRepositories(
      std::string_view kind,
      const std::function<Status(const nlohmann::json&)>& visit);

  // False where it exists already.
  Result<bool> Create(const RepositoryId& repository, bool is_private);
  Status Delete(const RepositoryId& repository);

  // One plan for each file (1,000 at most).
  Result<std::vector<UploadPlan>> PlanUpload(
      const RepositoryId& repository, const std::string& revision,
      std::span<const OfferedFile> files);

  // Lines of a commit; the commit's id. Nothing where the branch is not where
  // the header says (412).
  Result<std::optional<std::string>> Commit(const RepositoryId& repository,
                                            const std::string& revision,
                                            std::string_view lines);

  // GET /api/stats.
  Result<nlohmann::json> Stats();

 private:
  Result<HttpResponse> Get(const std::string& path);
  Result<HttpResponse> Post(const std::string& path, std::string_view text,
                            const char* type = "application/json");
  // Pages of a list, each entry to `visit`.
  Status VisitPages(const std::string& path, const std::string& what,
                    const std::function<Status(const nlohmann::json&)>& visit);

  HttpClient http_;
};

// The JSON of an answer; kCorruption where it is none. An answer that is an
// error becomes one.
Result<nlohmann::json> ParseAnswer(std::string_view what,
                                   const HttpResponse& response);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_HUB_CLIENT_H_
