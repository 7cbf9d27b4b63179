// Kernels of differences, every set against the scalar reference: same bytes
// for any input, no byte read or written further than the headers say.

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "codec/base/stream_copy.h"
#include "codec/bytes.h"
#include "tests/codec/kernel_cases.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

// Bytes that `count` elements and the slack behind them take: reads further
// than that fault. What lies in the slack must not matter.
class Input {
 public:
  Input(size_t size, Rng& rng) : buffer_(size + kKernelSlack) {
    for (uint8_t& byte : buffer_.span()) byte = static_cast<uint8_t>(rng());
  }
  uint8_t* data() { return buffer_.data(); }
  const uint8_t* data() const { return const_cast<Input*>(this)->data(); }

 private:
  GuardedBuffer buffer_;
};

// An output of `size` bytes with slack that may be written.
class SlackOutput {
 public:
  explicit SlackOutput(size_t size)
      : size_(size), buffer_(size + kKernelSlack, kUntouched) {}
  uint8_t* data() { return buffer_.data(); }
  std::span<const uint8_t> bytes() const { return buffer_.first(size_); }
  bool Intact() const { return buffer_.Intact(0, kUntouched); }

 private:
  const size_t size_;
  GuardedBuffer buffer_;
};

struct alignas(64) Table {
  std::array<uint8_t, 64> entries{};
};

class SymbolKernelsTest : public testing::TestWithParam<const Kernels*> {
 protected:
  // Runs body(kernels, output) with the scalar set and the other one.
  template <typename Body>
  void Compare(size_t size, const Body& body) {
    SlackOutput expected(size);
    SlackOutput actual(size);
    body(scalar_, expected.data());
    body(kernels_, actual.data());
    ASSERT_TRUE(Same(actual.bytes(), expected.bytes()));
    ASSERT_TRUE(actual.Intact());
  }

  const SymbolKernels& kernels_ = GetParam()->symbols;
  const SymbolKernels& scalar_ = AvailableKernels()[0]->symbols;
  Rng rng_{42};
};

constexpr uint32_t kCounts[] = {0,   1,   7,   8,    9,    63,   64,  65,
                                127, 129, 200, 1000, 4096, 8191, 8192};

TEST_P(SymbolKernelsTest, Merge) {
  for (const uint32_t count : kCounts) {
    for (unsigned sets = 1; sets <= kMaxSets; ++sets) {
      Table set_of_context;
      for (uint8_t& set : set_of_context.entries) {
        set = static_cast<uint8_t>(rng_() % sets);
      }
      Input contexts(count, rng_);
      std::array<size_t, kMaxSets> sizes{};
      for (uint32_t i = 0; i < count; ++i) {
        contexts.data()[i] &= 63;
        ++sizes[set_of_context.entries[contexts.data()[i]]];
      }
      // Each as long as it must be.
      std::deque<Input> values;
      std::array<const uint8_t*, kMaxSets> starts;
      for (unsigned set = 0; set < kMaxSets; ++set) {
        starts[set] = values.emplace_back(sizes[set], rng_).data();
      }
      Compare(count, [&](const SymbolKernels& kernels, uint8_t* out) {
        kernels.merge(contexts.data(), count, set_of_context.entries.data(),
                      starts, out);
      });
    }
  }
}

TEST_P(SymbolKernelsTest, Unpack) {
  for (const uint32_t count : kCounts) {
    for (const unsigned width : {1u, 2u, 4u}) {
      Input fields((count * width + 7) / 8, rng_);
      Compare(count, [&](const SymbolKernels& kernels, uint8_t* out) {
        kernels.unpack(fields.data(), count, width, out);
      });
    }
  }
}

TEST_P(SymbolKernelsTest, Spread) {
  for (const uint32_t count : kCounts) {
    const uint32_t groups = (count + 7) / 8;
    for (int round = 0; round < 4; ++round) {
      Input map((groups + 7) / 8, rng_);
      FillNoise(rng_, {map.data(), (groups + 7) / 8});
      // Bits behind the last group may be set by whoever made the segment.
      Input packed(8 * CountEscapes(map.data(), groups, 1), rng_);
      Compare(8 * groups, [&](const SymbolKernels& kernels, uint8_t* out) {
        kernels.spread(map.data(), groups, packed.data(), out);
      });
    }
  }
}

