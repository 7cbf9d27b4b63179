// Whatever goes in comes out again: files, pipes, folders.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>

#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;

class CliRoundTripTest : public CliTest {
 protected:
  // By file and by pipe, with these options for compress.
  void ExpectRoundTrip(const std::string& content,
                       std::vector<std::string> options = {}) const {
    Write("model", content);
    std::vector<std::string> arguments = {"compress", "-f", "model"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    RunOk(arguments);
    RunOk({"verify", "-q", "model.ingot"});
    RunOk({"decompress", "-f", "-o", "restored", "model.ingot"});
    ASSERT_TRUE(Read("restored") == content);
    ASSERT_TRUE(RunOk({"decompress", "-", "-T2"},
                      {.input = Read("model.ingot")}) == content);

    arguments.insert(arguments.begin() + 1, "-");
    arguments.erase(std::find(arguments.begin(), arguments.end(), "model"));
    const std::string piped = RunOk(arguments, {.input = content});
    ASSERT_TRUE(RunOk({"decompress", "-"}, {.input = piped}) == content);
    Write("piped.ingot", piped);
    RunOk({"verify", "-q", "piped.ingot"});
    RunOk({"decompress", "-f", "piped.ingot"});
    ASSERT_TRUE(Read("piped") == content);
  }
};

TEST_F(CliRoundTripTest, OpaqueFilesOfEveryKindOfLength) {
  for (const size_t size :
       {0, 1, 7, 8, 9, 63, 64, 4095, 4096, 4097, 65535, 65536, 65537, 70000}) {
    SCOPED_TRACE(size);
    ExpectRoundTrip(RandomBytes(size, size));
  }
  ExpectRoundTrip(std::string(70000, 'a'));
}

TEST_F(CliRoundTripTest, Safetensors) {
  ExpectRoundTrip(SampleModel(1));
  ExpectRoundTrip(SampleModel(2), {"-1"});
  ExpectRoundTrip(SampleModel(3), {"-4", "-T3", "--no-metadata"});
}

TEST_F(CliRoundTripTest, UnalignedSafetensors) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    // The scalar's random bytes do not change the header; names do.
    ExpectRoundTrip(Safetensors({{std::string(seed + 1, 'x'),
                                  "BF16",
                                  {300, 40},
                                  WeightBytes(300 * 40, seed)},
                                 {"b", "U8", {5}, "12345"},
                                 {"c", "F32", {1200}, RandomBytes(4800, 1)}},
                                1));
  }
}

TEST_F(CliRoundTripTest, BrokenSafetensorsAreKeptWithANote) {
  const std::string model = SampleModel(1);
  for (const std::string& content :
       {model.substr(0, model.size() - 1), model.substr(0, 100),
        model + "trailing", model.substr(0, 8) + "{" + model.substr(8)}) {
    ExpectRoundTrip(content);
    EXPECT_NE(RunOk({"inspect", "model.ingot"}).find("note: safetensors: "),
              std::string::npos);
    EXPECT_NE(RunOk({"inspect", "piped.ingot"}).find("note: safetensors: "),
              std::string::npos);
  }
}

TEST_F(CliRoundTripTest, RawElements) {
  const std::string weights = WeightBytes(64 * 1000, 1);
  ExpectRoundTrip(weights, {"--dtype", "bf16", "--columns", "64"});
  EXPECT_LT(fs::file_size(Path("model.ingot")), weights.size() * 3 / 4);
  EXPECT_LT(fs::file_size(Path("piped.ingot")), weights.size() * 3 / 4);
  ExpectRoundTrip(weights, {"--dtype", "BFLOAT16"});
  // Elements that do not come out even, or not at all.
  ExpectRoundTrip(weights + "x", {"--dtype", "f64", "--columns", "7"});
  ExpectRoundTrip("", {"--dtype", "f32"});
  ExpectRoundTrip("abc", {"--dtype", "f32"});
  ExpectRoundTrip(weights, {"--dtype", "c64", "--columns", "9"});
  ExpectRoundTrip(weights, {"--dtype", "f4"});
}

