// Every kernel set against the scalar reference: same bytes for any input,
// same values from any stream, and no byte touched outside the buffers.

#include "codec/method/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "codec/planes/bit_stream.h"
#include "codec/planes/float_layout.h"
#include "tests/codec/guarded_buffer.h"
#include "tests/codec/kernel_cases.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

std::vector<std::vector<uint8_t>> AllWidths() {
  return {{1},
          {2},
          {3},
          {1, 1},
          {2, 2},
          {3, 3},
          {1, 3},
          {2, 1, 1, 2, 3},
          {2, 3, 1},
          {3, 2, 2, 1},
          {2, 1, 1, 1, 1, 1, 2, 2},
          {1, 1, 1, 1, 1, 1, 1, 1},
          {3, 3, 3, 3, 3, 3, 3, 3}};
}

// A code and its inverse, as a planner would make them, or nearly.
struct Code {
  TierCode tiers;
  RankTable ranks;
};

Code MakeCode(const std::vector<uint8_t>& widths, uint8_t base, bool any_rank,
              Rng& rng) {
  Code code;
  code.tiers.base = base;
  code.tiers.tier_count = static_cast<uint8_t>(widths.size());
  unsigned capacity = 0;
  for (size_t tier = 0; tier < widths.size(); ++tier) {
    code.tiers.widths[tier] = widths[tier];
    capacity += TierCapacity(widths[tier], tier + 1 == widths.size());
  }
  code.tiers.rank_count =
      static_cast<uint8_t>(std::min<size_t>(capacity, kMaxRanks));
  for (size_t c = 0; c < kClasses; ++c) {
    std::array<uint8_t, 32> slots;
    std::iota(slots.begin(), slots.end(), 0);
    // Near slots first, with some disorder, and zeros among them.
    for (size_t i = 0; i + 1 < slots.size(); ++i) {
      std::swap(slots[i], slots[std::min<size_t>(31, i + rng() % 4)]);
    }
    code.ranks.ranks[c].fill(RankTable::kNoRank);
    for (uint8_t rank = 0; rank < code.tiers.rank_count; ++rank) {
      const uint8_t slot = slots[rank];
      if (any_rank) code.ranks.ranks[c][slot] = rank;
      code.tiers.offsets[c * kMaxRanks + rank] =
          slot == RankTable::kZeroSlot ? kZeroOffset : slot;
    }
  }
  return code;
}

// The buffers that one sub-block is encoded to.
struct Encoded {
  Encoded(const FloatLayoutInfo& info, const TierCode& code,
          uint32_t sub_block_elements)
      : elements(sub_block_elements),
        code_bytes(PlaneBytes(elements, code.widths[0])),
        plane_bytes{PlaneBytes(elements, info.plane_bits[0]),
                    PlaneBytes(elements, info.plane_bits[1])},
        planes{GuardedBuffer(plane_bytes[0] + kKernelSlack, kUntouched),
               GuardedBuffer(plane_bytes[1] + kKernelSlack, kUntouched)},
        codes(code_bytes + kKernelSlack, kUntouched),
        segment(kMaxSegmentBytes + kKernelSlack, kUntouched) {}

  void Encode(const FloatKernels& kernels, const Code& code,
              std::span<const ScaleRun> runs, const uint8_t* in) {
    size = kernels.encode(code.tiers, code.ranks,
                          {.elements = elements,
                           .runs = runs,
                           .planes = {planes[0].data(), planes[1].data()},
                           .codes = codes.data(),
                           .segment = segment.data()},
                          in);
  }

  uint32_t elements;
  size_t code_bytes;
  std::array<size_t, 2> plane_bytes;
  std::array<GuardedBuffer, 2> planes;
  GuardedBuffer codes;
  GuardedBuffer segment;
  SegmentSize size{};
};