TierCode RandomTiers(Rng& rng) {
  TierCode code;
  code.tier_count = static_cast<uint8_t>(1 + rng() % kMaxTiers);
  for (unsigned tier = 0; tier < code.tier_count; ++tier) {
    code.widths[tier] = static_cast<uint8_t>(1 + rng() % kMaxTierWidth);
  }
  return code;
}

TEST_P(SymbolKernelsTest, Tiers) {
  for (const uint32_t count : kCounts) {
    for (int round = 0; round < 12; ++round) {
      const TierCode code = RandomTiers(rng_);
      unsigned named = 0;
      for (unsigned tier = 0; tier < code.tier_count; ++tier) {
        named += TierCapacity(code.widths[tier], tier + 1 == code.tier_count);
      }
      // Few escapes, some, or the largest value alone.
      std::vector<uint8_t> values(count);
      for (uint8_t& value : values) {
        const auto small =
            static_cast<unsigned>(std::countr_zero(rng_() | 1u << 20));
        value = static_cast<uint8_t>(round % 3 == 0 ? std::min(small, named - 1)
                                     : round % 3 == 1 ? rng_() % named
                                                      : named - 1);
      }
      const size_t room = count * kMaxTiers * kMaxTierWidth / 8 + kMaxTiers;
      const auto encode = [&](const SymbolKernels& kernels, uint8_t* out) {
        SlackOutput in(count);
        std::ranges::copy(values, in.data());
        std::memset(in.data() + count, 0, kKernelSlack);
        return kernels.encode_tiers(code, count, in.data(), out);
      };
      SlackOutput expected(room);
      SlackOutput actual(room);
      const uint32_t bytes = encode(scalar_, expected.data());
      ASSERT_EQ(encode(kernels_, actual.data()), bytes) << count << " values";
      ASSERT_TRUE(
          Same(actual.bytes().first(bytes), expected.bytes().first(bytes)));
      // Exactly the segment, and slack of something else.
      Input segment(bytes, rng_);
      std::ranges::copy(expected.bytes().first(bytes), segment.data());
      TierExtents extents;
      ASSERT_TRUE(LocateAllTiers(code, count, segment.data(), bytes, &extents));
      ASSERT_EQ(extents.bytes, bytes);
      Compare(count, [&](const SymbolKernels& kernels, uint8_t* out) {
        kernels.decode_tiers(code, segment.data(), extents, out);
        EXPECT_TRUE(Same({out, count}, values));
      });
    }
  }
}

// What lies behind the values in their buffer does not reach the codes.
TEST_P(SymbolKernelsTest, TiersOfValuesFollowedByOthers) {
  TierCode code;
  code.tier_count = 2;
  code.widths = {1, 2};
  for (const uint32_t count : kCounts) {
    Input values(count, rng_);
    for (uint32_t i = 0; i < count; ++i) values.data()[i] %= 5;
    SlackOutput expected(count + 8);
    SlackOutput actual(count + 8);
    const auto encode = [&](const SymbolKernels& kernels, uint8_t* out) {
      SlackOutput in(count);
      std::memcpy(in.data(), values.data(), count + kKernelSlack);
      return kernels.encode_tiers(code, count, in.data(), out);
    };
    const uint32_t bytes = encode(scalar_, expected.data());
    ASSERT_EQ(encode(kernels_, actual.data()), bytes);
    ASSERT_TRUE(
        Same(actual.bytes().first(bytes), expected.bytes().first(bytes)));
  }
}

// Any bytes that LocateAllTiers takes decode to the same values.
TEST_P(SymbolKernelsTest, TiersOfAnyBytes) {
  for (size_t round = 0; round < Tries(300); ++round) {
    const TierCode code = RandomTiers(rng_);
    const auto count = static_cast<uint32_t>(rng_() % (kSubBlockElements + 1));
    const size_t bytes = rng_() % 9000;
    Input segment(bytes, rng_);
    FillNoise(rng_, {segment.data(), bytes});
    TierExtents extents;
    if (!LocateAllTiers(code, count, segment.data(), bytes, &extents)) continue;
    Compare(count, [&](const SymbolKernels& kernels, uint8_t* out) {
      kernels.decode_tiers(code, segment.data(), extents, out);
    });
  }
}

