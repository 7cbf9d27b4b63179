// ingot stats: how much a server's store holds.

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
#include "tools/hub/server_options.h"
#include "tools/standard_streams.h"
#include "tools/text.h"

namespace ingot {
namespace {

constexpr char kStatsExamples[] =
    R"(For those who may do everything: a token of the scope admin.
The server is INGOT_ENDPOINT; the token is in INGOT_TOKEN or --token-file.

Examples:
  ingot stats --json
  ingot stats)";

struct StatsCommand {
  ServerOptions server;
  bool json = false;
};

// {"packs": {"bytes": 5}} as lines "packs  bytes  5", whatever there is.
void AddRows(const nlohmann::json& value, std::vector<std::string> names,
             std::vector<std::vector<std::string>>* rows) {
  constexpr size_t kMaxDepth = 3;
  for (const auto& [name, member] : value.items()) {
    std::vector<std::string> longer = names;
    longer.push_back(Printable(name));
    if (member.is_object() && longer.size() < kMaxDepth) {
      AddRows(member, std::move(longer), rows);
    } else {
      const std::string text =
          member.is_string() ? member.get<std::string>() : JsonLine(member);
      longer.resize(kMaxDepth - 1);
      longer.push_back(Printable(text));
      rows->push_back(std::move(longer));
    }
  }
}

Status RunStats(const StatsCommand& command) {
  HttpTraffic traffic;
  INGOT_ASSIGN(HttpOptions http, ResolveServer(command.server, &traffic));
  HubClient hub(std::move(http));
  INGOT_ASSIGN(const nlohmann::json stats, hub.Stats());
  if (command.json) return Print(JsonLine(stats) + "\n");
  std::vector<std::vector<std::string>> rows;
  if (stats.is_object()) AddRows(stats, {}, &rows);
  return Print(Table(rows, 3));
}

}  // namespace

void AddStatsCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<StatsCommand>();
  CLI::App* const command =
      app->add_subcommand("stats", "Tell how much a server's store holds");
  command->footer(kStatsExamples);
  command->add_flag("--json", options->json, "As JSON");
  AddServerOptions(command, &options->server);
  command->callback([options, run] {
    *run = [options] { return Report(RunStats(*options)); };
  });
}

}  // namespace ingot
