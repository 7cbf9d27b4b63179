// ingot rm: removes files from a server's repository, or all of it.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
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

constexpr char kRmExamples[] =
    R"(REPO is [models/|datasets/|spaces/]NAMESPACE/NAME; PATH is a file or a folder
of it. Files are removed by a commit: those before it still have them. Where
somebody else has committed meanwhile there is none, and the exit code is 4.
With --repository all of it goes, for good; this is asked about on the terminal,
and refused where there is none, unless --yes says so.
The server is INGOT_ENDPOINT; the token is in INGOT_TOKEN or --token-file.

Examples:
  ingot rm me/model old.safetensors checkpoints/
  ingot rm --repository me/model)";

constexpr size_t kMaxRemoved = 1000;

struct RmCommand {
  ServerOptions server;
  std::string repository;
  std::vector<std::string> paths;
  std::string revision = "main";
  std::string message;
  bool whole = false;
  bool yes = false;
};

// What is typed on the terminal has to be the repository's name.
Status Confirm(const RepositoryId& repository) {
  if (isatty(STDIN_FILENO) != 1) {
    return InvalidArgument(repository.Text() +
                           ": not removed: there is no terminal to ask on "
                           "(--yes removes it)");
  }
  const std::string question = "Remove " + repository.Text() +
                               " and all its files, for good? Its name: ";
  std::fputs(question.c_str(), stderr);
  std::string answer;
  for (int c = std::getchar(); c != EOF && c != '\n' && answer.size() < 1000;
       c = std::getchar()) {
    answer += static_cast<char>(c);
  }
  if (answer == repository.Text()) return {};
  return Error{ErrorKind::kCancelled, repository.Text() + ": not removed"};
}

Result<std::string> RemovalLines(const RmCommand& command,
                                 const std::string& parent,
                                 const std::vector<RemoteEntry>& entries) {
  std::string lines =
      JsonLine({{"key", "header"},
                {"value",
                 {{"summary", command.message.empty()
                                  ? "Remove " + Count(entries.size(), "path")
                                  : command.message},
                  {"parentCommit", parent}}}});
  for (const std::string& path : command.paths) {
    const RemoteEntry* found = nullptr;
    for (const RemoteEntry& entry : entries) {
      if (entry.path == path) found = &entry;
    }
    if (found == nullptr) {
      return Error{ErrorKind::kNotFound,
                   command.repository + "/" + path +
                       ": there is no such file or folder"};
    }
    lines +=
        "\n" +
        JsonLine({{"key", found->is_folder ? "deletedFolder" : "deletedFile"},
                  {"value", {{"path", path}}}});
  }
  return lines + "\n";
}

Result<int> RemovePaths(const RmCommand& command,
                        const RepositoryId& repository, HubClient* hub) {
  INGOT_ASSIGN(const std::string parent,
               hub->GetCommit(repository, command.revision));
  INGOT_ASSIGN(const std::vector<RemoteEntry> entries,
               hub->FindPaths(repository, parent, command.paths, false));
  INGOT_ASSIGN(const std::string lines, RemovalLines(command, parent, entries));
  INGOT_ASSIGN(const std::optional<std::string> commit,
               hub->Commit(repository, command.revision, lines));
  if (!commit) {
    PrintMessage(repository.Text() + ": " + command.revision +
                 " is no longer at " + parent +
                 ": somebody else committed first, and nothing has changed");
    return kExitConflict;
  }
  INGOT_TRY(Print(repository.Text() + ": " +
                  Count(command.paths.size(), "path") + " removed, commit " +
                  *commit + "\n"));
  return kExitOk;
}

Result<int> RunRm(RmCommand command) {
  INGOT_ASSIGN(const RepositoryId repository,
               ParseRepositoryId(command.repository));
  for (std::string& path : command.paths) {
    while (path.ends_with('/')) path.pop_back();
  }
  if (command.whole != command.paths.empty() ||
      command.paths.size() > kMaxRemoved) {
    return InvalidArgument(
        "rm: expected up to 1,000 paths, or --repository and none");
  }
  HttpTraffic traffic;
  INGOT_ASSIGN(HttpOptions http, ResolveServer(command.server, &traffic));
  HubClient hub(std::move(http));
  if (!command.whole) return RemovePaths(command, repository, &hub);
  if (!command.yes) INGOT_TRY(Confirm(repository));
  INGOT_TRY(hub.Delete(repository));
  INGOT_TRY(Print(repository.Text() + ": removed\n"));
  return kExitOk;
}

}  // namespace

void AddRmCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<RmCommand>();
  CLI::App* const command = app->add_subcommand(
      "rm", "Remove files from a server's repository, or all of it");
  command->footer(kRmExamples);
  command->add_option("REPO", options->repository, "Repository")->required();
  command->add_option("PATH", options->paths, "Files or folders of it")
      ->option_text("PATH...");
  command->add_flag("--repository", options->whole, "All of it");
  command->add_flag("-y,--yes", options->yes, "Do not ask");
  command->add_option("--revision", options->revision, "Branch; main without")
      ->option_text("BRANCH");
  command
      ->add_option("-m,--message", options->message, "First line of the commit")
      ->option_text("TEXT");
  AddServerOptions(command, &options->server);
  command->callback([options, run] {
    *run = [options] { return ReportCode(RunRm(*options)); };
  });
}

}  // namespace ingot