// Tables of `contexts` contexts with as many symbols as may be, few or two.
std::vector<std::vector<uint16_t>> RandomFrequencies(unsigned contexts,
                                                     Rng& rng) {
  std::vector<std::vector<uint16_t>> frequencies(contexts);
  for (auto& context : frequencies) {
    std::vector<uint8_t> weights(rng() % 3 == 0 ? 256 : 2 + rng() % 30);
    for (uint8_t& weight : weights) {
      weight = static_cast<uint8_t>(rng() % 4 == 0 ? 0 : rng());
    }
    weights[0] = 255;
    weights[1] = 100;
    if (rng() % 4 == 0) weights = {0};
    EXPECT_TRUE(FrequenciesOfWeights(weights, &context));
  }
  return frequencies;
}

struct RansCase {
  ContextRansDecodeTable table;
  std::vector<uint8_t> contexts;
  std::vector<uint8_t> symbols;
  std::vector<std::byte> encoded;  // states and words
};

RansCase MakeRansCase(uint32_t count, Rng& rng) {
  RansCase test;
  const auto contexts = static_cast<unsigned>(1 + rng() % 16);
  const auto frequencies = RandomFrequencies(contexts, rng);
  MakeContextRansDecodeTable(frequencies, &test.table);
  ContextRansEncodeTable encode;
  MakeContextRansEncodeTable(frequencies, &encode);
  for (uint32_t i = 0; i < count; ++i) {
    const auto context = static_cast<uint8_t>(rng() % contexts);
    // By the slots, and now and then one of the rare ones.
    uint8_t symbol = static_cast<uint8_t>(
        test.table.slots[context * kRansScale + rng() % kRansScale]);
    if (rng() % 8 == 0) {
      do {
        symbol = static_cast<uint8_t>(rng() % frequencies[context].size());
      } while (frequencies[context][symbol] == 0);
    }
    test.contexts.push_back(context);
    test.symbols.push_back(symbol);
  }
  EncodeContextRans(encode, kMaxContextLaneBits, test.contexts, test.symbols,
                    &test.encoded);
  return test;
}

// In one call and in two, the first of a multiple of the lanes.
TEST_P(SymbolKernelsTest, ContextRans) {
  for (const uint32_t count : kCounts) {
    for (int round = 0; round < 4; ++round) {
      const RansCase test = MakeRansCase(count, rng_);
      Input contexts(count, rng_);
      std::ranges::copy(test.contexts, contexts.data());
      const size_t words = test.encoded.size() - kRansStateBytes;
      Input stream(words, rng_);
      std::memcpy(stream.data(), test.encoded.data() + kRansStateBytes, words);
      RansCursor start;
      std::memcpy(start.states.data(), test.encoded.data(), kRansStateBytes);
      start.words = stream.data();
      start.end = stream.data() + words;
      for (const uint32_t first : {0u, count / 2 / 64 * 64}) {
        for (const SymbolKernels* kernels : {&scalar_, &kernels_}) {
          RansCursor cursor = start;
          SlackOutput out(count);
          ASSERT_TRUE(kernels->decode_context_rans(test.table, contexts.data(),
                                                   first, &cursor, out.data()));
          ASSERT_TRUE(kernels->decode_context_rans(
              test.table, contexts.data() + first, count - first, &cursor,
              out.data() + first));
          ASSERT_TRUE(Same(out.bytes(), test.symbols));
          ASSERT_TRUE(cursor.AtEnd());
          ASSERT_TRUE(out.Intact());
        }
      }
    }
  }
}

// Other states and words, and words that run out: the sets agree where they
// stop, and on all symbols where they do not.
TEST_P(SymbolKernelsTest, ContextRansOfAnyBytes) {
  for (size_t round = 0; round < Tries(300); ++round) {
    const auto count = static_cast<uint32_t>(1 + rng_() % 2000);
    const RansCase test = MakeRansCase(count, rng_);
    Input contexts(count, rng_);
    std::ranges::copy(test.contexts, contexts.data());
    const size_t words = rng_() % (test.encoded.size() + 1) / 2 * 2;
    Input stream(words, rng_);
    RansCursor start;
    for (uint32_t& state : start.states) state = static_cast<uint32_t>(rng_());
    start.words = stream.data();
    start.end = stream.data() + words;
    RansCursor expected = start;
    RansCursor actual = start;
    SlackOutput expected_out(count);
    SlackOutput actual_out(count);
    const bool whole = scalar_.decode_context_rans(
        test.table, contexts.data(), count, &expected, expected_out.data());
    ASSERT_EQ(kernels_.decode_context_rans(test.table, contexts.data(), count,
                                           &actual, actual_out.data()),
              whole);
    ASSERT_TRUE(actual_out.Intact());
    if (!whole) continue;
    ASSERT_TRUE(Same(actual_out.bytes(), expected_out.bytes()));
    ASSERT_EQ(actual.states, expected.states);
    ASSERT_EQ(actual.words, expected.words);
  }
}

