// Delta sides, block headers and payloads that no encoder writes: refused with
// a message, or decoded, but alike with every kernel set, and without reading
// or writing where nothing is theirs.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/digest.h"
#include "codec/entropy/cm/byte_vector_coder.h"
#include "tests/codec/delta_cases.h"
#include "tests/codec/guarded_buffer.h"
#include "tests/codec/patterns.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

// A group and its elements.
struct Sample {
  std::string name;
  Pair pair;
  GroupData group;
  EncodedDeltaGroup encoded;
};

std::unique_ptr<Sample> MakeSample(const std::string& name, DType dtype,
                                   Change change, int level,
                                   std::optional<Coder> unusual = {}) {
  auto sample = std::make_unique<Sample>();
  sample->name = name;
  sample->pair = MakePair(change, dtype, 300, 40);
  if (name == "Touched") {
    // Three elements of the first block, one of them by much, and another one.
    for (const size_t byte : {12, 16, 403, 800}) {
      sample->pair.raw[byte] ^= std::byte{0x55};
    }
  }
  sample->group =
      MakeGroup(SmallGeometry(dtype, 40, 160), 160 * 64, sample->pair);
  const GroupData& group = sample->group;
  const Kernels& kernels = *AvailableKernels()[0];
  sample->encoded =
      unusual
          ? EncodeGroup(group, PlanWithSide(group, level, kernels,
                                            MakeUnusualSide(group, *unusual)))
          : EncodeGroup(group, level, kernels, nullptr);
  return sample;
}

const std::vector<std::unique_ptr<Sample>>& Samples() {
  static const auto samples = [] {
    std::vector<std::unique_ptr<Sample>> all;
    const auto add = [&](auto... arguments) {
      all.push_back(MakeSample(arguments...));
    };
    add("Copy", DType::kBf16, Change::kEqual, 3);
    add("Touched", DType::kF32, Change::kEqual, 3);
    add("TieredBf16", DType::kBf16, Change::kAll, 3, Coder::kTiered);
    add("TieredF32", DType::kF32, Change::kAll, 3, Coder::kTiered);
    add("TieredI16", DType::kI16, Change::kAll, 3, Coder::kTiered);
    add("TieredPlanned", DType::kF16, Change::kFourInTen, 2);
    add("RansBf16", DType::kBf16, Change::kSignsToo, 5, Coder::kRans);
    add("RansF64", DType::kF64, Change::kSignsToo, 5, Coder::kRans);
    add("CmBf16", DType::kBf16, Change::kFourInTen, 9, Coder::kCm);
    add("CmI64", DType::kI64, Change::kFourInTen, 9, Coder::kCm);
    return all;
  }();
  return samples;
}

// Decodes a block, whatever its header and payload say, with every set.
class Decoders {
 public:
  Decoders() {
    for (const Kernels* kernels : AvailableKernels()) {
      decoders_.emplace_back(*kernels);
    }
  }

  // The error, or nothing where every set restores the same elements.
  std::optional<Error> Decode(const GroupSide& side, const Sample& sample,
                              uint64_t index, const BlockHeader& header,
                              ByteSpan payload, Bytes* first = nullptr) {
    const GroupData& group = sample.group;
    const ByteSpan raw = group.BlockRaw(index);
    // What callers check.
    if (side.elements != group.elements()) return Corruption("elements");
    if (header.elements != raw.size() / group.geometry.element_bytes()) {
      return Corruption("elements");
    }
    if (header.payload_length != payload.size()) return Corruption("payload");
    // Exactly what may be read.
    GuardedBuffer input(payload.size() + kKernelSlack, 0x6B);
    std::ranges::copy(payload, reinterpret_cast<std::byte*>(input.data()));
    GuardedBuffer base(raw.size() + kKernelSlack, 0x5D);
    std::ranges::copy(group.BlockBase(index),
                      reinterpret_cast<std::byte*>(base.data()));
    std::vector<Bytes> outs;
    std::vector<std::string> messages;
    std::optional<Error> error;
    for (BlockDecoder& decoder : decoders_) {
      Bytes& out = outs.emplace_back(raw.size());
      const Status status = decoder.Decode(
          side, group.geometry,
          {.group_first = group.first,
           .first = group.first + group.BlockBegin(index),
           .base = reinterpret_cast<const std::byte*>(base.data())},
          header, reinterpret_cast<const std::byte*>(input.data()), 0,
          header.elements, out, false);
      messages.push_back(status.ok() ? "" : status.error().message);
      if (!status.ok()) error = status.error();
    }
    for (size_t i = 1; i < outs.size(); ++i) {
      EXPECT_EQ(messages[i], messages[0]);
      EXPECT_TRUE(error || outs[i] == outs[0]) << "set " << i;
    }
    if (first != nullptr) *first = outs[0];
    return error;
  }

