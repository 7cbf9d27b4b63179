// ingot ls: the repositories of a server, or what is in one.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tools/command.h"
#include "tools/exit_code.h"
#include "tools/hub/hub_client.h"
#include "tools/hub/json_fields.h"
#include "tools/hub/repository_id.h"
#include "tools/hub/server_options.h"
#include "tools/standard_streams.h"
#include "tools/text.h"

namespace ingot {
namespace {

constexpr char kLsExamples[] =
    R"(Without REPO: the repositories that the token may see. REPO is
[models/|datasets/|spaces/]NAMESPACE/NAME, PATH a file or a folder of it. Dates
are those of the last commit that changed a file, in UTC.
The server is INGOT_ENDPOINT; the token is in INGOT_TOKEN or --token-file.

Examples:
  ingot ls me/model
  ingot ls
  ingot ls --recursive --json me/model/tokenizer)";

using Rows = std::vector<std::vector<std::string>>;

struct LsCommand {
  ServerOptions server;
  std::string where;
  std::string revision = "main";
  bool recursive = false;
  bool json = false;
};

// "2026-01-31T12:34:56.000Z" as people read it.
std::string DateOf(const std::string& date) {
  if (date.size() < 16) return "-";
  return Printable(date.substr(0, 10) + " " + date.substr(11, 5));
}

Status ListRepositories(const LsCommand& command, HubClient* hub) {
  Rows rows = {{"REPOSITORY", "READABLE BY", "MADE"}};
  nlohmann::json list = nlohmann::json::array();
  for (const std::string_view kind : kRepositoryKinds) {
    INGOT_TRY(hub->VisitRepositories(
        kind, [&](const nlohmann::json& repository) -> Status {
          const std::string prefix =
              kind == kRepositoryKinds.front() ? "" : std::string(kind) + "/";
          const std::string name = prefix + TextField(repository, "id");
          const bool is_private = Field(repository, "private") == true;
          const std::string made = TextField(repository, "createdAt");
          rows.push_back(
              {Printable(name), is_private ? "tokens" : "all", DateOf(made)});
          list.push_back({{"repository", name},
                          {"private", is_private},
                          {"created", made}});
          return {};
        }));
  }
  return Print(command.json ? JsonLine(list) + "\n" : Table(rows, 3));
}

Status PrintEntries(const LsCommand& command,
                    const std::vector<RemoteEntry>& entries) {
  Rows rows;
  nlohmann::json list = nlohmann::json::array();
  for (const RemoteEntry& entry : entries) {
    rows.push_back({Printable(entry.path) + (entry.is_folder ? "/" : ""),
                    entry.is_folder ? "-" : std::to_string(entry.id.size),
                    DateOf(entry.date)});
    nlohmann::json described = {{"path", entry.path},
                                {"type", entry.is_folder ? "folder" : "file"},
                                {"date", entry.date},
                                {"commit_title", entry.title}};
    if (!entry.is_folder) {
      described["bytes"] = entry.id.size;
      described["digest"] = entry.id.hex;
    }
    list.push_back(std::move(described));
  }
  return Print(command.json ? JsonLine(list) + "\n" : Table(rows, 1));
}

Status ListFiles(const LsCommand& command, HubClient* hub) {
  INGOT_ASSIGN(const RepositoryPath place, ParseRepositoryPath(command.where));
  INGOT_ASSIGN(const std::string commit,
               hub->GetCommit(place.repository, command.revision));
  std::vector<RemoteEntry> entries;
  bool is_file = false;
  if (!place.path.empty()) {
    INGOT_ASSIGN(entries,
                 hub->FindPaths(place.repository, commit, {place.path}, true));
    if (entries.empty()) {
      return Error{ErrorKind::kNotFound,
                   command.where + ": there is no such file or folder at " +
                       command.revision};
    }
    is_file = !entries.front().is_folder;
  }
  if (!is_file) {
    entries.clear();
    INGOT_TRY(hub->VisitTree(
        place.repository, commit,
        {.folder = place.path, .recursive = command.recursive, .dates = true},
        [&](RemoteEntry entry) {
          entries.push_back(std::move(entry));
          return Status();
        }));
  }
  return PrintEntries(command, entries);
}

Status RunLs(const LsCommand& command) {
  HttpTraffic traffic;
  INGOT_ASSIGN(HttpOptions http, ResolveServer(command.server, &traffic));
  HubClient hub(std::move(http));
  return command.where.empty() ? ListRepositories(command, &hub)
                               : ListFiles(command, &hub);
}

}  // namespace

void AddLsCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<LsCommand>();
  CLI::App* const command = app->add_subcommand(
      "ls", "List a server's repositories, or the files of one");
  command->footer(kLsExamples);
  command->add_option("REPO", options->where, "Repository, or REPO/PATH")
      ->option_text("REPO[/PATH]");
  command
      ->add_option("--revision", options->revision,
                   "Branch, tag or commit; main without")
      ->option_text("REV");
  command->add_flag("-R,--recursive", options->recursive,
                    "What is in folders, too");
  command->add_flag("--json", options->json, "As JSON");
  AddServerOptions(command, &options->server);
  command->callback(
      [options, run] { *run = [options] { return Report(RunLs(*options)); }; });
}

}  // namespace ingot
