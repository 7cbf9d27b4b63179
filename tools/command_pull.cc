// ingot pull: files of a server's repository become files of a folder.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tools/command.h"
#include "tools/common_options.h"
#include "tools/exit_code.h"
#include "tools/hub/json_fields.h"
#include "tools/hub/pull.h"
#include "tools/hub/repository_id.h"
#include "tools/hub/server_options.h"
#include "tools/standard_streams.h"
#include "tools/text.h"

namespace ingot {
namespace {

constexpr char kPullExamples[] =
    R"(REPO is [models/|datasets/|spaces/]NAMESPACE/NAME; PATH is a file or a folder
of it. Files go below FOLDER (NAME without), each under its whole path, and each
when it is complete and has the right digest. What is there already is not
fetched again; what is there and differs stops the pull before it begins (-f
replaces it). Files of FOLDER that the repository lacks stay.
A pull that ends early, be it by Ctrl-C, goes on where it was when it is run
again: FOLDER/.ingot-pull has what was fetched until then.
From an ingotd that has packed a file a container of it comes where that is
shorter, without what this machine has already: tensors of a BASE, of the file
that is replaced, and of files in FOLDER that were pulled before. It is decoded
and compared here; a server that has none, or a bad one, sends the file itself.
The server is INGOT_ENDPOINT; the token is in INGOT_TOKEN or --token-file.

Examples:
  ingot pull me/model
  ingot pull me/model config.json tokenizer/ -o here/
  ingot pull --revision v1.0 -j 8 datasets/me/corpus
  ingot pull me/fine-tune --base models/llama/)";

struct PullCommand {
  ServerOptions server;
  PullOptions pull;
  std::string repository;
  bool json = false;
};

nlohmann::json ToJson(const PullCommand& command, const PullReport& report,
                      uint64_t received_bytes) {
  nlohmann::json files = nlohmann::json::array();
  for (const PulledFile& file : report.files) {
    files.push_back({{"path", file.name},
                     {"bytes", file.id.size},
                     {"digest", file.id.hex},
                     {"state", file.was_there ? "there" : "fetched"}});
    if (file.container_bytes) {
      files.back()["container_bytes"] = *file.container_bytes;
    }
  }
  return {{"repository", command.pull.repository.Text()},
          {"commit", report.commit},
          {"folder", command.pull.folder},
          {"received_bytes", received_bytes},
          {"resumed_bytes", report.resumed_bytes},
          {"notes", report.notes},
          {"files", std::move(files)}};
}

std::string PullSummary(const PullCommand& command, const PullReport& report,
                        uint64_t received_bytes) {
  uint64_t there = 0;
  for (const PulledFile& file : report.files) there += file.was_there ? 1 : 0;
  std::string text = Printable(command.pull.folder) + ": " +
                     Count(report.files.size() - there, "file") + " pulled";
  if (there > 0) text += ", " + std::to_string(there) + " there already";
  return text + ", " + ApproximateBytes(received_bytes) + " received, commit " +
         report.commit + "\n";
}

Status RunPull(PullCommand command) {
  PullOptions& pull = command.pull;
  INGOT_ASSIGN(pull.repository, ParseRepositoryId(command.repository));
  if (pull.folder.empty()) pull.folder = pull.repository.name;
  while (pull.folder.size() > 1 && pull.folder.ends_with('/')) {
    pull.folder.pop_back();
  }
  for (std::string& path : pull.paths) {
    while (path.ends_with('/')) path.pop_back();
  }
  HttpTraffic traffic;
  INGOT_ASSIGN(const HttpOptions http, ResolveServer(command.server, &traffic));
  INGOT_ASSIGN(const PullReport report, Pull(pull, http));
  for (const std::string& note : report.notes) PrintMessage(note);
  return Print(command.json
                   ? JsonLine(ToJson(command, report, traffic.received)) + "\n"
                   : PullSummary(command, report, traffic.received));
}

}  // namespace

void AddPullCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<PullCommand>();
  CLI::App* const command =
      app->add_subcommand("pull", "Fetch files of a server's repository");
  command->footer(kPullExamples);
  command->add_option("REPO", options->repository, "Repository")->required();
  command
      ->add_option("PATH", options->pull.paths,
                   "Files or folders of it; all without")
      ->option_text("PATH...");
  command
      ->add_option("-o,--output", options->pull.folder,
                   "Folder; the repository's name without")
      ->option_text("FOLDER");
  command
      ->add_option("--revision", options->pull.revision,
                   "Branch, tag or commit; main without")
      ->option_text("REV");
  command->add_flag("-f,--force", options->pull.replace,
                    "Replace files that differ");
  AddBaseOption(
      command,
      "Model file, container or folder that what is pulled resembles; "
      "may be repeated",
      &options->pull.bases);
  command->add_flag("--no-native{false}", options->pull.native,
                    "Take files as they are, never as containers");
  command->add_flag("--json", options->json, "Say what was done as JSON");
  AddJobsOption(command, &options->pull.jobs);
  AddServerOptions(command, &options->server);
  command->add_flag("-q,--quiet", options->pull.quiet, "No progress");
  command->callback([options, run] {
    *run = [options] { return Report(RunPull(*options)); };
  });
}

}  // namespace ingot