std::string SetName(const testing::TestParamInfo<const Kernels*>& info) {
  return std::string(info.param->name);
}
INSTANTIATE_TEST_SUITE_P(AllSets, SymbolKernelsTest,
                         testing::ValuesIn(AvailableKernels().begin(),
                                           AvailableKernels().end()),
                         SetName);

class DeltaKernelsTest
    : public testing::TestWithParam<std::tuple<const Kernels*, DType>> {
 protected:
  const DifferenceFormat format_ = *DifferenceFormatOf(std::get<1>(GetParam()));
  const DeltaKernels& kernels_ = std::get<0>(GetParam())->delta(format_);
  const DeltaKernels& scalar_ = AvailableKernels()[0]->delta(format_);
  Rng rng_{7};

  void CheckApply(uint32_t elements, std::span<const uint8_t> widths,
                  unsigned contexts, bool whole_symbols);
};

TEST_P(DeltaKernelsTest, Classify) {
  for (const uint32_t count : kCounts) {
    // All of the input may be read, and nothing else.
    GuardedBuffer base(size_t{count} * format_.bytes);
    for (int round = 0; round < 6; ++round) {
      for (uint8_t& byte : base.span()) byte = static_cast<uint8_t>(rng_());
      const auto origin = static_cast<uint8_t>(round == 0   ? 0
                                               : round == 1 ? 255
                                                            : rng_());
      const auto shift = static_cast<uint8_t>(round % 2 == 0 ? 0
                                              : round == 5   ? 255
                                                             : rng_() % 60);
      Table contexts;
      Table summary;
      for (unsigned k = 0; k < 64; ++k) {
        contexts.entries[k] = static_cast<uint8_t>(rng_() % 16);
        // Elements have no low bits that do not fit them.
        summary.entries[k] =
            static_cast<uint8_t>((rng_() % format_.bits()) | (rng_() & 0xC0));
      }
      const ContextTables tables = {contexts.entries.data(),
                                    summary.entries.data()};
      GuardedBuffer expected(count, kUntouched);
      GuardedBuffer actual(count, kUntouched);
      // Counts go on from what they were.
      ContextCounts expected_counts;
      expected_counts.bits.fill(5);
      ContextCounts actual_counts = expected_counts;
      scalar_.classify(format_, base.data(), count, origin, shift, tables,
                       expected.data(), &expected_counts);
      kernels_.classify(format_, base.data(), count, origin, shift, tables,
                        actual.data(), &actual_counts);
      ASSERT_TRUE(Same(actual.span(), expected.span()));
      ASSERT_TRUE(actual.Intact(0, kUntouched));
      ASSERT_EQ(actual_counts.bits, expected_counts.bits);
      for (unsigned bit = 0; bit < 8; ++bit) {
        ASSERT_EQ(expected_counts.bits[bit] - 5,
                  std::ranges::count_if(expected.span(), [&](uint8_t context) {
                    return (summary.entries[context] >> bit & 1) != 0;
                  }));
      }
    }
  }
}

// Every value of a base's upper 16 bits, or of all that it has.
TEST_P(DeltaKernelsTest, ClassifiesEveryBase) {
  const unsigned bits = std::min(format_.bits(), 16u);
  const uint32_t count = 1u << bits;
  std::vector<uint8_t> bases;
  for (uint64_t upper = 0; upper < count; ++upper) {
    const uint64_t base =
        upper << (format_.bits() - bits) |
        (rng_() & ((uint64_t{1} << (format_.bits() - bits)) - 1));
    for (unsigned byte = 0; byte < format_.bytes; ++byte) {
      bases.push_back(static_cast<uint8_t>(base >> (8 * byte)));
    }
  }
  std::vector<uint8_t> expected(count);
  std::vector<uint8_t> actual(count);
  Table classes;
  for (unsigned k = 0; k < 64; ++k)
    classes.entries[k] = static_cast<uint8_t>(k);
  const Table nothing;
  const ContextTables tables = {classes.entries.data(), nothing.entries.data()};
  ContextCounts counts;
  for (unsigned origin = 0; origin < 256; origin += 5) {
    for (const uint8_t shift : {0, 1, 9, 200}) {
      const auto o = static_cast<uint8_t>(origin);
      scalar_.classify(format_, bases.data(), count, o, shift, tables,
                       expected.data(), &counts);
      kernels_.classify(format_, bases.data(), count, o, shift, tables,
                        actual.data(), &counts);
      ASSERT_EQ(actual, expected) << origin << ", " << int{shift};
      ASSERT_LT(*std::ranges::max_element(expected), kDeltaClasses);
    }
  }
}

