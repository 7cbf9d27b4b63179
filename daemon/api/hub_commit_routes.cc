#include "daemon/api/hub_commit_routes.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/api/commit_request.h"
#include "daemon/api/hub_entries.h"
#include "daemon/api/json_body.h"
#include "daemon/auth/base64.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/store/tree_editor.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;
using store::GitCommit;
using store::GitId;
using store::GitObject;
using store::History;
using store::RepositoryName;

constexpr size_t kMaxPreuploadFiles = 1000;
// A commit is one batch of the journal, which takes 16 MiB.
constexpr size_t kMaxSmallBytes = 15 << 20;
constexpr std::string_view kBranches = "refs/heads/";

// Text is kept in git, all else as large files: what has a control character
// that text does not, or is larger than a git object may be.
bool IsSmallText(uint64_t size, ByteSpan sample) {
  return size <= store::kMaxGitObjectBytes &&
         std::ranges::none_of(sample, [](std::byte byte) {
           const auto c = static_cast<char>(byte);
           return (c >= 0 && c < ' ' && c != '\n' && c != '\r' && c != '\t' &&
                   c != '\f') ||
                  c == 0x7F;
         });
}

// How each file is to be sent. `tree`: where the branch is, if it is.
Result<json> PlanUpload(store::Store* store, uint64_t repository,
                        const std::optional<GitId>& commit, const json& files) {
  const History history(&store->repositories(), repository);
  std::optional<GitId> tree;
  if (commit) {
    INGOT_ASSIGN(const GitCommit read, history.ReadCommit(*commit));
    tree = read.tree;
  }
  json answers = json::array();
  for (const json& file : files) {
    if (!file.is_object()) return InvalidArgument("files: expected objects");
    const std::string path = TextOf(file, "path");
    const json size = file.value("size", json());
    const auto sample = auth::DecodeBase64(TextOf(file, "sample"));
    if (!size.is_number_unsigned() || !sample) {
      return InvalidArgument("file '" + path + "': expected size and sample");
    }
    INGOT_ASSIGN(const auto parts, store::SplitPath(path));
    (void)parts;
    json answer = {
        {"path", path},
        {"uploadMode",
         IsSmallText(size.get<uint64_t>(), *sample) ? "regular" : "lfs"},
        {"shouldIgnore", false}};
    if (tree) {
      INGOT_ASSIGN(const auto entry, history.FindPath(*tree, path));
      if (entry && !entry->is_tree()) {
        INGOT_ASSIGN(const HubEntry described,
                     DescribeEntry(store, repository, path, *entry));
        answer["oid"] =
            described.lfs ? ToHex(described.lfs->file) : ToHex(entry->id);
      }
    }
    answers.push_back(std::move(answer));
  }
  return json{{"files", std::move(answers)}};
}

awaitable<void> Preupload(const Hub& hub, Exchange& exchange,
                          RepositoryName name, const PathParameters& path) {
  const Result<json> body = co_await ReadJson(exchange);
  const auto repository = co_await FindHubRepository(exchange, hub.store, name,
                                                     auth::Right::kWrite);
  if (!repository) co_return;
  const json files = body.ok() ? body->value("files", json()) : json();
  if (!files.is_array() || files.size() > kMaxPreuploadFiles) {
    co_await RespondHubError(exchange, 400, "",
                             "expected files, 1,000 at most");
    co_return;
  }
  const History history(&hub.store->repositories(), repository->number);
  const auto commit = history.Resolve(path.find("revision")->second);
  Result<json> answer = commit.ok() ? json() : Result<json>(commit.error());
  if (commit.ok()) {
    answer = PlanUpload(hub.store, repository->number, *commit, files);
  }
  if (answer.ok()) {
    co_await RespondHub(exchange, *answer);
  } else {
    co_await http::RespondError(exchange, answer.error());
  }
}

