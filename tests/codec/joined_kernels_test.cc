// Kernels of joined exponents and of the entropy coders, every set against the
// scalar reference: same bytes for any input, same values from any stream, no
// byte touched outside the buffers.

#include <gtest/gtest.h>

#include <deque>
#include <numeric>
#include <string>

#include "codec/bytes.h"
#include "tests/codec/kernel_cases.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

struct Joined {
  JoinedCode code;
  JoinedRanks ranks;
};

// A code whose classes name some values in some order.
Joined MakeJoined(uint8_t base, unsigned top_bits, uint8_t rank_count,
                  Rng& rng) {
  Joined joined;
  joined.code.base = base;
  joined.code.top_bits = static_cast<uint8_t>(top_bits);
  joined.code.rank_count = rank_count;
  for (size_t c = 0; c < kClasses; ++c) {
    std::vector<uint8_t> keys(size_t{32} << top_bits);
    std::iota(keys.begin(), keys.end(), 0);
    for (size_t i = 0; i + 1 < keys.size(); ++i) {
      std::swap(keys[i], keys[std::min(keys.size() - 1, i + rng() % 9)]);
    }
    joined.ranks.ranks[c].fill(JoinedRanks::kNoRank);
    for (uint8_t rank = 0; rank < std::min<size_t>(rank_count, keys.size());
         ++rank) {
      const uint8_t key = keys[rank];
      joined.ranks.ranks[c][key] = rank;
      const uint8_t top = key & ((1u << top_bits) - 1);
      joined.code.values[c * kMaxJoinedRanks + rank] =
          key >> top_bits == kJoinedZeroSlot
              ? static_cast<uint8_t>(JoinedCode::kZeroFlag | top)
              : key;
    }
  }
  return joined;
}

class JoinedKernelsTest
    : public testing::TestWithParam<std::tuple<const Kernels*, size_t>> {
 protected:
  JoinedKernelsTest()
      : layout_(static_cast<FloatLayout>(std::get<1>(GetParam()))),
        info_(GetFloatLayoutInfo(layout_)),
        kernels_(std::get<0>(GetParam())->floats[std::get<1>(GetParam())]),
        scalar_(AvailableKernels()[0]->floats[std::get<1>(GetParam())]) {}

  size_t PlaneSize(uint32_t elements, unsigned plane, unsigned top) const {
    return PlaneBytes(elements, JoinedPlaneBits(layout_, plane, top));
  }

  std::vector<uint8_t> Decode(const FloatKernels& kernels,
                              const JoinedCode& code, const JoinedDecode& in,
                              bool stream) {
    const size_t bytes = size_t{in.elements} * info_.element_bytes;
    const size_t room = stream ? AlignUp(bytes, 64) : bytes;
    GuardedBuffer out(room, kUntouched);
    kernels.decode_joined(code, in, out.data(), stream);
    EXPECT_TRUE(out.Intact(room - bytes, kUntouched));
    const std::span<const uint8_t> elements = out.first(bytes);
    return {elements.begin(), elements.end()};
  }

  void CheckRoundTrip(const Joined& joined, std::span<const ScaleRun> runs,
                      uint32_t elements, const uint8_t* in);

  const FloatLayout layout_;
  const FloatLayoutInfo& info_;
  const FloatKernels& kernels_;
  const FloatKernels& scalar_;
};

