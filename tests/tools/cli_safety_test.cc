// Nothing is overwritten, removed, half-written or led astray.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "codec/sink.h"
#include "codec/stream_encoder.h"
#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

using Names = std::vector<std::string>;

using CliOverwriteTest = CliTest;

TEST_F(CliOverwriteTest, CompressReplacesOnlyWithForce) {
  Write("model", "new");
  Write("model.ingot", "old");
  RunFails({"compress", "model"}, 1, "model.ingot: the file exists already");
  RunFails({"compress", "-o", "model.ingot", "-"}, 1, "model.ingot",
           {.input = "x"});
  EXPECT_EQ(Read("model.ingot"), "old");
  RunOk({"compress", "-f", "model"});
  EXPECT_EQ(RunOk({"cat", "model.ingot"}), "new");
  EXPECT_EQ(Read("model"), "new");
}

TEST_F(CliOverwriteTest, ContainersAreNotCompressedAgain) {
  Write("model", "content");
  RunOk({"compress", "model"});
  RunFails({"compress", "model.ingot"}, 2, "suffix .ingot");
  RunOk({"compress", "-f", "model.ingot"});
  EXPECT_EQ(RunOk({"cat", "model.ingot.ingot"}), Read("model.ingot"));
}

TEST_F(CliOverwriteTest, TheInputIsNeverTheOutput) {
  Write("model", "content");
  fs::create_hard_link(Path("model"), Path("same"));
  fs::create_symlink("model", Path("link"));
  for (const std::string name : {"model", "same", "link", "./model"}) {
    RunFails({"compress", "-f", "-o", name, "model"}, 2, "the input itself");
  }
  EXPECT_EQ(Read("model"), "content");
}

TEST_F(CliOverwriteTest, DecompressReplacesOnlyWithForce) {
  Write("model", "content");
  RunOk({"compress", "model"});
  Write("model", "edited");
  RunFails({"decompress", "model.ingot"}, 1, "model: the file exists already");
  EXPECT_EQ(Read("model"), "edited");
  RunOk({"decompress", "-f", "model.ingot"});
  EXPECT_EQ(Read("model"), "content");
}

TEST_F(CliOverwriteTest, FoldersAreCheckedBeforeAnythingIsWritten) {
  Write("repo/a", "1");
  Write("repo/b/c", "2");
  RunOk({"compress", "repo"});
  Write("out/b/c", "precious");
  RunFails({"decompress", "-o", "out", "repo.ingot"}, 1, "out/b/c");
  EXPECT_FALSE(Exists("out/a"));
  EXPECT_EQ(Read("out/b/c"), "precious");
  RunOk({"decompress", "-f", "-o", "out", "repo.ingot"});
  EXPECT_EQ(Read("out/a"), "1");
  EXPECT_EQ(Read("out/b/c"), "2");
  Write("file", "in the way");
  RunFails({"decompress", "-f", "-o", "file", "repo.ingot"}, 1, "file");
  EXPECT_EQ(Read("file"), "in the way");
}

TEST_F(CliOverwriteTest, AStreamOfManyFilesMakesAFolder) {
  Write("repo/a", "1");
  Write("repo/b/c", "2");
  Write("repo/d", "3");
  const std::string container = RunOk({"compress", "-c", "repo"});
  RunOk({"decompress", "-o", "out", "-"}, {.input = container});
  EXPECT_EQ(Read("out/a"), "1");
  EXPECT_EQ(Read("out/b/c"), "2");
  EXPECT_EQ(Read("out/d"), "3");
  RunFails({"decompress", "-o", "out", "-"}, 1, "out/a", {.input = container});
  EXPECT_THAT(List(),
              ElementsAre("out/", "out/a", "out/b/", "out/b/c", "out/d",
                          "repo/", "repo/a", "repo/b/", "repo/b/c", "repo/d"));
}

using CliRemoveTest = CliTest;

TEST_F(CliRemoveTest, FilesGoAfterTheContainerIsVerified) {
  Write("model", SampleModel(1));
  RunOk({"compress", "--rm", "model"});
  EXPECT_THAT(List(), ElementsAre("model.ingot"));
  RunOk({"decompress", "model.ingot"});
  EXPECT_TRUE(Read("model") == SampleModel(1));
}