class KernelsTest
    : public testing::TestWithParam<std::tuple<const Kernels*, size_t>> {
 protected:
  KernelsTest()
      : layout_(std::get<1>(GetParam())),
        info_(kFloatLayoutInfo[layout_]),
        kernels_(std::get<0>(GetParam())->floats[layout_]),
        scalar_(AvailableKernels()[0]->floats[layout_]) {}

  // Decodes with the kernels and returns what they returned; `*out` gets the
  // elements. The output ends at a guard page, or is aligned to stream.
  bool Decode(const FloatKernels& kernels, const TierCode& code,
              const SubBlockDecode& in, bool stream,
              std::vector<uint8_t>* out) {
    const size_t bytes = size_t{in.elements} * info_.element_bytes;
    const size_t room = stream ? AlignUp(bytes, 64) : bytes;
    GuardedBuffer restored(room, kUntouched);
    const bool good = kernels.decode(code, in, restored.data(), stream);
    EXPECT_TRUE(restored.Intact(room - bytes, kUntouched));
    const std::span<const uint8_t> elements = restored.first(bytes);
    out->assign(elements.begin(), elements.end());
    return good;
  }

  // Encodes, compares with the scalar kernels, decodes, compares with `in`.
  void CheckRoundTrip(const Code& code, std::span<const ScaleRun> runs,
                      uint32_t elements, const uint8_t* in);
  // Decodes a stream of noise with both.
  void CheckNoise(Rng& rng);

  const size_t layout_;
  const FloatLayoutInfo& info_;
  const FloatKernels& kernels_;
  const FloatKernels& scalar_;
};

void KernelsTest::CheckRoundTrip(const Code& code,
                                 std::span<const ScaleRun> runs,
                                 uint32_t elements, const uint8_t* in) {
  Encoded expected(info_, code.tiers, elements);
  expected.Encode(scalar_, code, runs, in);
  Encoded actual(info_, code.tiers, elements);
  actual.Encode(kernels_, code, runs, in);
  ASSERT_EQ(actual.size.escapes, expected.size.escapes);
  ASSERT_EQ(actual.size.bytes, expected.size.bytes);
  ASSERT_TRUE(Same(actual.codes.first(actual.code_bytes),
                   expected.codes.first(actual.code_bytes)));
  ASSERT_TRUE(Same(actual.segment.first(actual.size.bytes),
                   expected.segment.first(actual.size.bytes)));
  for (unsigned plane = 0; plane < info_.plane_count; ++plane) {
    ASSERT_TRUE(Same(actual.planes[plane].first(actual.plane_bytes[plane]),
                     expected.planes[plane].first(actual.plane_bytes[plane])))
        << "plane " << plane;
    ASSERT_TRUE(actual.planes[plane].Intact(0, 0));
  }
  ASSERT_TRUE(actual.codes.Intact(0, 0));
  ASSERT_TRUE(actual.segment.Intact(0, 0));

  GuardedBuffer segment(actual.size.bytes + kKernelSlack);
  std::memcpy(segment.data(), actual.segment.data(), actual.size.bytes);
  SubBlockDecode stream{
      .elements = elements,
      .runs = runs,
      .planes = {actual.planes[0].data(), actual.planes[1].data()},
      .codes = actual.codes.data(),
      .segment = segment.data(),
      .extents = {},
      .exceptions = nullptr,
      .exception_count = 0,
      .ahead = actual.codes.span()};
  ASSERT_TRUE(LocateTiers(code.tiers, elements, actual.size.escapes,
                          segment.data(), actual.size.bytes, &stream.extents));
  stream.exceptions = segment.data() + stream.extents.bytes;
  stream.exception_count =
      (actual.size.bytes - stream.extents.bytes) / kExceptionBytes;
  for (const bool streaming : {false, true}) {
    std::vector<uint8_t> out;
    ASSERT_TRUE(Decode(kernels_, code.tiers, stream, streaming, &out));
    ASSERT_EQ(std::memcmp(out.data(), in, out.size()), 0)
        << "streaming " << streaming;
  }
}