void JoinedKernelsTest::CheckRoundTrip(const Joined& joined,
                                       std::span<const ScaleRun> runs,
                                       uint32_t elements, const uint8_t* in) {
  struct Out {
    Out(std::array<size_t, 2> plane_bytes, size_t rank_bytes)
        : planes{GuardedBuffer(plane_bytes[0] + kKernelSlack, kUntouched),
                 GuardedBuffer(plane_bytes[1] + kKernelSlack, kUntouched)},
          ranks(rank_bytes + kKernelSlack, kUntouched),
          exceptions(kMaxExceptionBytes + kKernelSlack, kUntouched) {}
    std::array<GuardedBuffer, 2> planes;
    GuardedBuffer ranks;
    GuardedBuffer exceptions;
    uint32_t exception_bytes = 0;
  };
  const unsigned top = joined.code.top_bits;
  const std::array<size_t, 2> plane_bytes = {PlaneSize(elements, 0, top),
                                             PlaneSize(elements, 1, top)};
  const size_t rank_bytes = PlaneBytes(elements, 8);
  const auto encode = [&](const FloatKernels& kernels, Out* out) {
    out->exception_bytes = kernels.encode_joined(
        joined.code, joined.ranks,
        {.elements = elements,
         .runs = runs,
         .planes = {out->planes[0].data(), out->planes[1].data()},
         .ranks = out->ranks.data(),
         .exceptions = out->exceptions.data()},
        in);
  };
  Out expected(plane_bytes, rank_bytes);
  Out actual(plane_bytes, rank_bytes);
  encode(scalar_, &expected);
  encode(kernels_, &actual);
  ASSERT_EQ(actual.exception_bytes, expected.exception_bytes);
  ASSERT_TRUE(
      Same(actual.ranks.first(rank_bytes), expected.ranks.first(rank_bytes)));
  ASSERT_TRUE(Same(actual.exceptions.first(actual.exception_bytes),
                   expected.exceptions.first(actual.exception_bytes)));
  for (size_t plane = 0; plane < info_.plane_count; ++plane) {
    ASSERT_TRUE(Same(actual.planes[plane].first(plane_bytes[plane]),
                     expected.planes[plane].first(plane_bytes[plane])))
        << "plane " << plane;
  }
  const JoinedDecode decode{
      .elements = elements,
      .runs = runs,
      .planes = {actual.planes[0].data(), actual.planes[1].data()},
      .ranks = actual.ranks.data(),
      .exceptions = actual.exceptions.data(),
      .exception_count =
          actual.exception_bytes / static_cast<uint32_t>(kExceptionBytes),
      .ahead = {}};
  const std::span<const uint8_t> raw(in,
                                     size_t{elements} * info_.element_bytes);
  for (const bool stream : {false, true}) {
    ASSERT_TRUE(Same(Decode(kernels_, joined.code, decode, stream), raw));
  }
  ASSERT_TRUE(Same(Decode(scalar_, joined.code, decode, false), raw));
}

TEST_P(JoinedKernelsTest, RoundTripsAsScalar) {
  Rng rng(1);
  for (unsigned top = 0; top <= MaxTopBits(layout_); ++top) {
    for (const Content content : kContents) {
      for (const uint32_t elements : kSizes) {
        SCOPED_TRACE(testing::Message()
                     << "top " << top << " elements " << elements << " content "
                     << static_cast<int>(content));
        GuardedBuffer in(size_t{elements} * info_.element_bytes);
        FillElements(info_, content, rng, elements, in.data());
        const auto base =
            static_cast<uint8_t>(rng() % 3 == 0 ? rng() : 120 + rng() % 16);
        const Joined joined =
            MakeJoined(base, top, static_cast<uint8_t>(2 + rng() % 63), rng);
        const Scales scales(kScaleKinds[rng() % 3], elements, rng);
        ASSERT_NO_FATAL_FAILURE(
            CheckRoundTrip(joined, scales.runs(), elements, in.data()));
      }
    }
  }
}

