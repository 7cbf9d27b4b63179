// What the command says about itself, and its exit codes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/options.h"
#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr int kError = 1;
constexpr int kUsage = 2;
constexpr int kCorrupt = 3;

using CliUsageTest = CliTest;

TEST_F(CliUsageTest, Version) {
  EXPECT_EQ(RunOk({"--version"}), "ingot " INGOT_VERSION "\n");
}

TEST_F(CliUsageTest, HelpBeginsWithWhatItIs) {
  const std::string help = RunOk({"--help"});
  EXPECT_THAT(help,
              StartsWith("Keeps model weights small without changing a bit of "
                         "them.\nUsage: ingot [OPTIONS] SUBCOMMAND\n"));
  EXPECT_THAT(help, HasSubstr("Exit codes: 0 done; 1 error"));
}

TEST_F(CliUsageTest, EverySubcommandHasHelpWithExamples) {
  struct Case {
    std::string name;
    std::string head;
  };
  const std::vector<Case> cases = {
      {"compress",
       "Compress a file, a folder or a stream\n"
       "Usage: ingot compress [OPTIONS] PATH\n"},
      {"decompress",
       "Restore the files of a container\n"
       "Usage: ingot decompress [OPTIONS] FILE\n"},
      {"verify",
       "Compare a container with its checksums and SHA-256\n"
       "Usage: ingot verify [OPTIONS] FILE...\n"},
      {"inspect",
       "Tell what a container holds and where its bytes go\n"
       "Usage: ingot inspect [OPTIONS] FILE\n"},
      {"cat",
       "Write a tensor or a range of a container to stdout\n"
       "Usage: ingot cat [OPTIONS] FILE [TENSOR]\n"},
      {"similar",
       "Tell which model files would make small deltas of which\n"
       "Usage: ingot similar [OPTIONS] PATH...\n"},
      {"bench",
       "Measure speed and size in memory, beside memcpy\n"
       "Usage: ingot bench [OPTIONS] FILE...\n"},
      {"push",
       "Commit files to a server's repository\n"
       "Usage: ingot push [OPTIONS] REPO PATH...\n"},
      {"pull",
       "Fetch files of a server's repository\n"
       "Usage: ingot pull [OPTIONS] REPO [PATH...]\n"},
      {"ls",
       "List a server's repositories, or the files of one\n"
       "Usage: ingot ls [OPTIONS] [REPO]\n"},
      {"rm",
       "Remove files from a server's repository, or all of it\n"
       "Usage: ingot rm [OPTIONS] REPO [PATH...]\n"},
      {"stats",
       "Tell how much a server's store holds\n"
       "Usage: ingot stats [OPTIONS]\n"},
  };
  const std::string top = RunOk({"--help"});
  for (const Case& c : cases) {
    const std::string help = RunOk({c.name, "--help"});
    EXPECT_THAT(help, StartsWith(c.head));
    EXPECT_THAT(help, HasSubstr("Examples:\n  ingot " + c.name + " "));
    EXPECT_THAT(top, HasSubstr("\n  " + c.name + " "));
  }
}

TEST_F(CliUsageTest, BadCommandLinesAreUsage) {
  Write("model", "x");
  RunFails({}, kUsage, "subcommand is required");
  RunFails({"squeeze", "model"}, kUsage, "squeeze: no such command");
  RunFails({"--fast"}, kUsage, "--fast: no such command");
  RunFails({"compress"}, kUsage, "PATH is required");
  RunFails({"compress", "--fast", "model"}, kUsage, "--fast");
  RunFails({"compress", "--level", "0", "model"}, kUsage, "--level");
  RunFails({"compress", "--level", "10", "model"}, kUsage, "--level");
  RunFails({"compress", "--level", "x", "model"}, kUsage, "--level");
  RunFails({"compress", "-3", "--level", "3", "model"}, kUsage, "--level");
  RunFails({"compress", "-T", "-1", "model"}, kUsage, "");
  RunFails({"compress", "-T", "257", "model"}, kUsage, "--threads");
  RunFails({"compress", "--dtype", "bf17", "model"}, kUsage, "BF16");
  RunFails({"compress", "--columns", "4", "model"}, kUsage, "--dtype");
  RunFails({"compress", "--dtype", "bf16", "--columns", "0", "model"}, kUsage,
           "--columns");
  RunFails({"compress", "-c", "-o", "out", "model"}, kUsage, "--output");
  RunFails({"compress", "-k", "--rm", "model"}, kUsage, "--keep");
  RunFails({"compress", "--rm", "-c", "model"}, kUsage, "--rm");
  RunFails({"compress", "--rm", "-"}, kUsage, "--rm");
  RunFails({"compress", "/"}, kUsage, "-o OUT");
  RunFails({"compress", "."}, kUsage, "-o OUT");
  RunFails({"decompress", "model"}, kUsage, ".ingot");
  RunFails({"decompress", ".ingot"}, kUsage, ".ingot");
  RunFails({"verify"}, kUsage, "FILE is required");
  RunFails({"cat", "model", "a", "--bytes", "0:1"}, kUsage, "--bytes");
  RunFails({"cat", "model", "--elements", "0:1"}, kUsage, "TENSOR");
  RunFails({"cat", "model", "--bytes", "1-2"}, kUsage, "A:B");
  RunFails({"cat", "model", "--bytes", "99999999999999999999:"}, kUsage, "A:B");
  RunFails({"bench", "--runs", "0", "model"}, kUsage, "--runs");
  EXPECT_EQ(List(), (std::vector<std::string>{"model"}));
}