// Any symbols and low bits, of contexts with the low bits `widths`.
void DeltaKernelsTest::CheckApply(uint32_t elements,
                                  std::span<const uint8_t> widths,
                                  unsigned contexts, bool whole_symbols) {
  Table low_bits;
  for (uint8_t& width : low_bits.entries) width = 63;
  std::ranges::copy(widths, low_bits.entries.begin());
  Input context(elements, rng_);
  Input symbols(elements, rng_);
  std::array<uint32_t, kLowPlanes> counts{};
  for (uint32_t i = 0; i < elements; ++i) {
    context.data()[i] = static_cast<uint8_t>(rng_() % contexts);
    if (!whole_symbols) symbols.data()[i] &= 0x83;
    const unsigned width = low_bits.entries[context.data()[i]];
    for (unsigned plane = 0; plane < kLowPlanes; ++plane) {
      counts[plane] += width >> plane & 1;
    }
  }
  // Planes of exactly what is taken, bytes of 1, 2 or 4 bits for the first.
  constexpr std::array<size_t, kLowPlanes> kFieldBytes = {1, 1, 1, 1, 2, 4};
  std::deque<Input> lows;
  DeltaDecode in{.elements = elements,
                 .base = nullptr,
                 .contexts = context.data(),
                 .symbols = symbols.data(),
                 .low_bits = low_bits.entries.data(),
                 .lows = {},
                 .low_planes = 0,
                 .exceptions = nullptr,
                 .exception_count = 0};
  std::vector<uint8_t> exceptions;
  for (uint32_t i = 0; i < elements; ++i) {
    if (rng_() % 50 != 0) continue;
    exceptions.push_back(static_cast<uint8_t>(i));
    exceptions.push_back(static_cast<uint8_t>(i >> 8));
    for (unsigned byte = 0; byte < format_.bytes; ++byte) {
      exceptions.push_back(static_cast<uint8_t>(rng_()));
    }
    ++in.exception_count;
  }
  // All of the list may be read, and nothing else.
  GuardedBuffer list(exceptions.size());
  std::ranges::copy(exceptions, list.data());
  in.exceptions = list.data();
  for (unsigned plane = 0; plane < kLowPlanes; ++plane) {
    Input& fields = lows.emplace_back(counts[plane] * kFieldBytes[plane], rng_);
    if (counts[plane] != 0) {
      in.low_planes |= static_cast<uint8_t>(1u << plane);
    }
    if (plane < 3) {
      for (uint32_t i = 0; i < counts[plane]; ++i) {
        fields.data()[i] &= (1u << (1u << plane)) - 1;
      }
    }
    in.lows[plane] = fields.data();
  }
  const size_t bytes = size_t{elements} * format_.bytes;
  Input base(bytes, rng_);
  in.base = base.data();
  GuardedBuffer expected(bytes, kUntouched);
  scalar_.apply(in, expected.data(), false);
  GuardedBuffer plain(bytes, kUntouched);
  kernels_.apply(in, plain.data(), false);
  ASSERT_TRUE(Same(plain.span(), expected.span()));
  ASSERT_TRUE(plain.Intact(0, kUntouched));
  // Streaming stores need aligned memory.
  const size_t room = AlignUp(bytes, 64);
  GuardedBuffer streamed(room, kUntouched);
  {
    const StreamFence fence;
    kernels_.apply(in, streamed.data(), true);
  }
  ASSERT_TRUE(Same(streamed.first(bytes), expected.span()));
  ASSERT_TRUE(streamed.Intact(room - bytes, kUntouched));
}

TEST_P(DeltaKernelsTest, ApplyWithEveryNumberOfLowBits) {
  for (uint8_t width = 0; width < format_.bits(); ++width) {
    for (const uint32_t elements : {1u, 64u, 200u, 1001u}) {
      const uint8_t widths[] = {width};
      ASSERT_NO_FATAL_FAILURE(
          CheckApply(elements, widths, 1, elements % 2 == 0))
          << int{width} << " low bits, " << elements << " elements";
    }
  }
}