TEST_F(CliRemoveTest, FoldersGoButWhatWasSkippedStays) {
  Write("repo/a", "1");
  Write("repo/b/c", "2");
  Write("repo/d/e", "3");
  fs::create_symlink("nothing", Path("repo/d/dangling"));
  EXPECT_EQ(Run({"compress", "--rm", "repo"}).exit_code, 0);
  EXPECT_THAT(List(),
              ElementsAre("repo.ingot", "repo/", "repo/d/", "repo/d/dangling"));
  RunOk({"decompress", "-o", "out", "repo.ingot"});
  EXPECT_EQ(Read("out/d/e"), "3");
}

TEST_F(CliRemoveTest, LinksGoAndWhatTheyPointToStays) {
  Write("blob", "content");
  fs::create_symlink("blob", Path("model"));
  RunOk({"compress", "--rm", "model"});
  EXPECT_THAT(List(), ElementsAre("blob", "model.ingot"));
}

TEST_F(CliRemoveTest, NothingGoesWhenTheOutputFails) {
  Write("model", "content");
  Write("model.ingot", "old");
  RunFails({"compress", "--rm", "model"}, 1, "model.ingot");
  EXPECT_EQ(Read("model"), "content");
}

using CliTerminalTest = CliTest;

TEST_F(CliTerminalTest, BinaryIsNeverWrittenToOne) {
  Write("model", "content");
  RunOk({"compress", "model"});
  const std::vector<std::vector<std::string>> cases = {
      {"compress", "-c", "model"},
      {"compress", "-f", "-"},
      {"decompress", "-c", "model.ingot"},
      {"decompress", "-f", "-"},
      {"cat", "model.ingot"}};
  for (const std::vector<std::string>& arguments : cases) {
    RunFails(arguments, 2, "(stdout): a terminal",
             {.stdout_is_terminal = true});
  }
}

TEST_F(CliTerminalTest, ProgressIsShownThereAndNowhereElse) {
  Write("model", "");
  fs::resize_file(Path("model"), 256 << 20);
  const RunOptions terminal = {.stderr_is_terminal = true};
  const RunResult shown = Run({"compress", "model"}, terminal);
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_THAT(shown.err, testing::StartsWith("\rmodel ["));
  EXPECT_THAT(shown.err, testing::EndsWith("\r\x1b[K"));
  EXPECT_EQ(Run({"compress", "-q", "-f", "model"}, terminal).err, "");
  EXPECT_EQ(Run({"compress", "-f", "model"}).err, "");
}

TEST_F(CliTerminalTest, AClosedPipeEndsItQuietly) {
  Write("model", RandomBytes(8 << 20, 1));
  RunOk({"compress", "model"});
  for (const Names& arguments :
       {Names{"decompress", "-c", "model.ingot"},
        Names{"compress", "-c", "model"}, Names{"cat", "model.ingot"}}) {
    const RunResult result = Run(arguments, {.close_stdout = true});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.err, "");
  }
}

class CliTraversalTest : public CliTest {
 protected:
  // A container with files of these names, which no ingot would write.
  void WriteContainer(const std::string& name, const Names& files) const {
    std::vector<std::byte> bytes;
    const std::unique_ptr<Sink> sink = MakeMemorySink(&bytes);
    Result<std::unique_ptr<StreamEncoder>> encoder =
        StreamEncoder::Create(sink.get(), {});
    ASSERT_TRUE(encoder.ok());
    for (const std::string& file : files) {
      FileInfo info;
      info.path = file;
      info.format = "opaque";
      ASSERT_TRUE((*encoder)->BeginFile(info).ok());
      ASSERT_TRUE((*encoder)->BeginRegion({}).ok());
      ASSERT_TRUE((*encoder)->Write(AsBytes("evil")).ok());
      ASSERT_TRUE((*encoder)->EndRegion().ok());
      ASSERT_TRUE((*encoder)->EndFile().ok());
    }
    ASSERT_TRUE((*encoder)->Finish().ok());
    Write(name, AsText(bytes));
  }
};