 private:
  std::deque<BlockDecoder> decoders_;
};

void ExpectRefusal(const Error& error) {
  EXPECT_TRUE(error.kind == ErrorKind::kCorruption ||
              error.kind == ErrorKind::kUnsupported)
      << error.message;
  EXPECT_FALSE(error.message.empty());
}

Result<GroupSide> Parse(const Bytes& body, const GroupData& group) {
  ByteReader reader(body, "group", 0);
  Result<GroupSide> side = ParseGroupSide(&reader, group.geometry, group.first);
  if (side.ok() && !reader.done()) return Corruption("bytes left");
  return side;
}

ByteSpan PayloadOf(const EncodedDeltaBlock& block) {
  return ByteSpan(block.payload).first(block.payload_bytes());
}

class DeltaHostileTest : public testing::TestWithParam<size_t> {
 protected:
  const Sample& sample_ = *Samples()[GetParam()];
  Decoders decoders_;
};

TEST_P(DeltaHostileTest, Undamaged) {
  const Result<GroupSide> side = Parse(sample_.encoded.body, sample_.group);
  ASSERT_TRUE(side.ok()) << side.error().message;
  for (uint64_t i = 0; i < sample_.group.blocks(); ++i) {
    const EncodedDeltaBlock& block = sample_.encoded.blocks[i];
    Bytes out;
    const std::optional<Error> error = decoders_.Decode(
        *side, sample_, i, block.header, PayloadOf(block), &out);
    ASSERT_FALSE(error) << error->message;
    EXPECT_TRUE(std::ranges::equal(out, sample_.group.BlockRaw(i)));
  }
}

TEST_P(DeltaHostileTest, SideTruncatedAnywhere) {
  const Bytes& body = sample_.encoded.body;
  for (size_t size = 0; size < body.size(); ++size) {
    const Result<GroupSide> side =
        Parse(Bytes(body.begin(), body.begin() + static_cast<ptrdiff_t>(size)),
              sample_.group);
    ASSERT_FALSE(side.ok()) << size;
    ExpectRefusal(side.error());
  }
}

