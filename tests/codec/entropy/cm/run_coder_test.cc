#include "codec/entropy/cm/run_coder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "codec/entropy/range_coder.h"
#include "tests/codec/patterns.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

struct Symbols {
  std::vector<uint8_t> classes;
  std::vector<uint8_t> slots;
  std::vector<uint8_t> tops;
  std::vector<uint16_t> escapes;
};

// Slots around 15 with a tail, or of all values alike.
Symbols MakeSymbols(const SymbolShape& shape, size_t count, bool even,
                    uint64_t seed) {
  Random random(seed);
  Symbols symbols;
  for (size_t i = 0; i < count; ++i) {
    symbols.classes.push_back(static_cast<uint8_t>(random.Below(16)));
    const int halvings = std::countr_zero(random.Next() | 1u << 15);
    const uint64_t slot =
        even ? random.Below(kSlots) : static_cast<uint64_t>(13 + halvings);
    symbols.slots.push_back(static_cast<uint8_t>(slot));
    symbols.tops.push_back(
        static_cast<uint8_t>(random.Below(1u << shape.top_bits)));
    if (slot == kEscapeSlot) {
      symbols.escapes.push_back(
          static_cast<uint16_t>(random.Below(1u << shape.escape_bits)));
    }
  }
  return symbols;
}

SymbolModel FreshModel() {
  SymbolModel model;
  for (ClassModel& classes : model.classes) {
    classes.window.fill(kEvenBit);
    classes.other.fill(kEvenBit);
    for (auto& top : classes.top) top.fill(kEvenBit);
  }
  return model;
}

EncodedRun Encode(const SymbolShape& shape, unsigned lanes,
                  const Symbols& symbols) {
  EncodedRun run;
  SymbolModel model = FreshModel();
  EXPECT_TRUE(EncodeRun(shape, lanes,
                        {.classes = symbols.classes,
                         .slots = symbols.slots.data(),
                         .tops = symbols.tops.data(),
                         .escapes = symbols.escapes.data()},
                        &model, &run));
  return run;
}

// Decodes from a buffer with exactly the slack that is promised.
bool Decode(const SymbolShape& shape, unsigned lanes, const EncodedRun& run,
            const std::vector<uint8_t>& classes, Symbols* symbols) {
  std::vector<uint8_t> streams(run.streams.size() + kRunSlack, 0xA5);
  std::ranges::copy(std::span(AsU8(run.streams.data()), run.streams.size()),
                    streams.begin());
  symbols->classes = classes;
  symbols->slots.assign(classes.size(), 0);
  symbols->tops.assign(classes.size(), 0);
  symbols->escapes.clear();
  SymbolModel model = FreshModel();
  return DecodeRun(shape, lanes, classes, streams.data(), run.lane_bytes,
                   &model,
                   {.slots = symbols->slots.data(),
                    .tops = symbols->tops.data(),
                    .escapes = &symbols->escapes});
}