TEST_P(DeltaKernelsTest, ApplyWithMixedLowBits) {
  for (const uint32_t elements : kSizes) {
    for (int round = 0; round < 8; ++round) {
      std::vector<uint8_t> widths(1 + rng_() % 16);
      for (uint8_t& width : widths) {
        width = static_cast<uint8_t>(rng_() % format_.bits());
      }
      ASSERT_NO_FATAL_FAILURE(CheckApply(elements, widths,
                                         static_cast<unsigned>(widths.size()),
                                         round % 2 == 0))
          << elements << " elements";
    }
  }
}

// What an encoder splits comes together again.
TEST_P(DeltaKernelsTest, ApplyRestoresWhatWasSplit) {
  constexpr uint32_t kElements = 777;
  for (unsigned width = 0; width < format_.bits(); ++width) {
    Table low_bits;
    low_bits.entries.fill(static_cast<uint8_t>(width));
    Input contexts(kElements, rng_);
    std::memset(contexts.data(), 0, kElements);
    Input symbols(kElements, rng_);
    std::array<std::vector<uint8_t>, kLowPlanes> lows;
    Input base(size_t{kElements} * format_.bytes, rng_);
    std::vector<uint8_t> elements(size_t{kElements} * format_.bytes);
    WithElements(format_, [&]<typename Kind, typename Word>(Kind, Word) {
      constexpr auto kBelow = static_cast<Word>(~kTopBit<Word>);
      for (uint32_t i = 0; i < kElements; ++i) {
        Word z = static_cast<Word>(rng_());
        // As far as a symbol reaches.
        z &= static_cast<Word>((uint64_t{127} << width | kTopBit<Word>) |
                               ((uint64_t{1} << width) - 1));
        Word from;
        std::memcpy(&from, base.data() + i * sizeof(Word), sizeof(Word));
        const Word to = ApplyDifference<Kind::value>(from, z);
        std::memcpy(elements.data() + i * sizeof(Word), &to, sizeof(Word));
        const unsigned symbol = SymbolOfDifference<Word>(z, width);
        ASSERT_EQ(symbol == kNoSymbol, (z & kBelow) >> width > 127);
        symbols.data()[i] = static_cast<uint8_t>(symbol);
        uint64_t low = z & ((uint64_t{1} << width) - 1);
        for (unsigned plane = kLowPlanes; plane-- > 0;) {
          if ((width >> plane & 1) == 0) continue;
          const unsigned bits = 1u << plane;
          const uint64_t field = low & ((uint64_t{1} << bits) - 1);
          for (unsigned byte = 0; byte < std::max(bits / 8, 1u); ++byte) {
            lows[plane].push_back(static_cast<uint8_t>(field >> (8 * byte)));
          }
          low >>= bits;
        }
      }
    });
    DeltaDecode in{.elements = kElements,
                   .base = base.data(),
                   .contexts = contexts.data(),
                   .symbols = symbols.data(),
                   .low_bits = low_bits.entries.data(),
                   .lows = {},
                   .low_planes = static_cast<uint8_t>(width),
                   .exceptions = nullptr,
                   .exception_count = 0};
    for (unsigned plane = 0; plane < kLowPlanes; ++plane) {
      lows[plane].resize(lows[plane].size() + kKernelSlack);
      in.lows[plane] = lows[plane].data();
    }
    std::vector<uint8_t> out(elements.size());
    kernels_.apply(in, out.data(), false);
    ASSERT_EQ(out, elements) << width << " low bits";
  }
}

// A dtype of each kind and width, and those whose exponents lie elsewhere.
constexpr DType kDTypes[] = {
    DType::kBf16,   DType::kF16,    DType::kF32, DType::kF64, DType::kU8,
    DType::kF8E4m3, DType::kF8E5m2, DType::kI8,  DType::kI16, DType::kI32,
    DType::kI64,    DType::kU16,    DType::kU32, DType::kU64};
INSTANTIATE_TEST_SUITE_P(
    AllSets, DeltaKernelsTest,
    testing::Combine(testing::ValuesIn(AvailableKernels().begin(),
                                       AvailableKernels().end()),
                     testing::ValuesIn(kDTypes)),
    [](const auto& info) {
      return std::string(std::get<0>(info.param)->name) + "Number" +
             std::to_string(static_cast<int>(std::get<1>(info.param)));
    });

}  // namespace
}  // namespace ingot
