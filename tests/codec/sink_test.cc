#include "codec/sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace ingot {
namespace {

namespace fs = std::filesystem;

class FileSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "sink_test_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }

  static std::string Contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void Put(const std::string& path, const std::string& contents) {
    std::ofstream(path, std::ios::binary) << contents;
  }
  size_t FilesInFolder() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_),
                                             fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(FileSinkTest, ANewFileKeepsThePermissionsOfTheOld) {
  const std::string path = Path("model");
  Put(path, "old");
  ASSERT_EQ(chmod(path.c_str(), 0664), 0);
  const bool root = geteuid() == 0;
  if (root) {
    ASSERT_EQ(chown(path.c_str(), 12, 34), 0);
  }
  const mode_t before = umask(0077);
  const FileSinkOptions options = {
      .overwrite = true, .mode = 0600, .keep_permissions = true};
  auto sink = CreateFileSink(path, options);
  ASSERT_TRUE(sink.ok()) << sink.error().message;
  // From the beginning, under its temporary name.
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    struct stat info;
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0664U) << entry.path();
    EXPECT_EQ(info.st_uid, root ? 12 : geteuid());
  }
  ASSERT_TRUE((*sink)->Write(AsBytes("new")).ok());
  ASSERT_TRUE((*sink)->Commit().ok());
  EXPECT_EQ(Contents(path), "new");
  // Of none there are none.
  auto fresh = CreateFileSink(Path("fresh"), options);
  ASSERT_TRUE(fresh.ok()) << fresh.error().message;
  ASSERT_TRUE((*fresh)->Commit().ok());
  umask(before);
  struct stat info;
  ASSERT_EQ(stat(Path("fresh").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(FileSinkTest, AppearsWholeOnCommitOnly) {
  const std::string path = Path("model.ingot");
  auto sink = CreateFileSink(path, {});
  ASSERT_TRUE(sink.ok()) << sink.error().message;
  ASSERT_TRUE((*sink)->Write(AsBytes("hello ")).ok());
  ASSERT_TRUE((*sink)->Write(AsBytes("world")).ok());
  EXPECT_FALSE(fs::exists(path));
  ASSERT_EQ(FilesInFolder(), 1u);
  const std::string temporary =
      fs::directory_iterator(folder_)->path().filename();
  EXPECT_TRUE(temporary.starts_with(".model.ingot.ingot-")) << temporary;
  ASSERT_TRUE((*sink)->Commit().ok());
  EXPECT_EQ(Contents(path), "hello world");
  sink->reset();
  EXPECT_EQ(Contents(path), "hello world");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(FileSinkTest, DestructionWithoutCommitLeavesNothing) {
  {
    auto sink = CreateFileSink(Path("a"), {});
    ASSERT_TRUE(sink.ok());
    ASSERT_TRUE((*sink)->Write(AsBytes("x")).ok());
  }
  EXPECT_EQ(FilesInFolder(), 0u);
}

TEST_F(FileSinkTest, ModeIsMaskedByUmask) {
  const mode_t old = umask(027);
  auto sink = CreateFileSink(Path("a"), {.mode = 0775});
  umask(old);
  ASSERT_TRUE(sink.ok());
  ASSERT_TRUE((*sink)->Commit().ok());
  struct stat info;
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0750u);
}

TEST_F(FileSinkTest, WithoutOverwriteAnExistingFileStays) {
  Put(Path("a"), "old");
  auto sink = CreateFileSink(Path("a"), {});
  ASSERT_FALSE(sink.ok());
  EXPECT_EQ(sink.error().kind, ErrorKind::kConflict);
  EXPECT_NE(sink.error().message.find(Path("a")), std::string::npos);
  EXPECT_EQ(Contents(Path("a")), "old");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(FileSinkTest, WithoutOverwriteALateFileStays) {
  auto sink = CreateFileSink(Path("a"), {});
  ASSERT_TRUE(sink.ok());
  ASSERT_TRUE((*sink)->Write(AsBytes("new")).ok());
  Put(Path("a"), "late");
  const Status committed = (*sink)->Commit();
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().kind, ErrorKind::kConflict);
  EXPECT_FALSE((*sink)->Commit().ok());
  sink->reset();
  EXPECT_EQ(Contents(Path("a")), "late");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(FileSinkTest, WithoutOverwriteADanglingLinkStays) {
  fs::create_symlink("nowhere", Path("a"));
  auto sink = CreateFileSink(Path("a"), {});
  ASSERT_FALSE(sink.ok());
  EXPECT_EQ(sink.error().kind, ErrorKind::kConflict);
}

TEST_F(FileSinkTest, OverwriteReplacesOnCommitOnly) {
  Put(Path("a"), "old");
  auto sink = CreateFileSink(Path("a"), {.overwrite = true});
  ASSERT_TRUE(sink.ok());
  ASSERT_TRUE((*sink)->Write(AsBytes("new")).ok());
  EXPECT_EQ(Contents(Path("a")), "old");
  ASSERT_TRUE((*sink)->Commit().ok());
  EXPECT_EQ(Contents(Path("a")), "new");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(FileSinkTest, OverwriteRefusesDevicesAndFolders) {
  fs::create_directory(Path("d"));
  for (const std::string& path : {std::string("/dev/null"), Path("d")}) {
    auto sink = CreateFileSink(path, {.overwrite = true});
    ASSERT_FALSE(sink.ok()) << path;
    EXPECT_EQ(sink.error().kind, ErrorKind::kInvalidArgument);
  }
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(FileSinkTest, BadPathsAreErrorsThatNameThem) {
  auto missing = CreateFileSink(Path("no/such"), {});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(missing.error().message.find("no/such"), std::string::npos);
  for (const char* name : {"", ".", "..", "folder/"}) {
    auto sink = CreateFileSink(Path(name), {});
    ASSERT_FALSE(sink.ok()) << name;
    EXPECT_EQ(sink.error().kind, ErrorKind::kInvalidArgument) << name;
  }
}

TEST_F(FileSinkTest, RelativePathAndLongestName) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const std::string name(255, 'n');
  auto sink = CreateFileSink(name, {});
  ASSERT_TRUE(sink.ok()) << sink.error().message;
  // The file belongs to the folder of the beginning.
  fs::current_path(before);
  ASSERT_TRUE((*sink)->Write(AsBytes("x")).ok());
  ASSERT_TRUE((*sink)->Commit().ok());
  EXPECT_EQ(Contents(Path(name)), "x");
}

TEST_F(FileSinkTest, RewindForgets) {
  auto sink = CreateFileSink(Path("a"), {});
  ASSERT_TRUE(sink.ok());
  ASSERT_TRUE((*sink)->CanRewind());
  const std::vector<std::byte> big(20 << 20, std::byte{'b'});
  ASSERT_TRUE((*sink)->Write(AsBytes("keep")).ok());
  ASSERT_TRUE((*sink)->Write(big).ok());
  EXPECT_FALSE((*sink)->Rewind(big.size() + 5).ok());
  ASSERT_TRUE((*sink)->Rewind(2).ok());
  ASSERT_TRUE((*sink)->Write(AsBytes("y")).ok());
  ASSERT_TRUE((*sink)->Commit().ok());
  EXPECT_EQ(Contents(Path("a")), "key");
}

TEST_F(FileSinkTest, LargeFileSurvivesEarlyWriteBack) {
  auto sink = CreateFileSink(Path("a"), {});
  ASSERT_TRUE(sink.ok());
  std::string expected;
  for (int i = 0; i < 25; ++i) {
    const std::string piece((1 << 20) + i, static_cast<char>('a' + i));
    ASSERT_TRUE((*sink)->Write(AsBytes(piece)).ok());
    expected += piece;
  }
  ASSERT_TRUE((*sink)->Commit().ok());
  EXPECT_TRUE(Contents(Path("a")) == expected);
}

TEST_F(FileSinkTest, NothingAfterCommit) {
  auto sink = CreateFileSink(Path("a"), {});
  ASSERT_TRUE(sink.ok());
  ASSERT_TRUE((*sink)->Commit().ok());
  EXPECT_FALSE((*sink)->Write(AsBytes("x")).ok());
  EXPECT_FALSE((*sink)->Rewind(0).ok());
  EXPECT_FALSE((*sink)->Commit().ok());
  EXPECT_EQ(Contents(Path("a")), "");
}

// A file size limit makes write fail as a full disk does.
TEST_F(FileSinkTest, FailedWriteIsNeverCommitted) {
  struct rlimit old;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = old;
  small.rlim_cur = 1000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  auto sink = CreateFileSink(Path("a"), {});
  ASSERT_TRUE(sink.ok());
  const std::vector<std::byte> bytes(1500);
  const Status written = (*sink)->Write(bytes);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  ASSERT_FALSE(written.ok());
  EXPECT_NE(written.error().message.find("offset 1000"), std::string::npos)
      << written.error().message;
  EXPECT_FALSE((*sink)->Write(AsBytes("x")).ok());
  EXPECT_FALSE((*sink)->Commit().ok());
  sink->reset();
  EXPECT_EQ(FilesInFolder(), 0u);
}

TEST_F(FileSinkTest, FullDeviceIsResourceExhausted) {
  const int fd = open("/dev/full", O_WRONLY);
  ASSERT_GE(fd, 0);
  const Status written =
      MakeDescriptorSink(fd, "/dev/full")->Write(AsBytes("x"));
  close(fd);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().kind, ErrorKind::kResourceExhausted);
  EXPECT_NE(written.error().message.find("/dev/full: write at offset 0"),
            std::string::npos);
}

TEST_F(FileSinkTest, SignalHandlerRemovesTemporaryFiles) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGTERM, [](int) {
      RemoveTemporaryFilesFromSignalHandler();
      _exit(42);
    });
    std::vector<std::unique_ptr<Sink>> sinks;
    for (int i = 0; i < 5; ++i) {
      auto sink = CreateFileSink(Path(std::to_string(i)), {});
      if (!sink.ok() || !(*sink)->Write(AsBytes("x")).ok()) _exit(1);
      sinks.push_back(std::move(sink).value());
    }
    if (!sinks[0]->Commit().ok()) _exit(2);
    if (write(ready[1], "r", 1) != 1) _exit(3);
    for (;;) pause();
  }
  close(ready[1]);
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  EXPECT_EQ(FilesInFolder(), 5u);
  kill(child, SIGTERM);
  int status;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_EQ(FilesInFolder(), 1u);
  EXPECT_TRUE(fs::exists(Path("0")));
}