TEST_P(JoinedKernelsTest, DecodesNoiseAsScalar) {
  for (uint64_t seed = 0; seed < Tries(200); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Rng rng(seed);
    const unsigned top =
        static_cast<unsigned>(rng() % (MaxTopBits(layout_) + 1));
    Joined joined = MakeJoined(static_cast<uint8_t>(rng()), top, 64, rng);
    // Values that no encoder sends: slots repeated, at random.
    for (uint8_t& value : joined.code.values) {
      if (rng() % 2 == 0) value = rng() & ((32u << top) - 1);
    }
    const auto elements = static_cast<uint32_t>(1 + rng() % kSubBlockElements);
    const Scales scales(kScaleKinds[rng() % 3], elements, rng);
    std::array<GuardedBuffer, 2> planes = {
        GuardedBuffer(PlaneSize(elements, 0, top) + kKernelSlack),
        GuardedBuffer(PlaneSize(elements, 1, top) + kKernelSlack)};
    for (GuardedBuffer& plane : planes) FillNoise(rng, plane.span());
    // Ranks behind the last one are whatever was there.
    GuardedBuffer ranks(elements + kKernelSlack);
    FillNoise(rng, ranks.span());
    for (uint8_t& rank : ranks.span().first(elements)) rank &= 63;
    std::vector<uint8_t> list;
    for (auto at = static_cast<uint32_t>(rng() % 3000); at < elements;
         at += static_cast<uint32_t>(1 + rng() % 2000)) {
      const uint64_t value =
          rng() & ((uint64_t{1} << (info_.exponent_bits + top)) - 1);
      const uint64_t entry = at | value << kExceptionPositionBits;
      for (unsigned byte = 0; byte < kExceptionBytes; ++byte) {
        list.push_back(static_cast<uint8_t>(entry >> 8 * byte));
      }
    }
    GuardedBuffer exceptions(list.size() + kKernelSlack);
    std::copy(list.begin(), list.end(), exceptions.data());
    const JoinedDecode in{
        .elements = elements,
        .runs = scales.runs(),
        .planes = {planes[0].data(), planes[1].data()},
        .ranks = ranks.data(),
        .exceptions = exceptions.data(),
        .exception_count = static_cast<uint32_t>(list.size() / kExceptionBytes),
        .ahead = {}};
    ASSERT_EQ(Decode(kernels_, joined.code, in, rng() % 2 == 0),
              Decode(scalar_, joined.code, in, false));
  }
}

// Counts of all ways together; those outside are one.
std::vector<uint64_t> Totals(const JoinedHistogram& histogram) {
  std::vector<uint64_t> totals(JoinedHistogram::kOutside + 1);
  for (const auto& way : histogram.counts) {
    for (size_t i = 0; i < 2 * JoinedHistogram::kOutside; ++i) {
      totals[std::min(i, JoinedHistogram::kOutside)] += way[i];
    }
  }
  return totals;
}