TEST(RunCoderTest, RestoresAnySymbols) {
  for (const unsigned lanes : {1u, kMaxLanes}) {
    for (uint8_t top_bits = 0; top_bits <= kMaxModelledTopBits; ++top_bits) {
      for (const size_t count : {1, 2, 3, 4, 5, 63, 1000, 20'001}) {
        for (const bool even : {false, true}) {
          const SymbolShape shape{
              .window = static_cast<uint8_t>(even ? kMaxWindow : 12),
              .top_bits = top_bits,
              .escape_bits = 11};
          const Symbols symbols = MakeSymbols(shape, count, even, count);
          const EncodedRun run = Encode(shape, lanes, symbols);
          Symbols decoded;
          ASSERT_TRUE(Decode(shape, lanes, run, symbols.classes, &decoded))
              << count;
          EXPECT_EQ(decoded.slots, symbols.slots);
          EXPECT_EQ(decoded.tops, symbols.tops);
          EXPECT_EQ(decoded.escapes, symbols.escapes);
        }
      }
    }
  }
}

// Slots of probability 1/2, 1/4, ... take 2 bits, tops 3; learning costs some.
TEST(RunCoderTest, ComesCloseToTheEntropy) {
  const SymbolShape shape{.window = 13, .top_bits = 3, .escape_bits = 8};
  const Symbols symbols = MakeSymbols(shape, kMaxRunElements, false, 5);
  const EncodedRun run = Encode(shape, kMaxLanes, symbols);
  const double bits =
      static_cast<double>(run.streams.size()) * 8 / kMaxRunElements;
  EXPECT_LT(bits, 5.15);
  EXPECT_GT(bits, 4.95);
}

// A walk of improbable decisions makes ranges end in carries.
TEST(RunCoderTest, CarriesRunThroughWords) {
  for (uint64_t seed = 0; seed < Tries(200); ++seed) {
    Random random(seed);
    std::vector<uint8_t> out(8192);
    std::vector<std::pair<uint32_t, uint32_t>> decisions;
    RangeEncoder encoder(out.data());
    for (int i = 0; i < 1000; ++i) {
      // Zeros of probability near 1 keep the range's upper end.
      const auto probability =
          static_cast<uint32_t>(random.Below(4) == 0 ? 65504 : 32);
      const auto bit = static_cast<uint32_t>(random.Below(16) == 0);
      decisions.emplace_back(bit, probability);
      encoder.Encode(bit, probability);
    }
    encoder.Finish();
    const uint8_t* const end = out.data() + encoder.bytes();
    // What follows must not matter.
    for (size_t i = encoder.bytes(); i < out.size(); ++i) {
      out[i] = static_cast<uint8_t>(seed % 2 == 0 ? 0xFF : 0);
    }
    RangeDecoder decoder(out.data());
    for (const auto& [bit, probability] : decisions) {
      ASSERT_EQ(decoder.Decode(probability), bit) << seed;
    }
    EXPECT_TRUE(decoder.FinishedAt(end)) << seed;
  }
}

TEST(RunCoderTest, GivesUpWhatGrows) {
  const SymbolShape shape{.window = 0, .top_bits = 0, .escape_bits = 16};
  Symbols symbols;
  symbols.classes.assign(64, 0);
  symbols.slots.assign(64, kEscapeSlot);
  symbols.tops.assign(64, 0);
  symbols.escapes.assign(64, 0x1234);
  EncodedRun run;
  // A model that holds escapes for all but impossible, and does not learn.
  SymbolModel model;
  for (ClassModel& classes : model.classes) {
    classes.window.fill(MakeAdaptiveBit(kMinProbability, kMaxCount));
    classes.other.fill(MakeAdaptiveBit(kMinProbability, kMaxCount));
  }
  EXPECT_FALSE(EncodeRun(shape, 1,
                         {.classes = symbols.classes,
                          .slots = symbols.slots.data(),
                          .tops = symbols.tops.data(),
                          .escapes = symbols.escapes.data()},
                         &model, &run));
}

TEST(RunCoderTest, RefusesStreamsThatEndElsewhere) {
  const SymbolShape shape{.window = 12, .top_bits = 3, .escape_bits = 8};
  for (const unsigned lanes : {1u, kMaxLanes}) {
    const Symbols symbols = MakeSymbols(shape, 3000, true, 9);
    const EncodedRun run = Encode(shape, lanes, symbols);
    Symbols decoded;
    for (unsigned lane = 0; lane < lanes; ++lane) {
      EncodedRun longer = run;
      longer.lane_bytes[lane] += 4 * kRangeWordBytes;
      longer.streams.resize(longer.streams.size() + 4 * kRangeWordBytes);
      EXPECT_FALSE(Decode(shape, lanes, longer, symbols.classes, &decoded));
      EncodedRun shorter = run;
      shorter.lane_bytes[lane] = kRangeWordBytes;
      EXPECT_FALSE(Decode(shape, lanes, shorter, symbols.classes, &decoded));
    }
  }
}

// Any bytes decode to something or are refused; sanitizers watch.
TEST(RunCoderTest, AnyBytesAreSafe) {
  for (uint64_t seed = 0; seed < Tries(300); ++seed) {
    Random random(seed);
    const unsigned lanes = seed % 2 == 0 ? 1 : kMaxLanes;
    EncodedRun run;
    size_t total = 0;
    for (unsigned lane = 0; lane < lanes; ++lane) {
      run.lane_bytes[lane] =
          static_cast<uint32_t>(kRangeWordBytes * (1 + random.Below(200)));
      total += run.lane_bytes[lane];
    }
    for (size_t i = 0; i < total; ++i) {
      run.streams.push_back(static_cast<std::byte>(seed % 3 == 0 ? random.Next()
                                                   : seed % 3 == 1 ? 0xFF
                                                                   : 0));
    }
    const SymbolShape shape{
        .window = static_cast<uint8_t>(random.Below(kMaxWindow + 1)),
        .top_bits = static_cast<uint8_t>(random.Below(4)),
        .escape_bits = 16};
    std::vector<uint8_t> classes(1 + random.Below(5000));
    for (uint8_t& c : classes) c = static_cast<uint8_t>(random.Below(16));
    Symbols decoded;
    (void)Decode(shape, lanes, run, classes, &decoded);
    EXPECT_LE(decoded.escapes.size(), classes.size());
  }
}

}  // namespace
}  // namespace ingot
