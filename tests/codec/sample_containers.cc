#include "tests/codec/sample_containers.h"

#include <algorithm>
#include <cstdlib>

namespace ingot {
namespace {

void Must(const Status& status) {
  if (!status.ok()) std::abort();
}

Bytes Text(std::string_view text) {
  const ByteSpan bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

Bytes Tensor(std::string_view pattern, const Geometry& geometry,
             uint64_t elements) {
  return MakeTensor(GetPattern(pattern), geometry.dtype, elements,
                    geometry.columns);
}

SampleContainer OneObject(std::string name, const Geometry& geometry,
                          std::string_view pattern, uint64_t elements,
                          int level = 3) {
  SampleWriter writer;
  writer.BeginFile({.path = "t", .format = "raw", .mode = {}, .mtime = {}});
  writer.Object(geometry, Tensor(pattern, geometry, elements), level);
  writer.EndFile();
  return writer.Finish(std::move(name));
}

SampleContainer EmptyContainer() { return SampleWriter().Finish("empty"); }

SampleContainer Literals() {
  SampleWriter writer;
  writer.BeginFile({.path = "", .format = "opaque", .mode = {}, .mtime = {}});
  writer.EndFile("a note");
  writer.BeginFile({.path = "dir/model.safetensors",
                    .format = "safetensors",
                    .mode = 0644,
                    .mtime = FileTime{-5, 999999999}});
  writer.Literal(Text("header"));
  writer.Literal(Bytes(300, std::byte{7}),
                 TensorView{"zeros", DType::kU8, {10, 30}});
  writer.Literal({}, TensorView{"none", DType::kF32, {0, 3}});
  writer.Literal(Text(std::string(200, 'a') + std::string(100, 'b')));
  writer.EndFile();
  return writer.Finish("literals");
}

// Two groups of two blocks, with scales for rows and columns.
SampleContainer Groups() {
  SampleWriter writer;
  const Geometry geometry{DType::kBf16, 64, 128, 256};
  writer.BeginFile({.path = "g", .format = "raw", .mode = {}, .mtime = {}});
  writer.Literal(Text("first"));
  writer.Object(geometry, Tensor("PlainWeights", geometry, 450), 3,
                TensorView{"w", DType::kBf16, {450}});
  writer.EndFile();
  return writer.Finish("groups");
}

// A group large enough to have scales.
SampleContainer Scales() {
  return OneObject("scales", {DType::kF8E5m2, 64, 2048, 2048}, "ScaledWeights",
                   2048);
}

SampleContainer Rans() {
  SampleWriter writer;
  const Geometry geometry{DType::kBf16, 20, 1000, 1000};
  writer.BeginFile({.path = "r", .format = "raw", .mode = {}, .mtime = {}});
  writer.RansObject(geometry, Tensor("RareExceptions", geometry, 970));
  writer.EndFile();
  return writer.Finish("rans");
}

SampleContainer References() {
  SampleWriter writer;
  const Geometry geometry{DType::kU8, 16, 64, 64};
  const Bytes raw = Tensor("Ramp", geometry, 100);
  writer.BeginFile({.path = "a", .format = "raw", .mode = {}, .mtime = {}});
  writer.Object(geometry, raw);
  writer.Object(geometry, raw, 3, TensorView{"again", DType::kI8, {100}});
  writer.EndFile();
  writer.BeginFile({.path = "b", .format = "raw", .mode = {}, .mtime = {}});
  writer.Literal(Text("x"));
  writer.Object(geometry, raw);
  writer.EndFile();
  return writer.Finish("references");
}

SampleContainer Outside() {
  SampleWriter writer;
  const Geometry geometry{DType::kU8, 1, 64, 64};
  writer.BeginFile({.path = "a", .format = "raw", .mode = {}, .mtime = {}});
  writer.Object(geometry, Tensor("RandomBits", geometry, 33));
  writer.Outside(4096);
  writer.EndFile();
  return writer.Finish("outside");
}

// Objects of no file, as a daemon keeps them.
SampleContainer Pack() {
  SampleWriter writer;
  const Geometry geometry{DType::kI16, 5, 50, 100};
  writer.Object(geometry, Tensor("RandomBits", geometry, 70));
  writer.Object(geometry, Tensor("SmallIntegers", geometry, 60));
  return writer.Finish("pack");
}

std::vector<SampleContainer> MakeAll() {
  std::vector<SampleContainer> all;
  all.push_back(EmptyContainer());
  all.push_back(Literals());
  all.push_back(Groups());
  all.push_back(References());
  all.push_back(Outside());
  all.push_back(Pack());
  all.push_back(OneObject("constant", {DType::kF32, 3, 6, 12}, "AllEqual", 20));
  all.push_back(
      OneObject("exceptions", {DType::kF64, 7, 70, 140}, "RareExceptions", 90));
  all.push_back(
      OneObject("flat", {DType::kF16, 1, 192, 192}, "FlatExponents", 192));
  all.push_back(
      OneObject("zstd", {DType::kBytes, 30, 600, 600}, "RepeatedRows", 600));
  all.push_back(OneObject("split", {DType::kI32, 1, 600, 600}, "Ramp", 600));
  all.push_back(Scales());
  all.push_back(OneObject("huffman", {DType::kBf16, 20, 1000, 1000},
                          "RareExceptions", 970, 5));
  all.push_back(Rans());
  all.push_back(
      OneObject("palette", {DType::kF32, 9, 90, 180}, "FewValues", 170));
  all.push_back(OneObject("integers", {DType::kF64, 9, 90, 180},
                          "IntegerFloats", 170));
  all.push_back(OneObject("scaled", {DType::kBf16, 64, 640, 1280},
                          "Dequantised", 1300));
  all.push_back(OneObject("sparse", {DType::kF16, 64, 1280, 2560},
                          "PrunedWithSigns", 2700));
  all.push_back(OneObject("rows", {DType::kF32, 64, 640, 2560},
                          "WeightRowsAgain", 2624));
  all.push_back(OneObject("modelled", {DType::kBf16, 32, 1024, 2048},
                          "ScaledWeights", 2048, 9));
  all.push_back(OneObject("adaptive", {DType::kI8, 30, 1500, 1500},
                          "SmallIntegers", 1500, 9));
  // Above the size from which payloads and planes are aligned.
  all.push_back(OneObject("aligned", {DType::kBf16, 64, 1 << 17, 1 << 17},
                          "PlainWeights", 100'003));
  return all;
}

}  // namespace

SampleWriter::SampleWriter()
    : sink_(MakeMemorySink(&sample_.bytes)), writer_(sink_.get()) {
  Must(writer_.Start());
}

void SampleWriter::BeginFile(const FileInfo& info) {
  in_file_ = true;
  file_.clear();
  Must(writer_.BeginFile(info));
}

void SampleWriter::Literal(const Bytes& raw, std::optional<TensorView> view) {
  file_.insert(file_.end(), raw.begin(), raw.end());
  Must(writer_.Literal(view, raw));
}

void SampleWriter::Object(const Geometry& geometry, const Bytes& raw, int level,
                          std::optional<TensorView> view) {
  ThreadPool pool(1);
  GroupWriter groups(level, 0, &pool, *AvailableKernels()[0]);
  Must(writer_.BeginObject(view, geometry));
  for (size_t at = 0; at < raw.size(); at += geometry.group_bytes()) {
    const size_t size =
        std::min<size_t>(raw.size() - at, geometry.group_bytes());
    Must(groups.Encode({.geometry = geometry,
                        .first = at / geometry.element_bytes(),
                        .raw = ByteSpan(raw).subspan(at, size)},
                       &writer_));
  }
  const uint64_t before = writer_.position();
  Must(writer_.EndObject({HashBytes(raw), raw.size()}));
  if (writer_.position() < before) sample_.has_references = true;
  if (in_file_) file_.insert(file_.end(), raw.begin(), raw.end());
}

void SampleWriter::RansObject(const Geometry& geometry, const Bytes& raw) {
  const GroupData group{.geometry = geometry, .first = 0, .raw = raw};
  GroupPlan plan = PlanGroup(group, 5, *AvailableKernels()[0], nullptr);
  GroupSide& side = plan.floats.side;
  if (!side.joined) std::abort();
  // Frequencies that say the same as the lengths.
  auto joined = std::make_shared<JoinedSide>();
  joined->coder = Coder::kRans;
  joined->code = side.joined->code;
  const size_t ranks = joined->code.rank_count;
  for (size_t rank = 0; rank < ranks; ++rank) {
    joined->frequencies[rank] =
        static_cast<uint16_t>(kRansScale >> side.joined->lengths[rank]);
  }
  MakeRansEncodeTable(std::span(joined->frequencies).first(ranks),
                      &plan.floats.joined.rans);
  side.joined = joined;
  Must(writer_.BeginObject(std::nullopt, geometry));
  Must(writer_.Group(side));
  BlockEncoder encoder;
  for (uint64_t index = 0; index < group.blocks(); ++index) {
    EncodedBlock block;
    Must(encoder.Encode(plan, group, index, &block));
    if (block.header.planes[0].coder != Coder::kRans) std::abort();
    Must(writer_.Block(block));
  }
  Must(writer_.EndObject({HashBytes(raw), raw.size()}));
  file_.insert(file_.end(), raw.begin(), raw.end());
}

void SampleWriter::Outside(uint64_t length) {
  sample_.has_references = true;
  sample_.has_outside = true;
  const Bytes raw(length, std::byte{1});
  Must(writer_.ReferenceOutside(std::nullopt, {HashBytes(raw), length}));
  file_.insert(file_.end(), raw.begin(), raw.end());
}

void SampleWriter::EndFile(const std::string& note) {
  in_file_ = false;
  Must(writer_.EndFile({HashBytes(file_), file_.size()}, note));
  sample_.files.push_back(file_);
}

SampleContainer SampleWriter::Finish(std::string name) {
  Must(writer_.Finish());
  sample_.name = std::move(name);
  return sample_;
}

const std::vector<SampleContainer>& SampleContainers() {
  static const std::vector<SampleContainer> all = MakeAll();
  return all;
}

const SampleContainer& GetSample(const std::string& name) {
  const auto found =
      std::ranges::find(SampleContainers(), name, &SampleContainer::name);
  if (found == SampleContainers().end()) std::abort();
  return *found;
}

}  // namespace ingot
