// Keeps the picture of the layers true: who may include whom, which headers
// are public, how long a file may be. The rules are Check(), a function of
// one file; its own tests below show that it finds what it should.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLines = 800;
constexpr std::array<std::string_view, 6> kFolders = {
    "codec", "formats", "tools", "daemon", "bench", "tests"};

// A layer: its name, and those that it may include (itself always).
struct Layer {
  std::string_view name;
  std::vector<std::string_view> sees;
};

// As drawn; MayInclude() adds what paths alone tell.
const std::vector<Layer>& Layers() {
  static const std::vector<Layer> kLayers = {
      {"vocabulary", {}},
      {"base", {"vocabulary"}},
      {"planes", {"vocabulary", "base"}},
      {"entropy", {"vocabulary", "base"}},
      {"predict", {"vocabulary", "base"}},
      {"method", {"vocabulary", "base", "planes", "entropy", "predict"}},
      {"container",
       {"vocabulary", "base", "planes", "entropy", "predict", "method"}},
      {"facade",
       {"vocabulary", "base", "planes", "entropy", "predict", "method",
        "container"}},
      {"formats", {"vocabulary", "facade"}},
      {"tools", {"vocabulary", "facade", "formats"}},
      {"bench", {"vocabulary", "facade", "formats", "tools", "store", "ingest"}},
      {"store", {"vocabulary", "base", "container"}},
      {"http", {"vocabulary", "base", "container"}},
      {"auth", {"vocabulary", "base", "container"}},
      {"observe", {"vocabulary", "base", "container"}},
      {"ingest",
       {"vocabulary", "base", "container", "facade", "formats", "store"}},
      {"api",
       {"vocabulary", "base", "container", "facade", "formats", "store", "http",
        "auth", "observe", "ingest"}},
      {"app",
       {"vocabulary", "base", "container", "facade", "formats", "store", "http",
        "auth", "observe", "ingest", "api"}},
  };
  return kLayers;
}

const Layer* FindLayer(std::string_view name) {
  for (const Layer& layer : Layers()) {
    if (layer.name == name) return &layer;
  }
  return nullptr;
}

std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(path)};
  for (std::string part; std::getline(stream, part, '/');) {
    parts.push_back(part);
  }
  return parts;
}

// The name of the layer of a path such as "codec/base/checksum.h"; empty
// where no layer is drawn for it.
std::string LayerOf(std::string_view path) {
  static const std::set<std::string> kVocabulary = {
      "result", "bytes",  "dtype",       "options", "source",
      "sink",   "digest", "tensor_view", "manifest", "statistics",
      "reference_source", "selection"};
  const std::vector<std::string> parts = Split(path);
  if (parts.size() < 2) return {};
  if (parts[0] == "codec" || parts[0] == "daemon") {
    if (parts.size() > 2) return FindLayer(parts[1]) ? parts[1] : "";
    if (parts[0] == "daemon") return {};
    const std::string stem = fs::path(parts[1]).stem();
    // file_sink.cc is a further source of sink.h.
    for (const std::string& word : kVocabulary) {
      if (stem == word || stem == "file_" + word) return "vocabulary";
    }
    return "facade";
  }
  return FindLayer(parts[0]) ? parts[0] : "";
}

bool IsPublicHeader(std::string_view path) {
  const std::vector<std::string> parts = Split(path);
  return parts.size() == 2 && (parts[0] == "codec" || parts[0] == "formats") &&
         path.ends_with(".h");
}

// The coders in codec/entropy/<folder>/ do not see each other; what lies
// directly in codec/entropy/ is common to them and sees none.
bool EntropyMayInclude(std::string_view from, std::string_view to) {
  const std::vector<std::string> a = Split(from);
  const std::vector<std::string> b = Split(to);
  return b.size() == 3 || (a.size() == b.size() && a[2] == b[2]);
}

bool MayInclude(std::string_view from, std::string_view to) {
  const std::string from_layer = LayerOf(from);
  const std::string to_layer = LayerOf(to);
  if (from_layer.empty() || to_layer.empty()) return false;
  if (IsPublicHeader(from) && !IsPublicHeader(to)) return false;
  if (from_layer == to_layer) {
    return from_layer != "entropy" || EntropyMayInclude(from, to);
  }
  const auto& sees = FindLayer(from_layer)->sees;
  if (std::find(sees.begin(), sees.end(), to_layer) == sees.end()) return false;
  return to_layer != "formats" || IsPublicHeader(to);
}

// What is wrong with one file, a line each.
std::vector<std::string> Check(const std::string& path,
                               const std::string& contents) {
  static const std::regex kInclude(
      R"re(^\s*#\s*include\s*([<"])([^">]*)[">])re");
  std::vector<std::string> problems;
  const bool test = path.starts_with("tests/");
  if (!test && LayerOf(path).empty()) {
    problems.push_back(path + ": belongs to no layer");
  }
  std::istringstream stream(contents);
  int line = 0;
  for (std::string text; std::getline(stream, text);) {
    ++line;
    std::smatch match;
    if (!std::regex_search(text, match, kInclude)) continue;
    const std::string target = match[2];
    const bool ours = std::any_of(
        kFolders.begin(), kFolders.end(), [&target](std::string_view folder) {
          return target.starts_with(std::string(folder) + "/");
        });
    const std::string where = path + ":" + std::to_string(line) + ": ";
    if (!ours) {
      if (match[1] == "\"") {
        problems.push_back(where + "\"" + target +
                           "\" is not a path from the top folder");
      }
    } else if (!test && !MayInclude(path, target)) {
      problems.push_back(where + "may not include " + target);
    }
  }
  if (line > kMaxLines) {
    problems.push_back(path + ": " + std::to_string(line) +
                       " lines, expected at most " + std::to_string(kMaxLines));
  }
  return problems;
}