TEST_P(JoinedKernelsTest, CountsAsScalar) {
  Rng rng(6);
  for (unsigned top = 0; top <= MaxTopBits(layout_); ++top) {
    for (const Content content : kContents) {
      JoinedHistogram expected{};
      JoinedHistogram actual{};
      for (const uint32_t elements : kSizes) {
        GuardedBuffer in(size_t{elements} * info_.element_bytes);
        FillElements(info_, content, rng, elements, in.data());
        const Joined joined =
            MakeJoined(static_cast<uint8_t>(110 + rng() % 30), top, 9, rng);
        const Scales scales(kScaleKinds[rng() % 3], elements, rng);
        const uint8_t* at = in.data();
        for (const ScaleRun& run : scales.runs()) {
          scalar_.count_joined(joined.code, at, run, &expected);
          kernels_.count_joined(joined.code, at, run, &actual);
          at += size_t{run.length} * info_.element_bytes;
        }
        ASSERT_EQ(Totals(actual), Totals(expected))
            << "top " << top << " elements " << elements;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, JoinedKernelsTest,
    testing::Combine(testing::ValuesIn(AvailableKernels().begin(),
                                       AvailableKernels().end()),
                     testing::Range(size_t{0}, kFloatLayoutCount)),
    [](const testing::TestParamInfo<JoinedKernelsTest::ParamType>& info) {
      return std::string(std::get<0>(info.param)->name) + "_" +
             kLayoutNames[std::get<1>(info.param)];
    });

class EntropyKernelsTest : public testing::TestWithParam<const Kernels*> {
 protected:
  const EntropyKernels& kernels_ = GetParam()->entropy;
  const EntropyKernels& scalar_ = AvailableKernels()[0]->entropy;
};

// Counts that fall more or less steeply, some of them by far.
std::vector<uint64_t> SomeCounts(Rng& rng, size_t symbols) {
  std::vector<uint64_t> counts(symbols);
  const uint64_t steepness = 1 + rng() % 8;
  for (size_t i = 0; i < symbols; ++i) {
    counts[i] = 1 + (uint64_t{1} << 30 >>
                     std::min<uint64_t>(30, i * steepness / 4 + rng() % 3));
  }
  return counts;
}

// Symbols with about those frequencies.
std::vector<uint8_t> DrawSymbols(Rng& rng, const std::vector<uint64_t>& counts,
                                 size_t elements) {
  std::discrete_distribution<int> draw(counts.begin(), counts.end());
  std::vector<uint8_t> symbols(elements);
  for (uint8_t& symbol : symbols) symbol = static_cast<uint8_t>(draw(rng));
  return symbols;
}

struct HuffmanTables {
  explicit HuffmanTables(const std::vector<uint64_t>& counts) {
    std::vector<uint8_t> lengths(counts.size());
    ChooseHuffmanLengths(counts, lengths);
    MakeHuffmanEncodeTable(lengths, &encode);
    MakeHuffmanDecodeTable(lengths, &decode);
  }
  HuffmanEncodeTable encode;
  HuffmanDecodeTable decode;
};

TEST_P(EntropyKernelsTest, HuffmanRoundTripsAsScalar) {
  Rng rng(1);
  for (const size_t alphabet : {2, 3, 17, 64, 256}) {
    const std::vector<uint64_t> counts = SomeCounts(rng, alphabet);
    const HuffmanTables tables(counts);
    for (const uint32_t elements : kSizes) {
      SCOPED_TRACE(testing::Message()
                   << "alphabet " << alphabet << " elements " << elements);
      const std::vector<uint8_t> symbols = DrawSymbols(rng, counts, elements);
      HuffmanStreams streams{elements, {}, {}};
      std::deque<GuardedBuffer> encoded;
      for (size_t k = 0; k < kHuffmanStreams; ++k) {
        const auto [begin, end] = HuffmanStreamRange(elements, k);
        const size_t most = MaxHuffmanBytes(end - begin);
        std::vector<uint8_t> expected(most + 8);
        GuardedBuffer actual(most + 8);
        streams.sizes[k] =
            scalar_.encode_huffman(tables.encode, symbols.data() + begin,
                                   symbols.data() + end, expected.data());
        ASSERT_EQ(kernels_.encode_huffman(tables.encode, symbols.data() + begin,
                                          symbols.data() + end, actual.data()),
                  streams.sizes[k]);
        ASSERT_TRUE(Same(actual.first(streams.sizes[k]),
                         std::span(expected).first(streams.sizes[k])));
        encoded.emplace_back(most + kHuffmanOverRead);
        std::memcpy(encoded.back().data(), expected.data(), streams.sizes[k]);
        streams.begins[k] = encoded.back().data();
      }
      GuardedBuffer out(elements, kUntouched);
      ASSERT_TRUE(kernels_.decode_huffman(tables.decode, streams, out.data()));
      ASSERT_TRUE(Same(out.span(), symbols));
      ++streams.sizes[rng() % kHuffmanStreams];
      ASSERT_FALSE(kernels_.decode_huffman(tables.decode, streams, out.data()));
    }
  }
}

TEST_P(EntropyKernelsTest, HuffmanDecodesNoiseAsScalar) {
  for (uint64_t seed = 0; seed < Tries(300); ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const HuffmanTables tables(SomeCounts(rng, 2 + rng() % 255));
    const auto elements =
        rng() % 2 == 0 ? kSizes[rng() % std::size(kSizes)]
                       : static_cast<uint32_t>(1 + rng() % kSubBlockElements);
    HuffmanStreams streams{elements, {}, {}};
    std::deque<GuardedBuffer> noise;
    for (size_t k = 0; k < kHuffmanStreams; ++k) {
      const auto [begin, end] = HuffmanStreamRange(elements, k);
      noise.emplace_back(MaxHuffmanBytes(end - begin) + kHuffmanOverRead);
      FillNoise(rng, noise.back().span());
      streams.begins[k] = noise.back().data();
    }
    // The sizes that the noise happens to have: by trying them, stream by
    // stream, on the reference.
    std::vector<uint8_t> expected(elements);
    for (size_t k = 0; k < kHuffmanStreams; ++k) {
      const auto [begin, end] = HuffmanStreamRange(elements, k);
      HuffmanStreams no_sizes = streams;
      no_sizes.sizes.fill(~0u);
      ASSERT_FALSE(
          scalar_.decode_huffman(tables.decode, no_sizes, expected.data()));
      size_t bits = 0;
      for (uint32_t i = begin; i < end; ++i) {
        bits += tables.decode.lengths[expected[i]];
      }
      streams.sizes[k] = static_cast<uint32_t>((bits + 7) / 8);
    }
    const bool damaged = rng() % 3 == 0;
    if (damaged) streams.sizes[rng() % kHuffmanStreams] ^= 1;
    ASSERT_EQ(scalar_.decode_huffman(tables.decode, streams, expected.data()),
              !damaged);
    GuardedBuffer actual(elements, kUntouched);
    ASSERT_EQ(kernels_.decode_huffman(tables.decode, streams, actual.data()),
              !damaged);
    ASSERT_TRUE(Same(actual.span(), expected));
  }
}

struct RansTables {
  explicit RansTables(const std::vector<uint64_t>& counts) {
    std::vector<uint16_t> frequencies(counts.size());
    ChooseRansFrequencies(counts, frequencies);
    MakeRansEncodeTable(frequencies, &encode);
    MakeRansDecodeTable(frequencies, &decode);
  }
  RansEncodeTable encode;
  RansDecodeTable decode;
};

// A cursor at the begin of `stream`, states and words, whose slack ends where
// memory does.
RansCursor BeginOf(std::span<const uint8_t> stream) {
  RansCursor cursor;
  std::memcpy(cursor.states.data(), stream.data(), kRansStateBytes);
  cursor.words = stream.data() + kRansStateBytes;
  cursor.end = stream.data() + stream.size() - kRansOverRead;
  return cursor;
}

TEST_P(EntropyKernelsTest, RansRoundTrips) {
  Rng rng(1);
  for (const size_t alphabet : {2, 3, 17, 64}) {
    const std::vector<uint64_t> counts = SomeCounts(rng, alphabet);
    const RansTables tables(counts);
    for (const size_t groups : {1, 2, 3, 50, 300}) {
      SCOPED_TRACE(testing::Message()
                   << "alphabet " << alphabet << " groups " << groups);
      const std::vector<uint8_t> symbols =
          DrawSymbols(rng, counts, groups * kRansLanes);
      std::vector<std::byte> encoded;
      EncodeRans(tables.encode, symbols, &encoded);
      GuardedBuffer stream(encoded.size() + kRansOverRead);
      std::memcpy(stream.data(), encoded.data(), encoded.size());
      RansCursor cursor = BeginOf(stream.span());
      GuardedBuffer out(symbols.size(), kUntouched);
      // In two parts, as sub-blocks are.
      const size_t first = groups / 3;
      ASSERT_TRUE(
          kernels_.decode_rans(tables.decode, &cursor, first, out.data()));
      ASSERT_TRUE(kernels_.decode_rans(tables.decode, &cursor, groups - first,
                                       out.data() + first * kRansLanes));
      ASSERT_TRUE(cursor.AtEnd());
      ASSERT_TRUE(Same(out.span(), symbols));
    }
  }
}

TEST_P(EntropyKernelsTest, RansDecodesNoiseAsScalar) {
  int good = 0;
  for (uint64_t seed = 0; seed < Tries(300); ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const RansTables tables(SomeCounts(rng, 2 + rng() % (kMaxRansSymbols - 1)));
    const size_t groups = 1 + rng() % 128;
    GuardedBuffer stream(kRansStateBytes + kRansOverRead +
                         2 * (rng() % (rng() % 2 == 0 ? 100 : 9000)));
    FillNoise(rng, stream.span());
    RansCursor expected_cursor = BeginOf(stream.span());
    RansCursor cursor = expected_cursor;
    GuardedBuffer expected(groups * kRansLanes);
    GuardedBuffer actual(groups * kRansLanes, kUntouched);
    const bool decoded = scalar_.decode_rans(tables.decode, &expected_cursor,
                                             groups, expected.data());
    ASSERT_EQ(
        kernels_.decode_rans(tables.decode, &cursor, groups, actual.data()),
        decoded);
    if (!decoded) continue;
    ++good;
    ASSERT_TRUE(Same(actual.span(), expected.span()));
    ASSERT_EQ(cursor.states, expected_cursor.states);
    ASSERT_EQ(cursor.words, expected_cursor.words);
  }
  EXPECT_GT(good, static_cast<int>(Tries(300) / 6));
}

INSTANTIATE_TEST_SUITE_P(
    All, EntropyKernelsTest,
    testing::ValuesIn(AvailableKernels().begin(), AvailableKernels().end()),
    [](const testing::TestParamInfo<const Kernels*>& info) {
      return std::string(info.param->name);
    });

}  // namespace
}  // namespace ingot