// A blob for an operation's file, which the repository must have.
Result<GitObject> BlobOf(store::Store* store, uint64_t repository,
                         CommitOperation* operation) {
  if (operation->kind == CommitOperation::Kind::kFile) {
    return GitObject{.type = store::GitType::kBlob,
                     .bytes = std::move(operation->content)};
  }
  const Digest& file = operation->file;
  INGOT_ASSIGN(const bool granted,
               store->repositories().IsGranted(repository, file));
  INGOT_ASSIGN(const std::optional<uint64_t> length,
               ingest::StoredLength(store, file));
  if (!granted || !length) {
    return InvalidArgument("file '" + operation->path + "': " + ToHex(file) +
                           " was not uploaded to this repository");
  }
  if (operation->length.value_or(*length) != *length) {
    return InvalidArgument("file '" + operation->path + "': has " +
                           std::to_string(*length) + " bytes, not " +
                           std::to_string(*operation->length));
  }
  return store::FormatPointer({.file = file, .length = *length});
}

struct Branch {
  uint64_t repository;
  std::string ref;
  std::string author;
};

Branch BranchOf(uint64_t repository, const RepositoryName& name,
                const std::string& revision) {
  return {.repository = repository,
          .ref = revision.starts_with(kBranches)
                     ? revision
                     : std::string(kBranches) + revision,
          .author = AuthorOf(name)};
}

constexpr std::string_view kMoved =
    "A commit has happened since. Please refresh and try again.";

// Makes the commit; its id. kUnavailable: the branch is not where it was.
Result<GitId> Commit(store::Store* store, const Branch& branch,
                     CommitRequest* request, uint64_t seconds) {
  store::Repositories& repositories = store->repositories();
  const History history(&repositories, branch.repository);
  INGOT_ASSIGN(const std::optional<GitId> head,
               repositories.FindRef(branch.repository, branch.ref));
  if (!request->parent.empty() &&
      (!head || !ToHex(*head).starts_with(request->parent))) {
    return Error{ErrorKind::kUnavailable, std::string(kMoved)};
  }
  if (!head && branch.ref != store::kMainBranch) {
    return Error{ErrorKind::kNotFound, "revision not found"};
  }
  std::optional<GitId> tree;
  if (head) {
    INGOT_ASSIGN(const GitCommit parent, history.ReadCommit(*head));
    tree = parent.tree;
  }
  std::vector<GitObject> objects;
  std::vector<Digest> files;
  store::TreeEditor editor(&history, tree);
  for (CommitOperation& operation : request->operations) {
    if (operation.kind == CommitOperation::Kind::kDeleteFile) {
      INGOT_TRY(editor.RemoveFile(operation.path));
    } else if (operation.kind == CommitOperation::Kind::kDeleteFolder) {
      std::string_view path = operation.path;
      if (path.ends_with('/')) path.remove_suffix(1);
      INGOT_TRY(editor.RemoveFolder(path));
    } else {
      INGOT_ASSIGN(GitObject blob,
                   BlobOf(store, branch.repository, &operation));
      if (operation.kind == CommitOperation::Kind::kLargeFile) {
        files.push_back(operation.file);
      }
      INGOT_TRY(editor.Put(operation.path, store::kFileMode, IdOf(blob)));
      objects.push_back(std::move(blob));
    }
  }
  GitCommit commit = {.tree = {},
                      .parents = {},
                      .author = branch.author,
                      .email = branch.author + "@localhost",
                      .seconds = seconds,
                      .message = request->summary + "\n"};
  INGOT_ASSIGN(commit.tree, editor.Finish(&objects));
  // Nothing changed: there is nothing to be said about it.
  if (tree == commit.tree) return *head;
  if (head) commit.parents.push_back(*head);
  if (!request->description.empty()) {
    commit.message += "\n" + request->description + "\n";
  }
  size_t bytes = 0;
  for (const GitObject& object : objects) bytes += object.bytes.size();
  if (bytes > kMaxSmallBytes) {
    return InvalidArgument(
        "small files of more than 15 MiB in one commit: upload large ones with "
        "LFS, or commit twice");
  }
  objects.push_back(FormatCommit(commit));
  const GitId id = IdOf(objects.back());
  const store::RefChange change = {
      .name = branch.ref, .before = head, .after = id};
  // The files are granted anew, so that none is collected just now.
  Status done =
      repositories.Commit(branch.repository, objects, {&change, 1}, files);
  if (!done.ok() && done.error().kind == ErrorKind::kConflict) {
    return Error{ErrorKind::kUnavailable, std::string(kMoved)};
  }
  if (!done.ok() && done.error().kind == ErrorKind::kNotFound) {
    return InvalidArgument("what the commit points to is gone: " +
                           done.error().message);
  }
  INGOT_TRY(std::move(done));
  return id;
}

