// ingot push: files become a commit of a server's repository.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/command.h"
#include "tools/common_options.h"
#include "tools/exit_code.h"
#include "tools/hub/json_fields.h"
#include "tools/hub/push.h"
#include "tools/hub/push_input.h"
#include "tools/hub/repository_id.h"
#include "tools/hub/server_options.h"
#include "tools/standard_streams.h"
#include "tools/text.h"

namespace ingot {
namespace {

constexpr char kPushExamples[] =
    R"(REPO is [models/|datasets/|spaces/]NAMESPACE/NAME, and is made where there
is none, private unless --public says otherwise. A folder's files get their
paths below it, a file its last part. Links to files are followed; links to
folders, special files and hidden files (but .gitattributes and .gitignore) are
left out with a line on stderr. Nothing is removed from the repository.
Large files go first, and those that the server has are not sent again; then one
commit makes all of it visible. Where somebody else has committed meanwhile
there is none, and the exit code is 4: look at what they did, and push again.
An ingotd gets a large file as a container where that is shorter by a twentieth,
made in $TMPDIR; with --base as what changed against a model that the server has
packed. One that takes none, or lacks the base, gets the file as it is.
The server is INGOT_ENDPOINT; the token is in INGOT_TOKEN or --token-file.

Examples:
  ingot push me/model models/llama/
  ingot push me/model model.safetensors config.json --message 'Step 9000'
  ingot push datasets/me/corpus --into train/ shards/*.parquet
  ingot push me/fine-tune --base models/llama/ models/llama-instruct/
  INGOT_ENDPOINT=https://models.example.org ingot push --public me/model .)";

struct PushCommand {
  ServerOptions server;
  PushOptions push;
  PushInputOptions input;
  std::string repository;
  std::string type;
  std::vector<std::string> paths;
  bool is_public = false;
  bool is_private = false;
  bool json = false;
};

const char* NameOf(PushedFile::State state) {
  return state == PushedFile::State::kUnchanged ? "unchanged"
         : state == PushedFile::State::kThere   ? "there"
                                                : "sent";
}

nlohmann::json ToJson(const PushCommand& command, const PushReport& report,
                      uint64_t sent_bytes) {
  nlohmann::json files = nlohmann::json::array();
  for (const PushedFile& file : report.files) {
    files.push_back({{"path", file.name},
                     {"bytes", file.size},
                     {"digest", file.id.hex},
                     {"large", file.large},
                     {"state", NameOf(file.state)}});
    if (file.container_bytes) {
      files.back()["container_bytes"] = *file.container_bytes;
    }
  }
  return {{"repository", command.push.repository.Text()},
          {"created", report.created},
          {"conflict", report.conflict},
          {"dry_run", command.push.dry_run},
          {"parent", report.parent},
          {"commit", report.commit},
          {"sent_bytes", sent_bytes},
          {"notes", report.notes},
          {"files", std::move(files)}};
}

std::string PushSummary(const PushCommand& command, const PushReport& report,
                        uint64_t sent_bytes) {
  const PushOptions& push = command.push;
  std::string text;
  if (push.dry_run) {
    for (const PushedFile& file : report.files) {
      if (file.state == PushedFile::State::kUnchanged) continue;
      text += Printable(file.name) + "  " + ApproximateBytes(file.size) + "\n";
    }
  }
  uint64_t changed = 0;
  for (const PushedFile& file : report.files) {
    changed += file.state != PushedFile::State::kUnchanged ? 1 : 0;
  }
  const uint64_t unchanged = report.files.size() - changed;
  text += push.repository.Text() + ": " + Count(changed, "file") +
          (push.dry_run ? " to push" : " pushed");
  if (unchanged > 0) text += ", " + std::to_string(unchanged) + " unchanged";
  if (!push.dry_run) {
    text +=
        ", " + ApproximateBytes(sent_bytes) + " sent, commit " + report.commit;
  }
  return text + "\n";
}

Result<int> RunPush(PushCommand command) {
  INGOT_ASSIGN(command.push.repository, ParseRepositoryId(command.repository));
  if (!command.type.empty()) {
    std::string& kind = command.push.repository.kind;
    const std::string asked = command.type + "s";
    if (command.repository.starts_with(kind + "/") && kind != asked) {
      return InvalidArgument(command.repository + ": is no " + command.type);
    }
    kind = asked;
  }
  command.push.is_private = !command.is_public;
  while (command.input.into.ends_with('/')) command.input.into.pop_back();
  HttpTraffic traffic;
  INGOT_ASSIGN(const HttpOptions http, ResolveServer(command.server, &traffic));
  INGOT_ASSIGN(const InputTree input,
               GatherInput(command.paths, command.input));
  for (const std::string& note : input.skipped) PrintMessage(note);
  if (input.files.empty()) {
    return InvalidArgument("there are no files to push");
  }
  INGOT_ASSIGN(const PushReport report, Push(command.push, http, input));
  for (const std::string& note : report.notes) PrintMessage(note);
  if (report.conflict) {
    PrintMessage(command.push.repository.Text() + ": " + command.push.revision +
                 " is no longer at " + report.parent +
                 ": somebody else committed first, and nothing has changed");
  }
  if (command.json) {
    INGOT_TRY(Print(JsonLine(ToJson(command, report, traffic.sent)) + "\n"));
  } else if (!report.conflict) {
    INGOT_TRY(Print(PushSummary(command, report, traffic.sent)));
  }
  return report.conflict ? kExitConflict : kExitOk;
}

}  // namespace

void AddPushCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<PushCommand>();
  CLI::App* const command =
      app->add_subcommand("push", "Commit files to a server's repository");
  command->footer(kPushExamples);
  command->add_option("REPO", options->repository, "Repository")->required();
  command->add_option("PATH", options->paths, "Files or folders")
      ->required()
      ->option_text("PATH...");
  command
      ->add_option("--revision", options->push.revision, "Branch; main without")
      ->option_text("BRANCH");
  command
      ->add_option("--into", options->input.into,
                   "A folder of the repository for all of it")
      ->option_text("FOLDER");
  command
      ->add_option("-m,--message", options->push.message,
                   "First line of the commit")
      ->option_text("TEXT");
  command->add_option("--type", options->type, "What REPO is, without a prefix")
      ->option_text("TYPE")
      ->check(CLI::IsMember({"model", "dataset", "space"}));
  CLI::Option* const is_public = command->add_flag(
      "--public", options->is_public, "Anybody may read a REPO that is made");
  command
      ->add_flag("--private", options->is_private,
                 "Nobody may without a token (without either)")
      ->excludes(is_public);
  command->add_flag("--hidden", options->input.hidden,
                    "Take hidden files, too (never .git)");
  command->add_flag("-n,--dry-run", options->push.dry_run,
                    "Say what would be pushed");
  AddBaseOption(command,
                "Model file, container or folder that the server has and the "
                "files resemble; may be repeated",
                &options->push.bases);
  command->add_flag("--no-native{false}", options->push.native,
                    "Send files as they are, never as containers");
  command->add_flag("--json", options->json, "Say what was done as JSON");
  AddJobsOption(command, &options->push.jobs);
  AddServerOptions(command, &options->server);
  command->add_flag("-q,--quiet", options->push.quiet, "No progress");
  command->callback([options, run] {
    *run = [options] { return ReportCode(RunPush(*options)); };
  });
}

}  // namespace ingot