TEST_P(KernelsTest, EncodesAsScalarAndRestores) {
  Rng rng(1);
  for (const std::vector<uint8_t>& widths : AllWidths()) {
    for (const uint32_t elements : kSizes) {
      for (const Content content : kContents) {
        SCOPED_TRACE(testing::Message()
                     << testing::PrintToString(widths) << " elements "
                     << elements << " content " << static_cast<int>(content));
        GuardedBuffer in(size_t{elements} * info_.element_bytes);
        FillElements(info_, content, rng, elements, in.data());
        const uint8_t middle = static_cast<uint8_t>(
            info_.exponent_bits == 11 ? 1016 - kF64ExponentBias
                                      : 1u << (info_.exponent_bits - 1));
        const Code code = MakeCode(widths, middle, true, rng);
        const Scales scales(kScaleKinds[rng() % 3], elements, rng);
        ASSERT_NO_FATAL_FAILURE(
            CheckRoundTrip(code, scales.runs(), elements, in.data()));
      }
    }
  }
}

TEST_P(KernelsTest, WrapsBaseAndShiftAsScalar) {
  Rng rng(2);
  for (const unsigned base : {0u, 1u, 15u, 30u, 31u, 128u, 200u, 255u}) {
    for (const Content content :
         {Content::kRandomBits, Content::kSpecials, Content::kEveryExponent}) {
      SCOPED_TRACE(testing::Message() << "base " << base << " content "
                                      << static_cast<int>(content));
      const uint32_t elements = 2048;
      GuardedBuffer in(size_t{elements} * info_.element_bytes);
      FillElements(info_, content, rng, elements, in.data());
      const Code code =
          MakeCode({2, 1, 3, 3}, static_cast<uint8_t>(base), true, rng);
      const Scales scales(Scales::Kind::kRandom, elements, rng);
      ASSERT_NO_FATAL_FAILURE(
          CheckRoundTrip(code, scales.runs(), elements, in.data()));
    }
  }
}

TEST_P(KernelsTest, EncodesExceptionsOnlyAsScalar) {
  Rng rng(3);
  for (const uint32_t elements : kSizes) {
    SCOPED_TRACE(elements);
    GuardedBuffer in(size_t{elements} * info_.element_bytes);
    FillElements(info_, Content::kRandomBits, rng, elements, in.data());
    const Code code = MakeCode({2, 1, 2}, 100, false, rng);
    const Scales scales(Scales::Kind::kSmall, elements, rng);
    ASSERT_NO_FATAL_FAILURE(
        CheckRoundTrip(code, scales.runs(), elements, in.data()));
  }
}

TEST_P(KernelsTest, EncodesEscapesOnlyAsScalar) {
  Rng rng(4);
  for (const std::vector<uint8_t>& widths : AllWidths()) {
    SCOPED_TRACE(testing::PrintToString(widths));
    Code code = MakeCode(widths, 255, true, rng);
    // All elements have the last rank, the symbol of slot 0 and class 0.
    const uint8_t last = static_cast<uint8_t>(code.tiers.rank_count - 1);
    code.ranks.ranks[0].fill(last);
    code.tiers.offsets.fill(0);
    code.tiers.base = static_cast<uint8_t>(
        info_.exponent_bits == 11 ? 200 : (1u << info_.exponent_bits) - 2);
    for (const uint32_t elements : kSizes) {
      GuardedBuffer in(size_t{elements} * info_.element_bytes);
      const uint64_t exponent =
          code.tiers.base + (info_.exponent_bits == 11 ? kF64ExponentBias : 0);
      for (uint32_t i = 0; i < elements; ++i) {
        const uint64_t bits = exponent << info_.mantissa_bits | (rng() & 1);
        std::memcpy(in.data() + size_t{i} * info_.element_bytes, &bits,
                    info_.element_bytes);
      }
      const Scales scales(Scales::Kind::kNone, elements, rng);
      ASSERT_NO_FATAL_FAILURE(
          CheckRoundTrip(code, scales.runs(), elements, in.data()));
    }
  }
}