TEST_F(CliTraversalTest, PathsNeverLeaveTheFolder) {
  fs::create_directory(Path("in"));
  const std::string absolute = Path("absolute").string();
  for (const std::string& path :
       {std::string("../up"), std::string("a/../../up"), absolute,
        std::string("a//b"), std::string("./a"), std::string("a/"),
        std::string("..")}) {
    SCOPED_TRACE(path);
    WriteContainer("evil.ingot", {path, "harmless"});
    for (const std::string force : {"-q", "-f"}) {
      RunFails({"decompress", force, "-o", "in/out", "evil.ingot"}, 3, "");
      RunFails({"decompress", force, "-o", "in/out", "-"}, 3, "",
               {.input = Read("evil.ingot")});
    }
    EXPECT_FALSE(Exists("up"));
    EXPECT_FALSE(Exists("in/up"));
    EXPECT_FALSE(Exists("absolute"));
    EXPECT_FALSE(Exists("in/out/harmless"));
    fs::remove_all(Path("in/out"));
  }
}

TEST_F(CliTraversalTest, PathsThatCannotExistTogether) {
  WriteContainer("twice.ingot", {"a", "a"});
  WriteContainer("below.ingot", {"a", "a/b"});
  for (const std::string name : {"twice.ingot", "below.ingot"}) {
    RunFails({"decompress", "-f", "-o", "out", name}, 3, "a");
    EXPECT_FALSE(Exists("out"));
    EXPECT_NE(
        Run({"decompress", "-f", "-o", "piped", "-"}, {.input = Read(name)})
            .exit_code,
        0);
    fs::remove_all(Path("piped"));
  }
}

TEST_F(CliTraversalTest, LinksInTheFolderAreNotFollowed) {
  WriteContainer("repo.ingot", {"a", "sub/b"});
  fs::create_directories(Path("outside"));
  fs::create_directories(Path("out"));
  fs::create_directory_symlink("../outside", Path("out/sub"));
  for (const std::string force : {"-q", "-f"}) {
    RunFails({"decompress", force, "-o", "out", "repo.ingot"}, 1, "out/sub");
  }
  EXPECT_EQ(
      Run({"decompress", "-f", "-o", "out", "-"}, {.input = Read("repo.ingot")})
          .exit_code,
      1);
  EXPECT_FALSE(Exists("outside/b"));
}

TEST_F(CliTraversalTest, ALinkInAFilesPlaceIsReplaced) {
  WriteContainer("repo.ingot", {"a", "b"});
  Write("outside", "precious");
  fs::create_directories(Path("out"));
  fs::create_symlink("../outside", Path("out/a"));
  RunFails({"decompress", "-o", "out", "repo.ingot"}, 1, "out/a");
  RunOk({"decompress", "-f", "-o", "out", "repo.ingot"});
  EXPECT_EQ(Read("outside"), "precious");
  EXPECT_FALSE(fs::is_symlink(Path("out/a")));
  EXPECT_EQ(Read("out/a"), "evil");
}

class CliSignalTest : public CliTest {
 protected:
  // A file that takes a second or more, and no room on the disk.
  void WriteLarge(std::string_view name) const {
    Write(name, "");
    fs::resize_file(Path(name), uint64_t{1} << 30);
  }
};

TEST_F(CliSignalTest, InterruptedCompressLeavesNothing) {
  WriteLarge("model");
  for (const int number : {SIGINT, SIGTERM}) {
    const RunResult result = Run({"compress", "model"}, {.signal = number});
    EXPECT_EQ(result.signal, number);
    EXPECT_THAT(List(), ElementsAre("model"));
  }
}

TEST_F(CliSignalTest, InterruptedDecompressLeavesNothing) {
  WriteLarge("model");
  RunOk({"compress", "-1", "model"});
  fs::remove(Path("model"));
  const RunResult result =
      Run({"decompress", "model.ingot"}, {.signal = SIGINT});
  EXPECT_EQ(result.signal, SIGINT);
  EXPECT_THAT(List(), ElementsAre("model.ingot"));
}

TEST_F(CliSignalTest, KilledCompressAndDecompressLeaveNoHalfOutput) {
  WriteLarge("model");
  EXPECT_EQ(Run({"compress", "model"}, {.signal = SIGKILL}).signal, SIGKILL);
  EXPECT_FALSE(Exists("model.ingot"));
  for (const std::string& name : List()) {
    if (name != "model") fs::remove(Path(name));
  }
  RunOk({"compress", "-1", "model"});
  fs::remove(Path("model"));
  EXPECT_EQ(Run({"decompress", "model.ingot"}, {.signal = SIGKILL}).signal,
            SIGKILL);
  EXPECT_FALSE(Exists("model"));
}

}  // namespace
}  // namespace ingot