TEST_F(CliRoundTripTest, BytesDependOnNoNumberOfThreads) {
  Write("model", WeightBytes(3 << 20, 1));
  std::string first;
  for (const std::string threads : {"-T1", "-T2", "-T5"}) {
    const std::string container = RunOk({"compress", "-c", "--dtype", "bf16",
                                         "--columns", "512", threads, "model"});
    if (first.empty()) first = container;
    EXPECT_TRUE(container == first) << threads;
  }
  EXPECT_TRUE(RunOk({"decompress", "-", "-T5"}, {.input = first}) ==
              Read("model"));
}

TEST_F(CliRoundTripTest, ModeAndTimeComeBack) {
  Write("model", "content");
  chmod(Path("model").c_str(), 06751);
  const struct timespec times[2] = {
      {.tv_sec = 5, .tv_nsec = 6}, {.tv_sec = 981173106, .tv_nsec = 700000000}};
  ASSERT_EQ(utimensat(AT_FDCWD, Path("model").c_str(), times, 0), 0);
  RunOk({"compress", "model"});
  RunOk({"compress", "--no-metadata", "-o", "plain.ingot", "model"});
  RunOk({"decompress", "-o", "restored", "model.ingot"});
  RunOk({"decompress", "plain.ingot"});
  struct stat info;
  ASSERT_EQ(stat(Path("restored").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0751u) << "no setuid, no setgid";
  EXPECT_EQ(info.st_mtim.tv_sec, 981173106);
  EXPECT_EQ(info.st_mtim.tv_nsec, 700000000);
  ASSERT_EQ(stat(Path("plain").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0111, 0u);
  EXPECT_GT(info.st_mtim.tv_sec, 981173106);
  // A private file's container is private.
  chmod(Path("model").c_str(), 0600);
  RunOk({"compress", "-f", "model"});
  ASSERT_EQ(stat(Path("model.ingot").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

class CliFolderTest : public CliRoundTripTest {
 protected:
  void MakeRepository() const {
    Write("repo/model-1.safetensors", SampleModel(1));
    Write("repo/model-2.safetensors", SampleModel(2));
    Write("repo/copies/again.safetensors", SampleModel(1));
    Write("repo/copies/deep/er/README.md", "# read me\n");
    Write("repo/config.json", "{}");
    Write("repo/empty", "");
    Write("repo/\xFF\n.bin", RandomBytes(70000, 7));
  }

  void ExpectRestored(const std::string& folder) const {
    for (const std::string name :
         {"model-1.safetensors", "model-2.safetensors",
          "copies/again.safetensors", "copies/deep/er/README.md", "config.json",
          "empty", "\xFF\n.bin"}) {
      EXPECT_TRUE(Read(folder + "/" + name) == Read("repo/" + name)) << name;
    }
  }
};

TEST_F(CliFolderTest, AFolderIsOneContainer) {
  MakeRepository();
  const std::vector<std::string> before = List();
  RunOk({"compress", "repo/"});
  RunOk({"verify", "repo.ingot"});
  RunOk({"decompress", "-o", "out", "repo.ingot"});
  ExpectRestored("out");
  std::vector<std::string> expected = before;
  for (const std::string& name : before) {
    expected.push_back("out" + name.substr(4));
  }
  expected.push_back("repo.ingot");
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(List(), expected);

  fs::remove_all(Path("out"));
  fs::rename(Path("repo"), Path("moved"));
  RunOk({"decompress", "repo.ingot"});
  ExpectRestored("repo");
}

TEST_F(CliFolderTest, EqualTensorsAreKeptOnce) {
  MakeRepository();
  RunOk({"compress", "repo"});
  Write("two/model-1.safetensors", SampleModel(1));
  Write("two/model-2.safetensors", SampleModel(2));
  RunOk({"compress", "two"});
  EXPECT_LT(fs::file_size(Path("repo.ingot")),
            fs::file_size(Path("two.ingot")) + 72000);
}

TEST_F(CliFolderTest, ThroughPipesWithoutReferences) {
  MakeRepository();
  // A pipe cannot be rewound, so that nothing refers back.
  const std::string container = RunOk({"compress", "-c", "repo"});
  RunOk({"decompress", "-", "-o", "out"}, {.input = container});
  ExpectRestored("out");
  // The first file has gone to stdout by the time the second one shows up.
  const RunResult result = Run({"decompress", "-"}, {.input = container});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("exactly one file"), std::string::npos);
}

TEST_F(CliFolderTest, AFileOnStdinIsReadAtRandom) {
  MakeRepository();
  RunOk({"compress", "repo"});
  RunOk({"decompress", "-", "-o", "out"}, {.input_file = "repo.ingot"});
  ExpectRestored("out");
  RunFails({"decompress", "-", "-o", "out2"}, 3, "a reference",
           {.input = Read("repo.ingot")});
}

TEST_F(CliFolderTest, ContainersOfOneAndOfNoFile) {
  Write("one/sub/file", "content");
  fs::create_directory(Path("none"));
  RunOk({"compress", "one"});
  RunOk({"compress", "none"});
  RunOk({"decompress", "-o", "a", "one.ingot"});
  EXPECT_EQ(Read("a"), "content");
  RunOk({"decompress", "-o", "b/", "one.ingot"});
  EXPECT_EQ(Read("b/sub/file"), "content");
  fs::create_directory(Path("c"));
  RunOk({"decompress", "-o", "c", "one.ingot"});
  EXPECT_EQ(Read("c/sub/file"), "content");
  EXPECT_EQ(RunOk({"decompress", "-c", "one.ingot"}), "content");
  EXPECT_EQ(RunOk({"decompress", "-o", "-", "one.ingot"}), "content");
  RunOk({"decompress", "-o", "d", "none.ingot"});
  EXPECT_TRUE(fs::is_directory(Path("d")));
  RunFails({"decompress", "-c", "none.ingot"}, 2, "exactly one file");
  RunOk({"decompress", "-", "-o", "e"}, {.input = Read("none.ingot")});
  EXPECT_TRUE(fs::is_directory(Path("e")));
}

TEST_F(CliFolderTest, ManyFilesDoNotFitStdout) {
  MakeRepository();
  RunOk({"compress", "repo"});
  RunFails({"decompress", "-c", "repo.ingot"}, 2, "exactly one file");
}

TEST_F(CliFolderTest, LinksToFilesAreFollowedAndTheRestIsSkipped) {
  Write("blobs/1234", SampleModel(1));
  fs::create_directories(Path("snapshot/sub"));
  fs::create_symlink("../blobs/1234", Path("snapshot/model.safetensors"));
  fs::create_symlink("nothing", Path("snapshot/dangling"));
  fs::create_symlink("../snapshot", Path("snapshot/loop"));
  ASSERT_EQ(mkfifo(Path("snapshot/sub/fifo").c_str(), 0600), 0);
  const RunResult result = Run({"compress", "snapshot"});
  EXPECT_EQ(result.exit_code, 0);
  for (const std::string line :
       {"ingot: snapshot/dangling: skipped: a link to nothing\n",
        "ingot: snapshot/loop: skipped: a link to a folder\n",
        "ingot: snapshot/sub/fifo: skipped: neither a file nor a folder\n"}) {
    EXPECT_NE(result.err.find(line), std::string::npos) << result.err;
  }
  RunOk({"decompress", "-o", "out/", "snapshot.ingot"});
  EXPECT_TRUE(Read("out/model.safetensors") == SampleModel(1));
  EXPECT_FALSE(fs::is_symlink(Path("out/model.safetensors")));
}

TEST_F(CliFolderTest, TheOutputDoesNotSwallowItself) {
  Write("repo/a", "a");
  RunOk({"compress", "-o", "repo/out.ingot", "repo"});
  const std::string first = Read("repo/out.ingot");
  RunOk({"compress", "-f", "-o", "repo/out.ingot", "repo"});
  EXPECT_EQ(Read("repo/out.ingot"), first);
  EXPECT_EQ(RunOk({"cat", "repo/out.ingot"}), "a");
}

}  // namespace
}  // namespace ingot