// Sides that parse decode blocks that were not made with them.
TEST_P(DeltaHostileTest, AnyBitOfTheSideFlipped) {
  Bytes body = sample_.encoded.body;
  for (size_t bit = 0; bit < body.size() * 8; bit += kStride) {
    body[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    const Result<GroupSide> side = Parse(body, sample_.group);
    body[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    if (!side.ok()) {
      ExpectRefusal(side.error());
      continue;
    }
    for (uint64_t i = 0; i < sample_.group.blocks(); ++i) {
      const EncodedDeltaBlock& block = sample_.encoded.blocks[i];
      const std::optional<Error> error =
          decoders_.Decode(*side, sample_, i, block.header, PayloadOf(block));
      if (error) ExpectRefusal(*error);
    }
  }
}

TEST_P(DeltaHostileTest, HeadersTruncatedAndFlipped) {
  const Result<GroupSide> side = Parse(sample_.encoded.body, sample_.group);
  ASSERT_TRUE(side.ok());
  for (uint64_t i = 0; i < sample_.group.blocks(); ++i) {
    const EncodedDeltaBlock& block = sample_.encoded.blocks[i];
    Bytes body = block.body;
    for (size_t size = 0; size < body.size(); ++size) {
      ByteReader reader(ByteSpan(body).first(size), "block", 0);
      const Result<BlockHeader> header =
          ParseBlockHeader(&reader, sample_.group.geometry.dtype);
      ASSERT_FALSE(header.ok()) << size;
      ExpectRefusal(header.error());
    }
    for (size_t bit = 0; bit < body.size() * 8; bit += kStride) {
      body[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
      ByteReader reader(body, "block", 0);
      const Result<BlockHeader> header =
          ParseBlockHeader(&reader, sample_.group.geometry.dtype);
      body[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
      const std::optional<Error> error =
          header.ok()
              ? decoders_.Decode(*side, sample_, i, *header, PayloadOf(block))
              : header.error();
      if (error) ExpectRefusal(*error);
    }
  }
}

TEST_P(DeltaHostileTest, AnyBitOfPayloadsFlipped) {
  const Result<GroupSide> side = Parse(sample_.encoded.body, sample_.group);
  ASSERT_TRUE(side.ok());
  for (uint64_t i = 0; i < sample_.group.blocks(); ++i) {
    const EncodedDeltaBlock& block = sample_.encoded.blocks[i];
    Bytes payload(PayloadOf(block).begin(), PayloadOf(block).end());
    for (size_t bit = 0; bit < payload.size() * 8; bit += kStride) {
      payload[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
      const std::optional<Error> error =
          decoders_.Decode(*side, sample_, i, block.header, payload);
      if (error) ExpectRefusal(*error);
      payload[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
  }
}

// Shorter planes whose header agrees: the last plane that has bytes, cut at
// every byte from behind, and its front with noise behind it.
TEST_P(DeltaHostileTest, PayloadsTruncatedAnywhere) {
  const Result<GroupSide> side = Parse(sample_.encoded.body, sample_.group);
  ASSERT_TRUE(side.ok());
  Random random(3);
  for (uint64_t i = 0; i < sample_.group.blocks(); ++i) {
    const EncodedDeltaBlock& block = sample_.encoded.blocks[i];
    if (block.header.payload_length == 0) continue;
    size_t plane = block.header.plane_count - 1u;
    while (block.header.planes[plane].length == 0) --plane;
    Bytes noisy(PayloadOf(block).begin(), PayloadOf(block).end());
    for (uint32_t cut = 1; cut <= block.header.planes[plane].length;
         cut += kStride) {
      BlockHeader header = block.header;
      header.planes[plane].length -= cut;
      header.payload_length -= cut;
      std::optional<Error> error =
          decoders_.Decode(*side, sample_, i, header,
                           PayloadOf(block).first(header.payload_length));
      // Nothing is as long as it says any more.
      ASSERT_TRUE(error) << cut;
      ExpectRefusal(*error);
      noisy[noisy.size() - cut] = static_cast<std::byte>(random.Next());
      error = decoders_.Decode(*side, sample_, i, block.header, noisy);
      if (error) ExpectRefusal(*error);
    }
  }
}

// Another block's payload, and noise.
TEST_P(DeltaHostileTest, OtherPayloads) {
  const Result<GroupSide> side = Parse(sample_.encoded.body, sample_.group);
  ASSERT_TRUE(side.ok());
  Random random(4);
  const EncodedDeltaBlock& block = sample_.encoded.blocks[0];
  for (size_t round = 0; round < Tries(500); ++round) {
    Bytes payload(block.header.payload_length);
    const uint64_t mask = round % 2 == 0 ? 0xFF : random.Next();
    for (std::byte& byte : payload) {
      byte = static_cast<std::byte>(random.Next() & mask);
    }
    BlockHeader header = block.header;
    if (header.method == Method::kDelta) {
      header.planes[0].table.segment_bits =
          static_cast<uint8_t>(random.Below(9));
      header.planes[0].table.min_segment_bytes =
          static_cast<uint32_t>(random.Below(payload.size() + 1));
    }
    const std::optional<Error> error =
        decoders_.Decode(*side, sample_, 0, header, payload);
    if (error) ExpectRefusal(*error);
  }
}

INSTANTIATE_TEST_SUITE_P(Samples, DeltaHostileTest,
                         testing::Range(size_t{0}, Samples().size()),
                         [](const auto& info) {
                           return Samples()[info.param]->name;
                         });

// One sample for each method and coder.
TEST(DeltaHostileSamplesTest, AreWhatTheirNamesSay) {
  for (const auto& sample : Samples()) {
    const BlockHeader& header = sample->encoded.blocks[0].header;
    const std::string& name = sample->name;
    EXPECT_EQ(header.method, name == "Copy"      ? Method::kCopy
                             : name == "Touched" ? Method::kTouched
                                                 : Method::kDelta)
        << name;
    if (header.method != Method::kDelta) continue;
    EXPECT_EQ(header.planes[0].coder, name.starts_with("Tiered")
                                          ? Coder::kTiered
                                      : name.starts_with("Rans") ? Coder::kRans
                                                                 : Coder::kCm)
        << name;
  }
}

// A side of several references, everything flagged: written and read again.
TEST(DeltaSideTest, RoundTrips) {
  for (const auto& sample : Samples()) {
    const Result<GroupSide> side = Parse(sample->encoded.body, sample->group);
    ASSERT_TRUE(side.ok()) << side.error().message;
    Bytes again;
    AppendGroupSide(*side, &again);
    EXPECT_TRUE(again == sample->encoded.body) << sample->name;
    ASSERT_EQ(side->delta->references.size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
      const GroupReference& read = side->delta->references[i];
      const GroupReference& written = sample->group.references[i];
      EXPECT_EQ(read.digest, written.digest);
      EXPECT_EQ(read.first, written.first);
      EXPECT_EQ(read.elements, written.elements);
    }
  }
}

// Block headers and payloads, with every checksum right.

constexpr ErrorKind kBad = ErrorKind::kCorruption;
constexpr ErrorKind kNewer = ErrorKind::kUnsupported;

struct BlockCase {
  std::string name;
  std::string sample;
  ErrorKind kind;
  std::string says;
  std::function<void(BlockHeader*, Bytes*)> change;
};
void PrintTo(const BlockCase& test, std::ostream* out) { *out << test.name; }

std::vector<BlockCase> BlockCases() {
  const auto header = [](void (*change)(BlockHeader*)) {
    return [=](BlockHeader* h, Bytes*) { change(h); };
  };
  return {
      {"Predictor", "TieredBf16", kBad, "method delta with predictor 0",
       header([](BlockHeader* h) { h->predictor = 0; })},
      {"PredictorOfLater", "TieredBf16", kNewer, "predictor 2",
       header([](BlockHeader* h) { h->predictor = 2; })},
      {"PredictorOfAnother", "TieredBf16", kBad,
       "method bytes with predictor 1", header([](BlockHeader* h) {
         h->method = Method::kBytes;
         h->planes[0].coder = Coder::kStore;
       })},
      {"CopyWithPayload", "Copy", kBad, "in a payload of",
       [](BlockHeader* h, Bytes* payload) {
         payload->resize(3);
         h->payload_length = 3;
       }},
      {"CopyFewer", "Copy", kBad, "elements",
       header([](BlockHeader* h) { --h->elements; })},
      {"CoderOfAnotherGroup", "TieredBf16", kBad, "in a group without it",
       header([](BlockHeader* h) { h->planes[0].coder = Coder::kCm; })},
      {"CoderStore", "TieredBf16", kBad, "for a plane of differences",
       header([](BlockHeader* h) { h->planes[0].coder = Coder::kStore; })},
      {"CoderHuffman", "RansBf16", kBad, "for a plane of differences",
       header([](BlockHeader* h) { h->planes[0].coder = Coder::kHuffman; })},
      {"LanesTwo", "RansBf16", kBad, "lanes: expected 2^2 to 2^6",
       header([](BlockHeader* h) { h->planes[0].lane_bits = 1; })},
      {"LanesTooMany", "RansBf16", kBad, "lanes: expected 2^2 to 2^6",
       header([](BlockHeader* h) { h->planes[0].lane_bits = 7; })},
      {"SegmentField", "TieredBf16", kBad, "field too wide",
       header([](BlockHeader* h) { h->planes[0].table.segment_bits = 21; })},
      {"MinSegment", "TieredBf16", kBad, "min segment",
       header([](BlockHeader* h) {
         h->planes[0].table.min_segment_bytes = (1u << 20) + 1;
       })},
      {"SegmentShorter", "TieredBf16", kBad, "segments of",
       header([](BlockHeader* h) { --h->planes[0].table.min_segment_bytes; })},
      {"SegmentLonger", "TieredBf16", kBad, "segments of",
       header([](BlockHeader* h) { ++h->planes[0].table.min_segment_bytes; })},
      {"SegmentTable", "TieredBf16", kBad, "segments of",
       header([](BlockHeader* h) { h->planes[0].table.segment_bits = 8; })},
      {"RansSegmentOfAllWords", "RansBf16", kBad, "",
       header(
           [](BlockHeader* h) { h->planes[0].table.min_segment_bytes += 2; })},
      {"RansSegmentTooLong", "RansBf16", kBad, "segments of",
       header([](BlockHeader* h) {
         h->planes[0].table.min_segment_bytes = 1u << 20;
       })},
      {"RansOddWords", "RansBf16", kBad, "segments of",
       header([](BlockHeader* h) { --h->planes[0].table.min_segment_bytes; })},
      {"RansShorterThanStates", "RansBf16", kBad, "too short for its parts",
       [](BlockHeader* h, Bytes* payload) {
         payload->resize(15);
         h->planes[0].length = 15;
         h->payload_length = 15;
       }},
      {"RansState", "RansBf16", kBad, "its words run out",
       [](BlockHeader*, Bytes* payload) { (*payload)[1] ^= std::byte{1}; }},
      {"RansWordsLeft", "RansBf16", kBad, "words or states are left",
       [](BlockHeader* h, Bytes* payload) {
         // Two more behind the last, in front of the segment.
         const size_t at =
             payload->size() - h->planes[0].table.min_segment_bytes;
         payload->insert(payload->begin() + static_cast<ptrdiff_t>(at), 2,
                         std::byte{0});
         h->planes[0].length += 2;
         h->payload_length += 2;
       }},
      {"CmTruncated", "CmBf16", kBad, "cm streams do not end",
       [](BlockHeader* h, Bytes* payload) {
         payload->pop_back();
         --h->planes[0].length;
         --h->payload_length;
       }},
      {"CmLaneTooLong", "CmBf16", kBad, "cm streams do not end",
       [](BlockHeader*, Bytes* payload) { (*payload)[0] = std::byte{0x7F}; }},
      {"TouchedMoreThanElements", "Touched", kBad, "changed elements",
       header([](BlockHeader* h) { h->parameters.changed = 161; })},
      {"TouchedGapBytes", "Touched", kBad, "gap bytes",
       header([](BlockHeader* h) {
         h->parameters.gap_bytes =
             h->parameters.changed + h->elements / 255 + 1;
       })},
      {"TouchedGapsFewer", "Touched", kBad, "",
       header([](BlockHeader* h) { --h->parameters.gap_bytes; })},
      {"TouchedChangedFewer", "Touched", kBad, "",
       header([](BlockHeader* h) { --h->parameters.changed; })},
      {"TouchedWithTiers", "Touched", kBad, "outside an exponent plane",
       header([](BlockHeader* h) { h->planes[0].coder = Coder::kTiered; })},
  };
}

class DeltaBlockCasesTest : public testing::TestWithParam<BlockCase> {};

TEST_P(DeltaBlockCasesTest, Refused) {
  const BlockCase& test = GetParam();
  const auto found = std::ranges::find_if(
      Samples(), [&](const auto& s) { return s->name == test.sample; });
  ASSERT_NE(found, Samples().end());
  const Sample& sample = **found;
  const Result<GroupSide> side = Parse(sample.encoded.body, sample.group);
  ASSERT_TRUE(side.ok());
  BlockHeader header = sample.encoded.blocks[0].header;
  const ByteSpan bytes = PayloadOf(sample.encoded.blocks[0]);
  Bytes payload(bytes.begin(), bytes.end());
  test.change(&header, &payload);
  Bytes body;
  AppendBlockHeader(header, &body);
  ByteReader reader(body, "block", 0);
  const Result<BlockHeader> parsed =
      ParseBlockHeader(&reader, sample.group.geometry.dtype);
  Decoders decoders;
  const std::optional<Error> error =
      parsed.ok() ? decoders.Decode(*side, sample, 0, *parsed, payload)
                  : parsed.error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, test.kind) << error->message;
  EXPECT_NE(error->message.find(test.says), std::string::npos)
      << error->message;
}

INSTANTIATE_TEST_SUITE_P(Cases, DeltaBlockCasesTest,
                         testing::ValuesIn(BlockCases()),
                         [](const auto& info) { return info.param.name; });

// Payloads of the touched method, stored, and segments of tiers, by hand.
class DeltaPayloadTest : public testing::Test {
 protected:
  DeltaPayloadTest() {
    sample_.pair = {Bytes(320), Bytes(320)};
    sample_.group =
        MakeGroup(SmallGeometry(DType::kBf16, 160, 160), 0, sample_.pair);
    side_.elements = 160;
  }

  // The message; "" where it decodes.
  std::string Touched(std::vector<int> gaps, std::vector<int> differences,
                      std::vector<int> large) {
    side_.delta = std::make_shared<DeltaSide>();
    BlockHeader header;
    header.method = Method::kTouched;
    header.plane_count = 3;
    header.parameters.changed = static_cast<uint32_t>(differences.size());
    header.parameters.gap_bytes = static_cast<uint32_t>(gaps.size());
    Bytes payload;
    size_t plane = 0;
    for (const std::vector<int>& bytes : {gaps, differences, large}) {
      header.planes[plane++].length = static_cast<uint32_t>(bytes.size());
      for (const int byte : bytes) {
        payload.push_back(static_cast<std::byte>(byte));
      }
    }
    return Decode(header, payload);
  }

  // One context of no low bits, one set of one tier of width 1.
  std::string Tiered(std::vector<int> segment, uint8_t low_bits = 0,
                     bool grouped = false, uint8_t tiers = 1) {
    auto delta = std::make_shared<DeltaSide>();
    delta->coder = Coder::kTiered;
    delta->low_bits[0] = low_bits;
    delta->tiers[0].code.tier_count = tiers;
    delta->tiers[0].code.widths.fill(1);
    delta->tiers[0].grouped = grouped;
    side_.delta = delta;
    BlockHeader header;
    header.method = Method::kDelta;
    header.plane_count = 1;
    header.planes[0].coder = Coder::kTiered;
    header.planes[0].length = static_cast<uint32_t>(segment.size());
    header.planes[0].table.min_segment_bytes = header.planes[0].length;
    Bytes payload;
    for (const int byte : segment) {
      payload.push_back(static_cast<std::byte>(byte));
    }
    return Decode(header, payload);
  }

  std::string Decode(BlockHeader header, const Bytes& payload) {
    header.elements = 160;
    header.predictor = kBasePredictor;
    header.payload_length = static_cast<uint32_t>(payload.size());
    const std::optional<Error> error =
        decoders_.Decode(side_, sample_, 0, header, payload, &out_);
    if (!error) return "";
    EXPECT_EQ(error->kind, ErrorKind::kCorruption);
    return error->message;
  }
  uint16_t Element(size_t index) const {
    return LoadLittleEndian<uint16_t>(out_.data() + 2 * index);
  }

  Sample sample_;
  GroupSide side_;
  Decoders decoders_;
  Bytes out_;
};

TEST_F(DeltaPayloadTest, Touched) {
  EXPECT_EQ(Touched({}, {}, {}), "");
  EXPECT_EQ(Element(0), 0);
  // Elements 3, 4 and 159; the last one by a large difference.
  EXPECT_EQ(Touched({3, 0, 154}, {1, 3, 255}, {0x02, 0x90}), "");
  EXPECT_EQ(Element(2), 0);
  EXPECT_EQ(Element(3), 1);
  EXPECT_EQ(Element(4), 2);
  EXPECT_EQ(Element(159), 0x8801);  // a change of sign, and 0x801 up
  EXPECT_EQ(Touched({3, 0, 155}, {1, 3, 0}, {}),
            "touched block: gaps change 3 of 161 elements, expected 3 of 160");
  EXPECT_EQ(Touched({255}, {}, {}),
            "touched block: gaps change 0 of 255 elements, expected 0 of 160");
  EXPECT_EQ(Touched({3, 0}, {1}, {}),
            "touched block: gaps change 2 of 5 elements, expected 1 of 160");
  EXPECT_EQ(Touched({3}, {1, 1}, {}),
            "touched block: gaps change 1 of 4 elements, expected 2 of 160");
  EXPECT_NE(Touched({3}, {255}, {0x02}), "");
  EXPECT_NE(Touched({3}, {255}, {}), "");
  EXPECT_NE(Touched({3}, {1}, {0, 0}), "");
}

TEST_F(DeltaPayloadTest, Tiered) {
  std::vector<int> segment(20, 0);
  segment[0] = 0x82;  // symbols 0 1 0 0 0 0 0 1 ...
  EXPECT_EQ(Tiered(segment), "");
  EXPECT_EQ(Element(0), 0);
  // One down from zero is the largest magnitude.
  EXPECT_EQ(Element(1), 0x7FFF);
  EXPECT_EQ(Element(7), 0x7FFF);

  std::vector<int> cut = segment;
  cut.pop_back();
  EXPECT_NE(Tiered(cut).find("a set's tiers leave their segment"),
            std::string::npos);
  EXPECT_NE(Tiered({}).find("a set's tiers leave their segment"),
            std::string::npos);
  // Tier 2 has two codes that are not there.
  EXPECT_NE(Tiered(segment, 0, false, 2).find("tiers leave their segment"),
            std::string::npos);
  // Groups: 20 of them in three bytes, one of which is coded.
  EXPECT_EQ(Tiered({4, 0, 0, 0x01}, 0, true), "");
  EXPECT_EQ(Element(16), 0x7FFF);
  EXPECT_EQ(Element(17), 0);
  EXPECT_NE(Tiered({4, 0}, 0, true).find("groups leave their segment"),
            std::string::npos);
  EXPECT_NE(Tiered({4, 0, 0}, 0, true).find("tiers leave their segment"),
            std::string::npos);
  // Bits behind the last group are padding.
  EXPECT_EQ(Tiered({4, 0, 0xF0, 0x01}, 0, true), "");
  EXPECT_EQ(Element(16), 0x7FFF);
  EXPECT_EQ(Element(159), 0);

  // Low bits of one plane take 20 bytes, of two 60.
  std::vector<int> low = segment;
  low.resize(40, 0);
  low[20] = 0x03;
  EXPECT_EQ(Tiered(low, 1), "");
  EXPECT_EQ(Element(0), 0x7FFF);  // z = 1
  EXPECT_EQ(Element(1), 0x7FFE);  // z = 3: two down
  low.pop_back();
  EXPECT_NE(Tiered(low, 1).find("low bits leave their segment"),
            std::string::npos);
  low.resize(79, 0);
  EXPECT_NE(Tiered(low, 3).find("low bits leave their segment"),
            std::string::npos);

  const auto with = [&](std::initializer_list<int> behind) {
    std::vector<int> longer = segment;
    longer.insert(longer.end(), behind);
    return Tiered(longer);
  };
  EXPECT_EQ(with({5, 0, 0x34, 0x12, 159, 0, 0x78, 0x56}), "");
  EXPECT_EQ(Element(5), 0x1234);
  EXPECT_EQ(Element(159), 0x5678);
  EXPECT_NE(with({5, 0, 0x34}).find("exceptions do not fill their segment"),
            std::string::npos);
  for (const std::string& message :
       {with({5, 0, 0x34, 0x12, 5, 0, 0x78, 0x56}),
        with({5, 0, 0x34, 0x12, 4, 0, 0x78, 0x56}), with({160, 0, 0x34, 0x12}),
        with({0xFF, 0xFF, 0x34, 0x12})}) {
    EXPECT_NE(message.find("an exception is out of order or out of range"),
              std::string::npos)
        << message;
  }
}

TEST_F(DeltaPayloadTest, WithoutABase) {
  BlockHeader header;
  header.method = Method::kCopy;
  side_.delta = nullptr;
  EXPECT_EQ(Decode(header, {}), "predicted block in a group without a base");
  side_.delta = std::make_shared<DeltaSide>();
  EXPECT_EQ(Decode(header, {}), "");
  // A group whose differences have no coder.
  header.method = Method::kDelta;
  header.plane_count = 1;
  header.planes[0].coder = Coder::kTiered;
  EXPECT_NE(Decode(header, {}).find("in a group without it"),
            std::string::npos);
}

}  // namespace
}  // namespace ingot
