// BaseModels in one process: what it finds, and what it does when many threads
// ask at once. The command's tests have the rest (tests/tools/cli_bases_test).

#include "formats/base_models.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "codec/container_assembler.h"
#include "codec/container_reader.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kColumns = 50;
constexpr size_t kElements = 100 * kColumns;

std::vector<std::byte> ToBytes(const std::string& text) {
  const ByteSpan bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

std::string Model(uint64_t seed) {
  return Safetensors(
      {{"a", "BF16", {100, kColumns}, WeightBytes(kElements, seed)},
       {"tiny", "BF16", {8}, WeightBytes(8, seed)},
       {"b", "BF16", {100, kColumns}, WeightBytes(kElements, seed + 1)}});
}

RegionInfo Region(const std::string& name, uint64_t rows = 100) {
  return {.view = TensorView{name, DType::kBf16, {rows, kColumns}},
          .element_dtype = DType::kBf16,
          .columns = kColumns,
          .bases = {}};
}

class BaseModelsTest : public testing::Test {
 protected:
  BaseModelsTest() {
    std::string name = (fs::temp_directory_path() / "ingot-bases-XXXXXX");
    folder_ = mkdtemp(name.data());
  }
  ~BaseModelsTest() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }
  std::string Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }
  // A container of a model file, coded against others.
  std::string Compress(const std::string& model, const std::string& output,
                       const std::vector<std::string>& bases) const {
    BaseModels models({.threads = 1});
    for (const std::string& base : bases) {
      EXPECT_TRUE(models.Add(base).ok());
    }
    const auto source = OpenFileSource(model);
    const auto layout = ChooseLayout(**source, std::nullopt);
    const auto sink = CreateFileSink(Path(output), {});
    auto encoder = StreamEncoder::Create(
        sink->get(), {.level = 3, .threads = 1, .references = &models});
    const auto id =
        EncodeFile(**source, *layout,
                   {.path = output, .format = {}, .mode = {}, .mtime = {}},
                   encoder->get(), {}, &models);
    EXPECT_TRUE(id.ok()) << id.error().message;
    EXPECT_TRUE((*encoder)->Finish().ok());
    EXPECT_TRUE((*sink)->Commit().ok());
    return Path(output);
  }

  static Result<std::unique_ptr<ContainerReader>> Open(
      const std::string& path, const DecodeOptions& options) {
    INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(path));
    return ContainerReader::Open(std::move(source), options);
  }

  fs::path folder_;
};

TEST_F(BaseModelsTest, FindsByNameDTypeAndColumns) {
  BaseModels models({.threads = 1});
  ASSERT_TRUE(models.Add(Write("m", Model(1))).ok());
  const auto found = models.FindBase(Region("b"), 2 * kElements, 0);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 1u);
  const RegionBase& base = (*found)[0];
  EXPECT_EQ(base.object.digest, HashBytes(AsBytes(WeightBytes(kElements, 2))));
  EXPECT_EQ(base.object.length, 2 * kElements);
  EXPECT_EQ(base.elements, kElements);
  EXPECT_EQ(base.depth, 0u);
  const auto count = [&](RegionInfo region) {
    return models.FindBase(region, 2 * kElements, 0)->size();
  };
  EXPECT_EQ(count(Region("c")), 0u);
  EXPECT_EQ(count(Region("b", 90)), 1u);
  RegionInfo other = Region("b");
  other.columns = kColumns / 2;
  EXPECT_EQ(count(other), 0u);
  other = Region("b");
  other.element_dtype = other.view->dtype = DType::kF16;
  EXPECT_EQ(count(other), 0u);
  other = Region("b");
  other.view.reset();
  EXPECT_EQ(count(other), 0u);
}

TEST_F(BaseModelsTest, FindsByPlaceWhatHasNoName) {
  const std::string file = std::string(4001, 'x') + WeightBytes(100, 1);
  BaseModels models({.threads = 1});
  ASSERT_TRUE(models.Add(Write("m", file)).ok());
  const RegionInfo region = {
      .view = {}, .element_dtype = DType::kF32, .columns = 1, .bases = {}};
  const auto found = models.FindBase(region, 400, 800);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 1u);
  // The file as far as whole elements go.
  const RegionBase& base = (*found)[0];
  EXPECT_EQ(base.object.length, 4200u);
  EXPECT_EQ(base.object.digest,
            HashBytes(AsBytes(file).subspan(0, base.object.length)));
  EXPECT_EQ(base.first_element, 200u);
  EXPECT_EQ(base.elements, 1050u - 200u);
  const auto count = [&](uint64_t offset) {
    return models.FindBase(region, 400, offset)->size();
  };
  EXPECT_EQ(count(0), 1u);
  EXPECT_EQ(count(801), 0u);
  EXPECT_EQ(count(4196), 1u);
  EXPECT_EQ(count(4200), 0u);
  EXPECT_EQ(count(UINT64_MAX - 3), 0u);
}

