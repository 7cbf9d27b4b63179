#include "tests/codec/golden_cases.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>

#include "codec/base/byte_writer.h"
#include "codec/base/checksum.h"
#include "codec/container/record.h"
#include "codec/method/block.h"
#include "codec/method/group_side.h"
#include "codec/sink.h"
#include "codec/stream_encoder.h"
#include "codec/tensor_codec.h"
#include "tests/codec/delta_cases.h"
#include "tests/codec/map_source.h"
#include "tests/codec/patterns.h"
#include "tests/codec/sample_containers.h"
#include "tests/fuzz/delta_input.h"

namespace ingot {
namespace {

void Must(const Status& status) {
  if (!status.ok()) std::abort();
}

struct EncodeCase {
  const char* name;
  DType dtype;
  uint64_t elements;
  uint64_t columns;
  const char* pattern;
  int level;
};

constexpr EncodeCase kEncodeCases[] = {
    {"bf16-scales-level1", DType::kBf16, 4096, 64, "ScaledWeights", 1},
    {"bf16-scales-level3", DType::kBf16, 4096, 64, "ScaledWeights", 3},
    {"bf16-odd-columns", DType::kBf16, 3000, 75, "ScaledWeights", 3},
    {"bf16-two-sub-blocks", DType::kBf16, 8200, 100, "PlainWeights", 3},
    {"bf16-exceptions", DType::kBf16, 2100, 1, "RareExceptions", 2},
    {"bf16-zeros", DType::kBf16, 2100, 70, "Zeros", 3},
    {"bf16-half-zeros", DType::kBf16, 2100, 70, "HalfZeros", 3},
    {"bf16-nan-payloads", DType::kBf16, 2050, 41, "NanPayloads", 3},
    {"bf16-random", DType::kBf16, 2049, 2049, "RandomBits", 3},
    {"fp16-many-tiers", DType::kF16, 2064, 1, "FlatExponents", 3},
    {"fp32-scales", DType::kF32, 2048, 64, "ScaledWeights", 3},
    {"bf16-huffman", DType::kBf16, 2100, 1, "RareExceptions", 5},
    {"bf16-huffman-two-sub-blocks", DType::kBf16, 8300, 65, "Subnormals", 5},
    {"fp16-huffman", DType::kF16, 2100, 70, "NanPayloads", 5},
    {"fp32-huffman", DType::kF32, 1000, 50, "FlatExponents", 5},
    {"e4m3-huffman", DType::kF8E4m3, 2100, 70, "SmallIntegers", 5},
    {"e5m2-huffman", DType::kF8E5m2, 2100, 70, "HalfZeros", 5},
    {"fp64-window", DType::kF64, 640, 64, "RareExceptions", 3},
    {"e4m3", DType::kF8E4m3, 4160, 65, "ScaledWeights", 3},
    {"e5m2", DType::kF8E5m2, 4160, 65, "ScaledWeights", 3},
    {"i32-split", DType::kI32, 1200, 1, "Ramp", 3},
    {"q4_0-fields", DType::kQ4_0, 300, 12, "ScaledWeights", 3},
    {"q6_k-fields", DType::kQ6K, 30, 3, "ScaledWeights", 3},
    {"u64-constant", DType::kU64, 600, 1, "AllEqual", 3},
    {"fp32-palette", DType::kF32, 2000, 50, "FewValues", 3},
    {"fp32-integers", DType::kF32, 2000, 50, "IntegerFloats", 3},
    {"bf16-scaled", DType::kBf16, 4096, 64, "Dequantised", 3},
    {"bf16-sparse", DType::kBf16, 4000, 80, "PrunedWithSigns", 3},
    {"fp16-rows", DType::kF16, 4000, 80, "WeightRowsAgain", 3},
    {"bool-zstd", DType::kBool, 5000, 1, "Flags", 3},
    {"bf16-modelled", DType::kBf16, 4096, 64, "ScaledWeights", 9},
    {"bf16-modelled-level7", DType::kBf16, 4096, 64, "ScaledWeights", 7},
    {"bf16-modelled-lanes", DType::kBf16, 16384, 64, "PlainWeights", 8},
    {"bf16-modelled-zeros", DType::kBf16, 4000, 70, "HalfZeros", 9},
    {"fp64-modelled-escapes", DType::kF64, 1500, 50, "RareExceptions", 9},
    {"e4m3-modelled", DType::kF8E4m3, 8320, 65, "ScaledWeights", 9},
    {"i8-cm-bytes", DType::kI8, 9000, 90, "SmallIntegers", 9},
    {"i16-cm-bytes", DType::kI16, 3000, 30, "SmallIntegers", 9},
    {"bytes-lzma-or-zstd", DType::kBytes, 70000, 100, "RepeatedRows", 4},
};

FileInfo Named(const std::string& path) {
  return {.path = path,
          .format = "raw",
          .mode = 0644,
          .mtime = FileTime{1700000000, 5}};
}

GoldenFile OneTensor(const EncodeCase& test) {
  GoldenFile golden;
  golden.name = test.name;
  const auto sink = MakeMemorySink(&golden.bytes);
  auto encoder = StreamEncoder::Create(sink.get(), {.level = test.level});
  if (!encoder.ok()) std::abort();
  StreamEncoder& e = **encoder;
  const Bytes raw = MakeTensor(GetPattern(test.pattern), test.dtype,
                               test.elements, test.columns);
  Must(e.BeginFile(Named(test.name)));
  Must(e.BeginRegion(
      {.view = TensorView{"t",
                          test.dtype,
                          {test.elements *
                           GetDTypeInfo(test.dtype).block_elements}},
       .element_dtype = test.dtype,
       .columns = test.columns}));
  Must(e.Write(raw));
  Must(e.EndRegion());
  if (!e.EndFile("").ok()) std::abort();
  Must(e.Finish());
  golden.files = {raw};
  return golden;
}

struct DeltaCase {
  const char* name;
  DType dtype;
  uint64_t elements;
  uint64_t columns;
  Change change;
  int level;
  uint64_t base_elements = UINT64_MAX;  // where the base is shorter
};

constexpr DeltaCase kDeltaCases[] = {
    {"bf16-delta-level1", DType::kBf16, 8200, 100, Change::kFourInTen, 1},
    {"bf16-delta-tiered", DType::kBf16, 4000, 50, Change::kAll, 2},
    {"bf16-delta-touched", DType::kBf16, 9000, 90, Change::kOneInThousand, 3},
    {"bf16-delta-rans", DType::kBf16, 4000, 50, Change::kFourInTen, 5},
    {"bf16-delta-cm", DType::kBf16, 4000, 50, Change::kFourInTen, 9},
    {"bf16-delta-rows", DType::kBf16, 2800, 70, Change::kScales, 3},
    {"bf16-delta-base-ends", DType::kBf16, 2600, 50, Change::kFourInTen, 2,
     2100},
    {"fp32-delta-signs", DType::kF32, 1500, 50, Change::kSignsToo, 5},
    {"fp64-delta-signs", DType::kF64, 700, 50, Change::kSignsToo, 2},
    {"fp16-delta-nans", DType::kF16, 3000, 50, Change::kNanPayloads, 9},
    {"i16-delta-extremes", DType::kI16, 3000, 50, Change::kExtremes, 5},
    {"u8-delta", DType::kU8, 5000, 50, Change::kFourInTen, 2},
    {"e4m3-delta", DType::kF8E4m3, 5000, 50, Change::kFourInTen, 5},
};

// One tensor that is coded as its difference from another, which is outside.
GoldenFile OneDelta(const DeltaCase& test) {
  GoldenFile golden;
  golden.name = test.name;
  const auto sink = MakeMemorySink(&golden.bytes);
  Pair pair = MakePair(test.change, test.dtype, test.elements, test.columns);
  const uint64_t known = std::min(test.elements, test.base_elements);
  pair.base.resize(known * GetDTypeInfo(test.dtype).bits / 8);
  MapSource source;
  const ObjectId base = source.Add(pair.base);
  auto encoder = StreamEncoder::Create(
      sink.get(), {.level = test.level, .references = &source});
  if (!encoder.ok()) std::abort();
  StreamEncoder& e = **encoder;
  Must(e.BeginFile(Named(test.name)));
  Must(e.BeginRegion(
      {.view = TensorView{"t", test.dtype, {test.elements}},
       .element_dtype = test.dtype,
       .columns = test.columns,
       .bases = {{.object = base, .first_element = 0, .elements = known}}}));
  Must(e.Write(pair.raw));
  Must(e.EndRegion());
  Must(e.AddBaseFile({"base", base}));
  if (!e.EndFile("").ok()) std::abort();
  Must(e.Finish());
  golden.files = {pair.raw};
  golden.bases = {pair.base};
  return golden;
}

// The same in small blocks, with a side that no planner chooses.
GoldenFile UnusualDelta(const std::string& name, DType dtype, Coder coder) {
  GoldenFile golden;
  golden.name = name;
  const Pair pair = MakePair(Change::kSignsToo, dtype, 500, 40);
  const Digest digest = HashBytes(pair.base);
  const Geometry geometry{dtype, 40, 320, 640};
  const GroupData group{.geometry = geometry,
                        .first = 0,
                        .raw = pair.raw,
                        .base = pair.base,
                        .references = {{digest, 0, 500}}};
  const GroupPlan plan = PlanWithSide(group, 3, *AvailableKernels()[0],
                                      MakeUnusualSide(group, coder));
  const auto sink = MakeMemorySink(&golden.bytes);
  ContainerWriter writer(sink.get());
  Must(writer.Start());
  Must(writer.BeginFile(Named(name)));
  Must(writer.BeginObject(std::nullopt, geometry));
  writer.SetDepth(digest, 0);
  Must(writer.Group(plan.floats.side));
  BlockEncoder encoder;
  for (uint64_t index = 0; index < group.blocks(); ++index) {
    EncodedBlock block;
    Must(encoder.Encode(plan, group, index, &block));
    if (block.header.method != Method::kDelta) std::abort();
    Must(writer.Block(block));
  }
  const ObjectId id{HashBytes(pair.raw), pair.raw.size()};
  Must(writer.EndObject(id));
  Must(writer.EndFile(id, ""));
  Must(writer.Finish());
  golden.files = {pair.raw};
  golden.bases = {pair.base};
  return golden;
}

// A file of nothing, one of a literal, and one tensor three times.
GoldenFile SeveralFiles() {
  GoldenFile golden;
  golden.name = "files-literals-duplicates";
  const auto sink = MakeMemorySink(&golden.bytes);
  auto encoder = StreamEncoder::Create(sink.get(), {});
  if (!encoder.ok()) std::abort();
  StreamEncoder& e = **encoder;
  Must(e.BeginFile(Named("empty")));
  if (!e.EndFile("nothing in it").ok()) std::abort();
  const Bytes tensor =
      MakeTensor(GetPattern("PlainWeights"), DType::kBf16, 2100, 70);
  const ByteSpan text = AsBytes("a literal");
  golden.files.emplace_back();
  for (const char* path : {"a/b", "a/c"}) {
    Bytes& contents = golden.files.emplace_back();
    Must(e.BeginFile(Named(path)));
    for (const ByteSpan part : {ByteSpan(tensor), text, ByteSpan(tensor)}) {
      const bool is_text = part.size() == text.size();
      RegionInfo region;
      region.element_dtype = is_text ? DType::kBytes : DType::kBf16;
      region.columns = is_text ? 1 : 70;
      Must(e.BeginRegion(region));
      Must(e.Write(part));
      Must(e.EndRegion());
      contents.insert(contents.end(), part.begin(), part.end());
    }
    if (!e.EndFile("").ok()) std::abort();
  }
  Must(e.Finish());
  return golden;
}

using Edit = std::function<void(ContainerParts*)>;

GoldenFile Changed(const std::string& name, const std::string& sample,
                   const Edit& change) {
  ContainerParts parts = TakeApart(GetSample(sample).bytes);
  change(&parts);
  return {name, PutTogether(std::move(parts)), GetSample(sample).files};
}

GoldenFile ChangedBytes(const std::string& name, const std::string& sample,
                        const std::function<void(Bytes*)>& change) {
  GoldenFile golden{name, GetSample(sample).bytes, GetSample(sample).files};
  change(&golden.bytes);
  return golden;
}

BlockHeader HeaderOf(const RecordParts& block, DType dtype) {
  ByteReader reader(block.body);
  return *ParseBlockHeader(&reader, dtype);
}

Edit ChangeHeader(DType dtype, std::function<void(BlockHeader*)> change) {
  return [=](ContainerParts* parts) {
    RecordParts& block = parts->Find(RecordType::kBlock);
    BlockHeader header = HeaderOf(block, dtype);
    change(&header);
    block.body.clear();
    AppendBlockHeader(header, &block.body);
  };
}

// All blocks of bf16 elements with exponents that are stored, not tiered.
void StoreExponents(ContainerParts* parts, ByteSpan raw) {
  size_t at = 0;
  for (RecordParts& record : parts->records) {
    if (record.type() != RecordType::kBlock) continue;
    BlockHeader header = HeaderOf(record, DType::kBf16);
    const size_t padded = AlignUp(header.elements, 64);
    Bytes exponents(padded);
    Bytes remainders(padded);
    for (size_t i = 0; i < header.elements; ++i, at += 2) {
      const auto bits = LoadLittleEndian<uint16_t>(raw.data() + at);
      exponents[i] = static_cast<std::byte>(bits >> 7);
      remainders[i] = static_cast<std::byte>((bits >> 15) << 7 | (bits & 127));
    }
    record.payload = exponents;
    record.payload.insert(record.payload.end(), remainders.begin(),
                          remainders.end());
    header.method = Method::kFloat;
    header.plane_count = 2;
    for (size_t plane = 0; plane < 2; ++plane) {
      header.planes[plane] = {.coder = Coder::kStore,
                              .length = static_cast<uint32_t>(padded),
                              .table = {},
                              .streams = {}};
    }
    header.payload_length = static_cast<uint32_t>(2 * padded);
    record.body.clear();
    AppendBlockHeader(header, &record.body);
  }
}

void AddOptionalRecords(ContainerParts* parts) {
  const RecordParts optional{.raw_type = 40, .body = Bytes(9), .payload = {}};
  parts->records.insert(parts->records.begin(), optional);
  parts->records.push_back(optional);
}

void SetVersions(Bytes* bytes, uint16_t written, uint16_t lowest) {
  StoreLittleEndian(bytes->data() + 8, written);
  StoreLittleEndian(bytes->data() + 10, lowest);
  StoreLittleEndian(bytes->data() + 16, Checksum(ByteSpan(*bytes).first(16)));
}

// Tensors and their prefix for tensor_decoder_fuzzer.
Seed TensorSeed(const EncodeCase& test) {
  const uint64_t elements = std::min<uint64_t>(test.elements, 700);
  const Bytes raw =
      MakeTensor(GetPattern(test.pattern), test.dtype, elements, test.columns);
  const TensorSpec spec{test.dtype, test.columns};
  Bytes encoded(MaxEncodedTensorBytes(spec, raw.size()));
  TensorEncoder encoder({.level = test.level});
  const Result<size_t> size = encoder.Encode(spec, raw, encoded);
  if (!size.ok()) std::abort();
  Seed seed{"tensor_decoder", test.name, {}};
  ByteWriter writer(&seed.bytes);
  writer.WriteU8(static_cast<uint8_t>(test.dtype));
  writer.WriteU16(static_cast<uint16_t>(test.columns - 1));
  writer.WriteU16(static_cast<uint16_t>(elements));
  writer.WriteBytes(ByteSpan(encoded).first(*size));
  return seed;
}

Seed RoundTripSeed(const EncodeCase& test) {
  Seed seed{"round_trip", test.name, {}};
  ByteWriter writer(&seed.bytes);
  writer.WriteU8(static_cast<uint8_t>(test.dtype));
  // round_trip_fuzzer reads level 3 from high numbers, 5 from 240 on, 4 from
  // 255 alone, 7 to 9 from 216 on; 4 and 5 are slow where they try lzma.
  constexpr uint8_t kLevels[] = {0, 1, 224, 224, 224, 224, 216, 217, 218};
  writer.WriteU8(kLevels[test.level - 1]);
  writer.WriteU16(static_cast<uint16_t>(test.columns - 1));
  const uint64_t elements = std::min<uint64_t>(test.elements, 300);
  writer.WriteBytes(
      MakeTensor(GetPattern(test.pattern), test.dtype, elements, test.columns));
  return seed;
}

// Header fields as delta_decoder_fuzzer takes them.
uint64_t DeltaParameters(const BlockHeader& header) {
  uint64_t value = 0;
  uint64_t scale = 1;
  const auto put = [&](uint64_t field, uint64_t bound) {
    value += field * scale;
    scale *= bound;
  };
  const auto put_coder = [&](Coder coder, const auto& coders) {
    const auto found = std::ranges::find(coders, coder);
    if (found == coders.end()) std::abort();
    put(static_cast<uint64_t>(found - coders.begin()), coders.size());
  };
  if (header.method == Method::kTouched) {
    put(header.parameters.changed, header.elements + 1);
    put(header.parameters.gap_bytes, 2 * header.elements + 1);
    uint32_t left = header.payload_length;
    for (unsigned plane = 0; plane < 3; ++plane) {
      put_coder(header.planes[plane].coder, kFuzzByteCoders);
      if (plane < 2) put(header.planes[plane].length, left + 1);
      left -= header.planes[plane].length;
    }
  } else if (header.method == Method::kDelta) {
    const PlaneHeader& plane = header.planes[0];
    put_coder(plane.coder, kFuzzDeltaCoders);
    put(plane.coder == Coder::kRans ? plane.lane_bits - 2u : 0, 5);
    put(plane.table.segment_bits, 21);
    put(plane.table.min_segment_bytes, header.payload_length + 1);
  }
  return value;
}

// One block of `elements` elements, with a side of `coder` that has everything
// or, without one, what level 3 chooses.
Seed DeltaSeed(const std::string& name, DType dtype, uint64_t elements,
               uint64_t rarity, std::optional<Coder> coder) {
  constexpr uint8_t kBaseKind = 3;
  const unsigned bytes = GetDTypeInfo(dtype).bits / 8;
  Pair pair;
  pair.base = FuzzBase(kBaseKind, elements * bytes);
  pair.raw = pair.base;
  Random random(elements);
  for (size_t at = 0; at < pair.raw.size(); at += bytes) {
    if (random.Below(rarity) != 0) continue;
    pair.raw[at] ^= static_cast<std::byte>(random.Below(16));
    if (random.Below(30) == 0) pair.raw[at + bytes - 1] ^= std::byte{0x80};
  }
  const Geometry geometry = ChooseGeometry(dtype, 50);
  const GroupData group = MakeGroup(geometry, 0, pair);
  const Kernels& kernels = *AvailableKernels()[0];
  const GroupPlan plan =
      coder ? PlanWithSide(group, 3, kernels, MakeUnusualSide(group, *coder))
            : PlanGroup(group, 3, kernels, nullptr);
  const EncodedDeltaGroup encoded = EncodeGroup(group, plan);
  const EncodedDeltaBlock& block = encoded.blocks.at(0);
  if (!NeedsBase(block.header.method)) std::abort();
  // Behind elements and kind: the side's length and the side.
  ByteReader body(encoded.body);
  if (!body.ReadVarint().ok() || !body.ReadU8().ok()) std::abort();
  const uint64_t side_bytes = *body.ReadVarint();
  Seed seed{"delta_decoder", name, {}};
  ByteWriter writer(&seed.bytes);
  writer.WriteU8(static_cast<uint8_t>(dtype));
  writer.WriteU16(49);
  writer.WriteU16(static_cast<uint16_t>(elements - 1));
  writer.WriteU8(kBaseKind);
  writer.WriteU8(static_cast<uint8_t>(
      static_cast<unsigned>(block.header.method) -
      static_cast<unsigned>(Method::kCopy)));
  writer.WriteU16(static_cast<uint16_t>(side_bytes));
  writer.WriteBytes(*body.ReadBytes(side_bytes));
  writer.WriteU64(DeltaParameters(block.header));
  writer.WriteBytes(ByteSpan(block.payload).first(block.payload_bytes()));
  return seed;
}

void AddDeltaSeeds(std::vector<Seed>* seeds) {
  const auto add = [&](auto... arguments) {
    seeds->push_back(DeltaSeed(arguments...));
  };
  add("touched", DType::kBf16, 600, 60, std::nullopt);
  add("touched-f64", DType::kF64, 300, 60, std::nullopt);
  add("tiered", DType::kBf16, 900, 3, std::nullopt);
  add("tiered-sets", DType::kBf16, 700, 2, Coder::kTiered);
  add("tiered-f32", DType::kF32, 300, 2, Coder::kTiered);
  add("tiered-i16", DType::kI16, 300, 2, Coder::kTiered);
  add("rans", DType::kBf16, 600, 2, Coder::kRans);
  add("rans-f32", DType::kF32, 500, 2, Coder::kRans);
  add("cm", DType::kBf16, 400, 3, Coder::kCm);
  add("cm-u64", DType::kU64, 200, 3, Coder::kCm);
}

// Record bodies of the samples.
void AddBodySeeds(std::vector<Seed>* seeds) {
  for (const SampleContainer& sample : SampleContainers()) {
    if (sample.bytes.size() > 3000) continue;
    ContainerParts parts = TakeApart(sample.bytes);
    Bytes index;
    AppendIndex(parts.index, &index);
    parts.records.push_back({.raw_type = 9, .body = index, .payload = {}});
    size_t number = 0;
    for (const RecordParts& record : parts.records) {
      Seed seed{
          "record_bodies", sample.name + "-" + std::to_string(number++), {}};
      const bool has_object = !parts.index.objects.empty();
      const Geometry geometry =
          has_object ? parts.index.objects[0].geometry : Geometry{};
      ByteWriter writer(&seed.bytes);
      writer.WriteU8(static_cast<uint8_t>(geometry.dtype));
      writer.WriteU16(static_cast<uint16_t>(geometry.columns - 1));
      writer.WriteU16(0);
      writer.WriteBytes(record.body);
      seeds->push_back(std::move(seed));
    }
  }
}

}  // namespace

std::vector<GoldenFile> MustEncode() {
  std::vector<GoldenFile> all;
  for (const EncodeCase& test : kEncodeCases) all.push_back(OneTensor(test));
  for (const DeltaCase& test : kDeltaCases) all.push_back(OneDelta(test));
  all.push_back(SeveralFiles());
  return all;
}

std::vector<GoldenFile> MustDecode() {
  std::vector<GoldenFile> all;
  for (const SampleContainer& sample : SampleContainers()) {
    if (sample.bytes.size() > 10'000 || sample.has_outside) continue;
    all.push_back({"small-blocks-" + sample.name, sample.bytes, sample.files});
  }
  all.push_back(Changed("exponents-stored", "groups", [](auto* parts) {
    // Behind the literal "first".
    StoreExponents(parts, ByteSpan(GetSample("groups").files[0]).subspan(5));
  }));
  all.push_back(
      Changed("unknown-optional-records", "groups", AddOptionalRecords));
  all.push_back(ChangedBytes("later-writer", "literals",
                             [](Bytes* b) { SetVersions(b, 9, 1); }));
  all.push_back(
      UnusualDelta("delta-three-sets", DType::kBf16, Coder::kTiered));
  all.push_back(
      UnusualDelta("delta-sixteen-tables", DType::kF32, Coder::kRans));
  all.push_back(UnusualDelta("delta-row-shifts-cm", DType::kF64, Coder::kCm));
  return all;
}

std::vector<GoldenFile> MustFail() {
  using enum RecordType;
  std::vector<GoldenFile> all;
  const auto add = [&](GoldenFile golden) {
    golden.files.clear();
    all.push_back(std::move(golden));
  };
  add(ChangedBytes("unsupported-later-version", "literals",
                   [](Bytes* b) { SetVersions(b, 2, 2); }));
  add(Changed("unsupported-record", "groups", [](auto* parts) {
    parts->records[1].raw_type = 33 | kCriticalBit;
  }));
  add(Changed("unsupported-method", "groups",
              ChangeHeader(DType::kBf16, [](BlockHeader* h) {
                h->method = static_cast<Method>(99);
              })));
  add(Changed("unsupported-coder", "groups",
              ChangeHeader(DType::kBf16, [](BlockHeader* h) {
                h->planes[1].coder = static_cast<Coder>(99);
              })));
  add(Changed(
      "unsupported-predictor", "groups",
      ChangeHeader(DType::kBf16, [](BlockHeader* h) { h->predictor = 2; })));
  add(Changed(
      "corruption-predictor-of-other-method", "groups",
      ChangeHeader(DType::kBf16, [](BlockHeader* h) { h->predictor = 1; })));
  add(Changed("unsupported-group-kind", "groups",
              [](auto* parts) { parts->Find(kGroup).body[2] = std::byte{9}; }));
  add(ChangedBytes("corruption-truncated", "groups",
                   [](Bytes* b) { b->resize(b->size() / 2); }));
  add(ChangedBytes("corruption-appended", "groups",
                   [](Bytes* b) { b->push_back(std::byte{0}); }));
  add(ChangedBytes("corruption-payload-bit", "constant", [](Bytes* b) {
    ContainerParts parts = TakeApart(*b);
    const Bytes& payload = parts.Find(kBlock).payload;
    const auto at =
        std::search(b->begin(), b->end(), payload.begin(), payload.end());
    *at ^= std::byte{4};
  }));
  add(Changed("corruption-object-digest", "groups", [](auto* parts) {
    parts->Find(kObjectEnd).body[10] ^= std::byte{1};
    parts->index.objects[0].id.digest.bytes[7] ^= std::byte{1};
  }));
  add(Changed("corruption-objects-overlap", "pack", [](auto* parts) {
    Bytes body;
    Index index = parts->index;
    index.objects[1].position = index.objects[0].position + 1;
    AppendIndex(index, &body);
    parts->index_body = body;
  }));
  add(Changed("corruption-object-of-2-62-bytes", "pack", [](auto* parts) {
    parts->index.objects[0].id.length = uint64_t{1} << 62;
  }));
  add(Changed("corruption-path-leaves-folder", "groups", [](auto* parts) {
    parts->index.files[0].info.path = "../escape";
    Bytes& body = parts->Find(kFileBegin).body;
    body.clear();
    AppendFileInfo(parts->index.files[0].info, &body);
  }));
  add(Changed("corruption-ten-million-objects", "pack", [](auto* parts) {
    Bytes raw;
    ByteWriter(&raw).WriteVarint(10'000'000);
    Bytes body;
    ByteWriter writer(&body);
    writer.WriteU8(0x81);
    writer.WriteU8(0);
    writer.WriteVarint(raw.size());
    writer.WriteVarint(raw.size());
    writer.WriteBytes(raw);
    parts->index_body = body;
  }));
  add(Changed("corruption-escapes", "groups",
              ChangeHeader(DType::kBf16, [](BlockHeader* h) {
                ++h->planes[0].table.min_escapes;
              })));
  add(Changed("corruption-stream-sizes", "huffman",
              ChangeHeader(DType::kBf16, [](BlockHeader* h) {
                ++h->planes[0].streams.min_stream_bytes;
              })));
  add(Changed("corruption-rans-state", "rans", [](auto* parts) {
    parts->Find(kBlock).payload[1] ^= std::byte{1};
  }));
  add(Changed("corruption-incomplete-code", "huffman", [](auto* parts) {
    parts->Find(kGroup).body.back() ^= std::byte{1};
  }));
  const auto add_delta = [&](const std::string& name, Coder coder,
                             const Edit& change) {
    GoldenFile golden = UnusualDelta(name, DType::kBf16, coder);
    ContainerParts parts = TakeApart(golden.bytes);
    change(&parts);
    golden.bytes = PutTogether(std::move(parts));
    add(std::move(golden));
  };
  // Behind the elements, kind, length and the one reference of a side: its
  // coder, flags and origin.
  constexpr size_t kCoderAt = 2 + 1 + 1 + 1 + 1 + 32 + 1 + 2;
  add_delta("unsupported-delta-coder", Coder::kTiered, [](auto* parts) {
    parts->Find(kGroup).body.at(kCoderAt) = std::byte{77};
  });
  add_delta("corruption-delta-flags", Coder::kTiered, [](auto* parts) {
    parts->Find(kGroup).body.at(kCoderAt + 1) = std::byte{2};
  });
  add_delta("corruption-delta-rans-state", Coder::kRans, [](auto* parts) {
    parts->Find(kBlock).payload[1] ^= std::byte{1};
  });
  add_delta("corruption-delta-cm-streams", Coder::kCm, [](auto* parts) {
    parts->Find(kBlock).payload[0] ^= std::byte{1};
  });
  add_delta("corruption-delta-segment", Coder::kTiered,
            ChangeHeader(DType::kBf16, [](BlockHeader* h) {
              ++h->planes[0].table.min_segment_bytes;
            }));
  return all;
}

std::vector<Seed> FuzzSeeds() {
  std::vector<Seed> seeds;
  for (const SampleContainer& sample : SampleContainers()) {
    if (sample.bytes.size() > 3000) continue;
    seeds.push_back({"container", sample.name, sample.bytes});
  }
  for (const EncodeCase& test : kEncodeCases) {
    seeds.push_back(TensorSeed(test));
    seeds.push_back(RoundTripSeed(test));
  }
  AddBodySeeds(&seeds);
  AddDeltaSeeds(&seeds);
  return seeds;
}

}  // namespace ingot