awaitable<Result<CommitRequest>> ReadCommit(Exchange& exchange) {
  CommitParser parser;
  while (true) {
    const Result<ByteSpan> piece = co_await exchange.ReadBody(kMaxCommitBytes);
    if (!piece.ok()) co_return piece.error();
    if (piece->empty()) co_return parser.Finish();
    const Status fed = parser.Feed(*piece);
    if (!fed.ok()) co_return fed.error();
  }
}

json CommitAnswer(const std::string& page, const GitId& commit) {
  const std::string id = ToHex(commit);
  return {{"success", true},
          {"commitOid", id},
          {"commitUrl", page + "/commit/" + id},
          {"hookOutput", ""}};
}

awaitable<void> PostCommit(const Hub& hub, Exchange& exchange,
                           RepositoryName name, const PathParameters& path) {
  const auto repository = co_await FindHubRepository(exchange, hub.store, name,
                                                     auth::Right::kWrite);
  if (!repository) co_return;
  if (exchange.request().target.Parameter("create_pr").value_or("0") == "1") {
    co_await RespondHubError(exchange, 501, "",
                             "pull requests are not served: commit to a "
                             "branch");
    co_return;
  }
  Result<CommitRequest> request = co_await ReadCommit(exchange);
  if (!request.ok()) {
    const bool too_large =
        request.error().kind == ErrorKind::kResourceExhausted;
    co_await RespondHubError(exchange, too_large ? 413 : 400, "",
                             request.error().message);
    co_return;
  }
  const Branch branch =
      BranchOf(repository->number, name, path.find("revision")->second);
  const uint64_t seconds = hub.store->tokens().now() / 1000;
  const auto commit = [&] {
    return Commit(hub.store, branch, &*request, seconds);
  };
  const Result<GitId> done = co_await hub.workers->Run(commit);
  if (done.ok()) {
    const std::string url = OriginOf(exchange) + "/" + PagePath(name);
    co_await RespondHub(exchange, CommitAnswer(url, *done));
    co_return;
  }
  const Error& error = done.error();
  const unsigned status = error.kind == ErrorKind::kUnavailable         ? 412
                          : error.kind == ErrorKind::kResourceExhausted ? 507
                                                                        : 0;
  if (error.kind == ErrorKind::kNotFound) {
    const bool revision_missing = error.message == "revision not found";
    co_await RespondHubError(
        exchange, 404, revision_missing ? "RevisionNotFound" : "EntryNotFound",
        error.message);
  } else if (status != 0) {
    co_await RespondHubError(exchange, status, "", error.message);
  } else {
    co_await http::RespondError(exchange, error);
  }
}

}  // namespace

void AddHubCommitRoutes(const Hub& hub, http::Router* router) {
  AddApiRoute(router, "POST", "/preupload/{revision}",
              http::RouteInfo("How files are to be sent")
                  .Needs("write")
                  .Takes("application/json"),
              Bind(hub, Preupload));
  AddApiRoute(
      router, "POST", "/commit/{revision}",
      http::RouteInfo("Commit to a branch")
          .Needs("write")
          .Query("create_pr", "Refused with 501 if 1")
          .Takes("application/x-ndjson")
          .Says(404, "The branch, or what is to be removed, is missing.")
          .Says(409, "A file is where a folder is to be.")
          .Says(412, "The branch is elsewhere.")
          .Says(413, "The commit is too large."),
      Bind(hub, PostCommit));
}

}  // namespace ingot::api