std::string Include(std::string_view target) {
  return "#include \"" + std::string(target) + "\"\n";
}

TEST(LayeringTest, TheTreeKeepsTheRules) {
  const fs::path root = INGOT_SOURCE_DIR;
  int files = 0;
  for (const std::string_view folder : kFolders) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension();
      if (extension != ".h" && extension != ".cc" && extension != ".inc") {
        continue;
      }
      ++files;
      std::ifstream file(entry.path());
      const std::string contents{std::istreambuf_iterator<char>(file), {}};
      const std::string path = fs::relative(entry.path(), root).string();
      for (const std::string& problem : Check(path, contents)) {
        ADD_FAILURE() << problem;
      }
    }
  }
  EXPECT_GT(files, 20) << "the sources were not found below " << root;
}

TEST(LayeringTest, AllowedIncludesPass) {
  const std::vector<std::array<std::string, 2>> allowed = {
      {"codec/sink.h", "codec/result.h"},
      {"codec/file_sink.cc", "codec/sink.h"},
      {"codec/base/checksum.h", "codec/bytes.h"},
      {"codec/planes/split.cc", "codec/base/aligned_buffer.h"},
      {"codec/entropy/tiered/tiers.cc", "codec/entropy/tiered/tiers.h"},
      {"codec/entropy/tiered/tiers.cc", "codec/entropy/byte_coder.h"},
      {"codec/method/selector.cc", "codec/entropy/tiered/tiers.h"},
      {"codec/container/writer.cc", "codec/method/selector.h"},
      {"codec/stream_encoder.cc", "codec/container/writer.h"},
      {"codec/stream_encoder.h", "codec/sink.h"},
      {"formats/safetensors/header.cc", "codec/stream_encoder.h"},
      {"formats/safetensors.cc", "formats/safetensors/header.h"},
      {"tools/ingot.cc", "formats/safetensors.h"},
      {"daemon/store/pack.cc", "codec/container/writer.h"},
      {"daemon/store/pack.cc", "codec/base/checksum.h"},
      {"daemon/app/main.cc", "daemon/http/server.h"},
      {"tests/codec/any_test.cc", "codec/base/checksum.h"},
  };
  for (const auto& [from, to] : allowed) {
    EXPECT_TRUE(Check(from, Include(to)).empty()) << from << " -> " << to;
  }
  EXPECT_TRUE(Check("codec/sink.cc", "#include <vector>\n").empty());
}

TEST(LayeringTest, ForbiddenIncludesAreFound) {
  const std::vector<std::array<std::string, 2>> forbidden = {
      {"codec/result.h", "codec/stream_encoder.h"},
      {"codec/sink.cc", "codec/base/checksum.h"},
      {"codec/base/checksum.cc", "codec/planes/split.h"},
      {"codec/planes/split.cc", "codec/entropy/byte_coder.h"},
      {"codec/entropy/tiered/tiers.cc", "codec/planes/split.h"},
      {"codec/entropy/tiered/tiers.cc", "codec/entropy/zstd/zstd.h"},
      {"codec/entropy/byte_coder.cc", "codec/entropy/tiered/tiers.h"},
      {"codec/predict/base.cc", "codec/planes/split.h"},
      {"codec/method/selector.cc", "codec/container/writer.h"},
      {"codec/container/writer.cc", "codec/stream_encoder.h"},
      {"codec/stream_encoder.cc", "formats/layout.h"},
      {"codec/stream_encoder.h", "codec/container/writer.h"},
      {"formats/layout.h", "formats/safetensors/header.h"},
      {"formats/layout.cc", "codec/base/checksum.h"},
      {"formats/layout.cc", "tools/options.h"},
      {"tools/ingot.cc", "codec/container/writer.h"},
      {"tools/ingot.cc", "formats/safetensors/header.h"},
      {"tools/ingot.cc", "daemon/store/pack.h"},
      {"daemon/store/pack.cc", "daemon/http/server.h"},
      {"daemon/store/pack.cc", "codec/stream_encoder.h"},
      {"daemon/ingest/parse.cc", "daemon/http/server.h"},
      {"codec/sink.cc", "tests/codec/fixture.h"},
      {"codec/sink.cc", "sink.h"},
      {"codec/novel/thing.cc", "codec/sink.h"},
  };
  for (const auto& [from, to] : forbidden) {
    EXPECT_FALSE(Check(from, Include(to)).empty()) << from << " -> " << to;
  }
  EXPECT_FALSE(
      Check("codec/sink.cc", "  #  include <codec/base/checksum.h>\n").empty());
}

TEST(LayeringTest, LongFilesAreFound) {
  const auto lines = [](int count) { return std::string(count, '\n'); };
  EXPECT_TRUE(Check("codec/sink.cc", lines(kMaxLines)).empty());
  EXPECT_FALSE(Check("codec/sink.cc", lines(kMaxLines + 1)).empty());
}

}  // namespace
}  // namespace ingot