TEST_F(FileSinkTest, MoreSinksThanSlotsWork) {
  std::vector<std::unique_ptr<Sink>> sinks;
  for (int i = 0; i < 100; ++i) {
    auto sink = CreateFileSink(Path(std::to_string(i)), {});
    ASSERT_TRUE(sink.ok());
    sinks.push_back(std::move(sink).value());
  }
  for (auto& sink : sinks) ASSERT_TRUE(sink->Commit().ok());
  EXPECT_EQ(FilesInFolder(), 100u);
}

TEST_F(FileSinkTest, SinksOfSeveralThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t, &failures] {
      for (int i = 0; i < 50; ++i) {
        auto sink = CreateFileSink(Path(std::to_string(t * 50 + i)), {});
        if (!sink.ok() || !(*sink)->Write(AsBytes("x")).ok()) ++failures;
        if (i % 2 == 0 && !(*sink)->Commit().ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(FilesInFolder(), 100u);
}

TEST(MemorySinkTest, AppendsAndRewindsToItsStart) {
  std::vector<std::byte> bytes(3, std::byte{'p'});
  const auto sink = MakeMemorySink(&bytes);
  ASSERT_TRUE(sink->CanRewind());
  ASSERT_TRUE(sink->Write(AsBytes("abcdef")).ok());
  ASSERT_TRUE(sink->Rewind(2).ok());
  EXPECT_FALSE(sink->Rewind(3).ok());
  ASSERT_TRUE(sink->Write(AsBytes("z")).ok());
  ASSERT_TRUE(sink->Commit().ok());
  EXPECT_EQ(AsText(bytes), "pppabz");
}

TEST(DescriptorSinkTest, WritesAllThroughASlowNonBlockingPipe) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  ASSERT_EQ(fcntl(ends[0], F_SETFL, 0), 0);
  std::string sent;
  for (int i = 0; i < 300000; ++i) sent += static_cast<char>(i % 251);
  std::string received;
  std::thread reader([&] {
    char buffer[3000];
    ssize_t n;
    while ((n = read(ends[0], buffer, sizeof(buffer))) > 0) {
      received.append(buffer, static_cast<size_t>(n));
    }
  });
  const auto sink = MakeDescriptorSink(ends[1], "(pipe)");
  EXPECT_FALSE(sink->CanRewind());
  EXPECT_FALSE(sink->Rewind(0).ok());
  EXPECT_TRUE(sink->Write(AsBytes(sent)).ok());
  EXPECT_TRUE(sink->Commit().ok());
  close(ends[1]);
  reader.join();
  close(ends[0]);
  EXPECT_TRUE(received == sent);
}

}  // namespace
}  // namespace ingot