void KernelsTest::CheckNoise(Rng& rng) {
  TierCode code;
  code.base = static_cast<uint8_t>(rng());
  code.tier_count = static_cast<uint8_t>(1 + rng() % kMaxTiers);
  for (uint8_t& width : code.widths) width = 1 + rng() % kMaxTierWidth;
  for (uint8_t& offset : code.offsets) offset = static_cast<uint8_t>(rng());
  const uint32_t elements =
      rng() % 2 == 0 ? kSizes[rng() % std::size(kSizes)]
                     : static_cast<uint32_t>(1 + rng() % kSubBlockElements);
  const Scales scales(kScaleKinds[rng() % 3], elements, rng);
  const size_t code_bytes = PlaneBytes(elements, code.widths[0]);
  GuardedBuffer codes(code_bytes + kKernelSlack);
  FillNoise(rng, codes.span());
  std::array<GuardedBuffer, 2> planes = {
      GuardedBuffer(PlaneBytes(elements, info_.plane_bits[0]) + kKernelSlack),
      GuardedBuffer(PlaneBytes(elements, info_.plane_bits[1]) + kKernelSlack)};
  for (GuardedBuffer& plane : planes) FillNoise(rng, plane.span());

  // The escapes that the sub-block table claims, mostly the right number.
  uint32_t escapes = code.tier_count == 1
                         ? 0
                         : CountEscapes(codes.data(), elements, code.widths[0]);
  if (rng() % 4 == 0) escapes = static_cast<uint32_t>(rng() % (elements + 1));
  std::vector<uint8_t> tiers(kMaxSegmentBytes + kKernelSlack);
  FillNoise(rng, tiers);
  SubBlockDecode in{.elements = elements,
                    .runs = scales.runs(),
                    .planes = {planes[0].data(), planes[1].data()},
                    .codes = codes.data(),
                    .segment = tiers.data(),
                    .extents = {},
                    .exceptions = nullptr,
                    .exception_count = 0,
                    .ahead = {}};
  if (!LocateTiers(code, elements, escapes, tiers.data(), kMaxSegmentBytes,
                   &in.extents)) {
    return;
  }
  std::vector<uint8_t> exceptions;
  for (uint32_t at = static_cast<uint32_t>(rng() % 9000); at < elements;
       at += static_cast<uint32_t>(1 + rng() % (rng() % 2 == 0 ? 3 : 3000))) {
    const uint64_t exponent = rng() & ((1u << info_.exponent_bits) - 1);
    const uint64_t entry = at | exponent << kExceptionPositionBits;
    for (unsigned byte = 0; byte < kExceptionBytes; ++byte) {
      exceptions.push_back(static_cast<uint8_t>(entry >> 8 * byte));
    }
  }
  GuardedBuffer segment(in.extents.bytes + exceptions.size() + kKernelSlack);
  std::memcpy(segment.data(), tiers.data(), in.extents.bytes);
  std::copy(exceptions.begin(), exceptions.end(),
            segment.data() + in.extents.bytes);
  in.segment = segment.data();
  in.exceptions = segment.data() + in.extents.bytes;
  in.exception_count =
      static_cast<uint32_t>(exceptions.size() / kExceptionBytes);

  std::vector<uint8_t> expected;
  std::vector<uint8_t> actual;
  const bool good = Decode(scalar_, code, in, false, &expected);
  ASSERT_EQ(Decode(kernels_, code, in, rng() % 2 == 0, &actual), good);
  if (good) {
    ASSERT_EQ(actual, expected);
  }
}

TEST_P(KernelsTest, DecodesNoiseAsScalar) {
  for (uint64_t seed = 0; seed < Tries(600); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Rng rng(seed);
    ASSERT_NO_FATAL_FAILURE(CheckNoise(rng));
  }
}