TEST_F(BaseModelsTest, ListsEveryObject) {
  const std::string model = Write("m", Model(1));
  const std::string container = Compress(model, "c.ingot", {});
  for (const std::string& path : {model, container}) {
    BaseModels models({.threads = 1});
    ASSERT_TRUE(models.Add(path).ok());
    size_t named = 0;
    for (size_t i = 0; i < models.object_count(); ++i) {
      const BaseObject object = models.object(i);
      EXPECT_EQ(object.path, path);
      std::vector<std::byte> bytes(object.length);
      ASSERT_TRUE(models.ReadObject(i, 0, bytes).ok());
      const auto base = models.AsBase(i, 1, 2);
      ASSERT_TRUE(base.ok());
      EXPECT_EQ(base->object.digest, HashBytes(bytes));
      EXPECT_EQ(base->first_element, 1u);
      if (!object.view) continue;
      ++named;
      EXPECT_EQ(object.element_dtype, DType::kBf16);
      if (object.view->name == "b") {
        EXPECT_EQ(bytes, ToBytes(WeightBytes(kElements, 2)));
      }
      bytes.resize(object.length + 1);
      EXPECT_EQ(models.ReadObject(i, 0, bytes).error().kind,
                ErrorKind::kInvalidArgument);
    }
    EXPECT_EQ(named, 3u);
  }
}

TEST_F(BaseModelsTest, ManyThreadsReadThroughChains) {
  std::vector<std::string> paths = {Write("v0", Model(1))};
  std::vector<std::vector<std::byte>> wanted;
  for (int depth = 1; depth <= 4; ++depth) {
    std::string weights = WeightBytes(kElements, 1);
    for (size_t i = 0; i < weights.size(); i += 2 * depth + 4) {
      weights[i] ^= 1;
    }
    wanted.push_back(ToBytes(weights));
    const std::string model =
        Write("m", Safetensors({{"a", "BF16", {100, kColumns}, weights}}));
    paths.push_back(Compress(model, "v" + std::to_string(depth) + ".ingot",
                             {paths.back()}));
  }
  fs::remove(Path("m"));
  for (int round = 0; round < 5; ++round) {
    // All but the last are found through what containers say.
    BaseModels models({.max_depth = kMaxDepth, .threads = 2});
    ASSERT_TRUE(models.Add(paths.back()).ok());
    std::vector<int> failures(8);
    {
      std::vector<std::jthread> threads;
      for (size_t thread = 0; thread < failures.size(); ++thread) {
        threads.emplace_back([&, thread] {
          for (size_t i = 0; i < 30; ++i) {
            const std::vector<std::byte>& object =
                wanted[(thread + i) % wanted.size()];
            const uint64_t offset = 100 * (thread + i) % object.size();
            std::vector<std::byte> part(
                std::min<uint64_t>(object.size() - offset, 2000));
            const Status status = models.Read(HashBytes(object), offset, part);
            if (!status.ok() ||
                !std::equal(part.begin(), part.end(),
                            object.begin() + static_cast<ptrdiff_t>(offset))) {
              ++failures[thread];
            }
          }
        });
      }
    }
    EXPECT_EQ(failures, std::vector<int>(failures.size()));
  }
}

// A container with all that it needs, as a daemon sends it.
TEST_F(BaseModelsTest, ContainersHoldTheirOwnBases) {
  std::string tuned = Model(1);
  for (size_t at = tuned.size() / 2; at < tuned.size(); at += 50) {
    tuned[at / 2 * 2] ^= 1;
  }
  const auto base = Open(Compress(Write("b", Model(1)), "b.ingot", {}), {});
  const auto delta =
      Open(Compress(Write("t", tuned), "t.ingot", {Path("b")}), {});
  ASSERT_TRUE(base.ok() && delta.ok());
  const std::string path = Path("both.ingot");
  const auto sink = CreateFileSink(path, {});
  ContainerAssembler assembler(sink->get());
  ASSERT_TRUE(assembler.Start().ok());
  for (size_t object = 0; object < (*base)->object_count(); ++object) {
    ASSERT_TRUE(assembler.AddObject(**base, object).ok());
  }
  ASSERT_TRUE(
      assembler.AddFile(**delta, 0, {.provide = ProvideFrom(**delta)}).ok());
  EXPECT_TRUE(assembler.outside().empty());
  ASSERT_TRUE(assembler.Finish().ok());
  ASSERT_TRUE((*sink)->Commit().ok());
  for (const bool hinted : {false, true}) {
    BaseModels models({.threads = 1});
    const auto reader =
        Open(path, {.verify_digests = true, .references = &models});
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    if (hinted) models.AddHints(path, (*reader)->base_files());
    std::string restored;
    const Status read =
        (*reader)->ReadFile(0, 0, tuned.size(), [&](ByteSpan bytes) {
          restored += AsText(bytes);
          return Status();
        });
    EXPECT_EQ(read.ok(), hinted);
    EXPECT_EQ(restored == tuned, hinted);
  }
}

TEST_F(BaseModelsTest, HintsThatLeadNowhereAreNone) {
  const std::string model = Write("m", Model(1));
  Write("broken", "\x89INGOT\r\n and no more");
  BaseModels models({.threads = 1});
  const ObjectId none{};
  const BaseFile files[] = {{"", none},
                            {"/", none},
                            {"..", none},
                            {"broken", none},
                            {"/dev/zero", none},
                            {std::string(5000, 'x'), none},
                            {std::string("a\0b", 3), none},
                            {"m", none}};
  models.AddHints(Path("c.ingot"), files);
  const std::vector<std::byte> wanted = ToBytes(WeightBytes(kElements, 2));
  std::vector<std::byte> bytes(wanted.size());
  const Status status = models.Read(HashBytes(wanted), 0, bytes);
  EXPECT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(bytes, wanted);
  EXPECT_EQ(models.Read({}, 0, bytes).error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace ingot