TEST_F(CliUsageTest, MissingFilesAreErrors) {
  const std::string text = "missing.ingot: No such file or directory";
  RunFails({"compress", "-f", "missing.ingot"}, kError, text);
  RunFails({"decompress", "missing.ingot"}, kError, text);
  RunFails({"verify", "missing.ingot"}, kError, text);
  RunFails({"inspect", "missing.ingot"}, kError, text);
  RunFails({"cat", "missing.ingot"}, kError, text);
  RunFails({"bench", "missing.ingot"}, kError, text);
  Write("model", "x");
  RunFails({"compress", "-o", "nowhere/out", "model"}, kError, "nowhere/out");
  EXPECT_EQ(List(), (std::vector<std::string>{"model"}));
}

TEST_F(CliUsageTest, NoContainerIsCorrupt) {
  Write("model.ingot", SampleModel(1));
  Write("empty.ingot", "");
  for (const std::string name : {"model.ingot", "empty.ingot"}) {
    RunFails({"decompress", name}, kCorrupt, name);
    RunFails({"verify", name}, kCorrupt, name);
    RunFails({"inspect", name}, kCorrupt, name);
    RunFails({"cat", name}, kCorrupt, name);
    RunFails({"decompress", "-", "-o", "out"}, kCorrupt, "(stdin)",
             {.input = Read(name)});
  }
  EXPECT_EQ(List(), (std::vector<std::string>{"empty.ingot", "model.ingot"}));
}

TEST_F(CliUsageTest, UnknownKernelIsUsage) {
  Write("model", "x");
  RunFails({"compress", "model"}, kUsage, "INGOT_KERNEL=sse9",
           {.environment = {"INGOT_KERNEL=sse9"}});
  EXPECT_FALSE(Exists("model.ingot"));
  RunOk({"compress", "model"}, {.environment = {"INGOT_KERNEL=scalar"}});
  EXPECT_TRUE(Exists("model.ingot"));
}

TEST_F(CliUsageTest, OptionsStandAnywhereAndDashesEndThem) {
  Write("model", SampleModel(1));
  Write("-T7", "a name like an option");
  RunOk({"compress", "model", "-o", "a", "-T2", "-1"});
  RunOk({"compress", "-T2", "-1", "-oa2", "model"});
  EXPECT_TRUE(Read("a") == Read("a2"));
  RunOk({"compress", "-o", "b", "--", "-T7"});
  EXPECT_EQ(RunOk({"cat", "b"}), "a name like an option");
  RunOk({"decompress", "a", "-o", "c", "-q"});
  EXPECT_TRUE(Read("c") == Read("model"));
}

TEST_F(CliUsageTest, NamesOfSubcommandsAreFileNamesToo) {
  Write("verify", "1");
  Write("cat", "2");
  RunOk({"compress", "verify"});
  EXPECT_EQ(RunOk({"cat", "verify.ingot"}), "1");
  RunOk({"compress", "cat"});
  EXPECT_EQ(RunOk({"cat", "cat.ingot"}), "2");
}

TEST_F(CliUsageTest, ControlCharactersNeverReachTheTerminal) {
  RunFails({"verify", "a\x1b[2J\nb"}, kError, "a\\x1b[2J\\x0ab");
}

TEST_F(CliUsageTest, VerifyLooksAtAllFiles) {
  Write("good", "x");
  RunOk({"compress", "good"});
  Write("bad.ingot", "x");
  const RunResult result =
      Run({"verify", "missing", "bad.ingot", "good.ingot"});
  EXPECT_EQ(result.exit_code, kCorrupt);
  EXPECT_EQ(result.out, "good.ingot: ok, 1 file, 0 objects, 1 byte\n");
  EXPECT_THAT(result.err, HasSubstr("ingot: missing: "));
  EXPECT_THAT(result.err, HasSubstr("ingot: bad.ingot: "));
}

}  // namespace
}  // namespace ingot