TEST_P(KernelsTest, SumsRowsAsScalar) {
  Rng rng(5);
  for (const Content content : kContents) {
    for (const uint32_t columns : kSizes) {
      SCOPED_TRACE(testing::Message() << "columns " << columns << " content "
                                      << static_cast<int>(content));
      const uint8_t neutral = static_cast<uint8_t>(rng());
      std::vector<uint16_t> expected(columns + kKernelSlack / 2);
      std::vector<uint16_t> actual(columns + kKernelSlack / 2);
      for (int row = 0; row < 4; ++row) {
        GuardedBuffer in(size_t{columns} * info_.element_bytes);
        FillElements(info_, content, rng, columns, in.data());
        const uint64_t sum =
            scalar_.sum_row(in.data(), columns, neutral, expected.data());
        EXPECT_EQ(kernels_.sum_row(in.data(), columns, neutral, actual.data()),
                  sum);
        EXPECT_EQ(kernels_.sum_row(in.data(), columns, neutral, nullptr), sum);
      }
      expected.resize(columns);
      actual.resize(columns);
      ASSERT_EQ(actual, expected);
    }
  }
}

// Counts of all ways together.
std::vector<uint64_t> Totals(const ScaleHistogram& histogram) {
  std::vector<uint64_t> totals(ScaleHistogram::kZeroSlots + kClasses);
  for (const auto& way : histogram.counts) {
    for (size_t i = 0; i < totals.size(); ++i) totals[i] += way[i];
  }
  return totals;
}

TEST_P(KernelsTest, CountsAsScalar) {
  Rng rng(6);
  for (const Content content : kContents) {
    ScaleHistogram expected{};
    ScaleHistogram actual{};
    for (const uint32_t elements : kSizes) {
      SCOPED_TRACE(testing::Message() << "elements " << elements << " content "
                                      << static_cast<int>(content));
      GuardedBuffer in(size_t{elements} * info_.element_bytes);
      FillElements(info_, content, rng, elements, in.data());
      const Scales scales(kScaleKinds[rng() % 3], elements, rng);
      const uint8_t* at = in.data();
      for (const ScaleRun& run : scales.runs()) {
        scalar_.count(at, run, &expected);
        kernels_.count(at, run, &actual);
        at += size_t{run.length} * info_.element_bytes;
      }
      ASSERT_EQ(Totals(actual), Totals(expected));
    }
  }
}

TEST_P(KernelsTest, JoinsAsScalar) {
  Rng rng(7);
  for (const uint32_t elements : kSizes) {
    SCOPED_TRACE(elements);
    GuardedBuffer symbols(PlaneBytes(elements, 8) + kKernelSlack);
    FillNoise(rng, symbols.span());
    std::array<GuardedBuffer, 2> planes = {
        GuardedBuffer(PlaneBytes(elements, info_.plane_bits[0]) + kKernelSlack),
        GuardedBuffer(PlaneBytes(elements, info_.plane_bits[1]) +
                      kKernelSlack)};
    for (GuardedBuffer& plane : planes) FillNoise(rng, plane.span());
    const size_t bytes = size_t{elements} * info_.element_bytes;
    // The scalar kernels store an element's bytes and none beyond.
    GuardedBuffer expected(bytes);
    GuardedBuffer actual(bytes);
    scalar_.join(symbols.data(), {planes[0].data(), planes[1].data()}, elements,
                 expected.data());
    kernels_.join(symbols.data(), {planes[0].data(), planes[1].data()},
                  elements, actual.data());
    ASSERT_TRUE(Same(actual.first(bytes), expected.first(bytes)));
    ASSERT_TRUE(actual.Intact(0, 0));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, KernelsTest,
    testing::Combine(testing::ValuesIn(AvailableKernels().begin(),
                                       AvailableKernels().end()),
                     testing::Range(size_t{0}, kFloatLayoutCount)),
    [](const testing::TestParamInfo<KernelsTest::ParamType>& info) {
      return std::string(std::get<0>(info.param)->name) + "_" +
             kLayoutNames[std::get<1>(info.param)];
    });

TEST(KernelSelection, BestSetIsAmongTheAvailable) {
  const std::span<const Kernels* const> available = AvailableKernels();
  ASSERT_FALSE(available.empty());
  EXPECT_EQ(available[0]->name, "scalar");
  EXPECT_NE(std::find(available.begin(), available.end(), &ActiveKernels()),
            available.end());
}

}  // namespace
}  // namespace ingot
