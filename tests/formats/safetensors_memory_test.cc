// The largest headers, in a process of their own: what they cost in memory is
// the process's peak.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "codec/source.h"
#include "formats/format_table.h"
#include "tests/formats/layout_checks.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

constexpr uint64_t kMaxHeaderLength = 100'000'000;
constexpr int kTensors = 262144;

// A file in the temporary folder that goes with the object.
class TemporaryFile {
 public:
  // `write` writes a header to the stream; spaces fill it up to
  // kMaxHeaderLength, and `data_length` bytes follow.
  TemporaryFile(const std::function<void(std::ofstream&)>& write,
                uint64_t data_length) {
    path_ = (std::filesystem::temp_directory_path() /
             ("ingot-" + std::to_string(getpid()) + ".safetensors"))
                .string();
    std::ofstream out(path_, std::ios::binary | std::ios::trunc);
    char length[8];
    StoreLittleEndian(length, kMaxHeaderLength);
    out.write(length, 8);
    write(out);
    const auto written = static_cast<uint64_t>(out.tellp());
    EXPECT_LE(written, 8 + kMaxHeaderLength);
    const uint64_t padding =
        8 + kMaxHeaderLength - std::min(written, 8 + kMaxHeaderLength);
    // The padding below counts down from an unsigned difference.
    if (written > 8 + kMaxHeaderLength) return;
    const std::string spaces(65536, ' ');
    for (uint64_t left = padding; left > 0;) {
      const uint64_t n = std::min<uint64_t>(left, spaces.size());
      out.write(spaces.data(), static_cast<std::streamsize>(n));
      left -= n;
    }
    out.close();
    EXPECT_TRUE(out.good());
    std::filesystem::resize_file(path_, 8 + kMaxHeaderLength + data_length);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

double PeakMiB() {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Detects the file's layout within the promised time and memory.
std::string DetectFormat(const TemporaryFile& file, std::string* note) {
  const auto source = OpenFileSource(file.path());
  EXPECT_TRUE(source.ok());
  const auto start = std::chrono::steady_clock::now();
  const Result<Layout> layout = DetectLayout(**source);
  const std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - start;
  EXPECT_TRUE(layout.ok());
  EXPECT_EQ(LayoutDefect(*layout, (*source)->size()), "");
  ::testing::Test::RecordProperty("seconds", std::to_string(elapsed.count()));
  ::testing::Test::RecordProperty("peak_mib", std::to_string(PeakMiB()));
  if (!kSanitized) {
    EXPECT_LT(elapsed.count(), 20.0);
    EXPECT_LT(PeakMiB(), 200.0);
  }
  *note = layout->note();
  return layout->format();
}

// As many tensors as are allowed, with names and shapes of nearly 48 MiB.
void WriteTensors(std::ofstream& out) {
  const std::string name(80, 'n');
  for (int i = 0; i < kTensors; ++i) {
    out << (i == 0 ? '{' : ',') << '"' << name << i
        << "\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1],"
           "\"data_offsets\":["
        << i << ',' << i + 1 << "]}";
  }
}

// Metadata values of 16 MiB, the last one without its quotation mark.
void WriteMetadata(std::ofstream& out, int values) {
  out << ",\"__metadata__\":{";
  for (int i = 0; i < values; ++i) {
    out << (i == 0 ? "\"" : "\",\"") << i << "\":\""
        << std::string(16 << 20, 'v');
  }
}

TEST(SafetensorsMemoryTest, EverythingAtItsLimit) {
  const TemporaryFile file(
      [](std::ofstream& out) {
        WriteTensors(out);
        WriteMetadata(out, 2);
        out << "\"}}";
      },
      kTensors);
  std::string note;
  EXPECT_EQ(DetectFormat(file, &note), "safetensors");
  EXPECT_EQ(note, "");
}

// The library that reads JSON copies the last token into its message.
TEST(SafetensorsMemoryTest, EverythingAtItsLimitAndThenBroken) {
  const TemporaryFile file(
      [](std::ofstream& out) {
        WriteTensors(out);
        WriteMetadata(out, 2);
        out << '\n';
      },
      kTensors);
  std::string note;
  EXPECT_EQ(DetectFormat(file, &note), "opaque");
  EXPECT_NE(note.find("not valid UTF-8 JSON"), std::string::npos) << note;
}

TEST(SafetensorsMemoryTest, NothingButMetadata) {
  const std::string key(180, 'k');
  const std::string value(180, 'v');
  const TemporaryFile file(
      [&](std::ofstream& out) {
        out << "{\"__metadata__\":{";
        for (int i = 0; i < 262144; ++i) {
          out << (i == 0 ? "\"" : ",\"") << i << key << "\":\"" << value << '"';
        }
        out << "}}";
      },
      0);
  std::string note;
  EXPECT_EQ(DetectFormat(file, &note), "safetensors");
  EXPECT_EQ(note, "");
}

}  // namespace
}  // namespace ingot
