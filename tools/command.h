// The subcommands of the ingot command: each adds itself, with its options and
// its help, to the command line, and leaves what to run when it is chosen.
//
// Implemented in command_<name>.cc.

#ifndef INGOT_TOOLS_COMMAND_H_
#define INGOT_TOOLS_COMMAND_H_

#include <functional>

namespace CLI {
class App;
}

namespace ingot {

// Runs the chosen subcommand after the command line has been parsed; returns
// the exit code, after having said what went wrong.
using CommandRun = std::function<int()>;

// Each sets *run when its subcommand is chosen.
void AddCompressCommand(CLI::App* app, CommandRun* run);
void AddDecompressCommand(CLI::App* app, CommandRun* run);
void AddVerifyCommand(CLI::App* app, CommandRun* run);
void AddInspectCommand(CLI::App* app, CommandRun* run);
void AddCatCommand(CLI::App* app, CommandRun* run);
void AddSimilarCommand(CLI::App* app, CommandRun* run);
void AddPatchCommand(CLI::App* app, CommandRun* run);
void AddBenchCommand(CLI::App* app, CommandRun* run);
void AddPushCommand(CLI::App* app, CommandRun* run);
void AddPullCommand(CLI::App* app, CommandRun* run);
void AddLsCommand(CLI::App* app, CommandRun* run);
void AddRmCommand(CLI::App* app, CommandRun* run);
void AddStatsCommand(CLI::App* app, CommandRun* run);

}  // namespace ingot

#endif  // INGOT_TOOLS_COMMAND_H_
