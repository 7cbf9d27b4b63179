#include "formats/find_floats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "codec/float_guess.h"
#include "codec/source.h"
#include "tests/codec/patterns.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

Bytes Noise(size_t size) {
  Random random(size);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.Next());
  return bytes;
}

Bytes Text(size_t size) {
  const std::string_view words = "{\"layer\": 17, \"name\": \"conv2d_kernel\"}, ";
  Random random(size);
  Bytes bytes;
  while (bytes.size() < size) {
    for (const char c : words.substr(random.Below(20))) {
      bytes.push_back(static_cast<std::byte>(c));
    }
  }
  bytes.resize(size);
  return bytes;
}

Bytes Weights(DType dtype, size_t elements) {
  return MakeTensor(GetPattern("PlainWeights"), dtype, elements, elements);
}

Layout Find(const Bytes& bytes) {
  const auto source = MakeMemorySource(bytes);
  Result<Layout> opaque = OpaqueLayout(bytes.size());
  EXPECT_TRUE(opaque.ok());
  Result<Layout> found = FindFloats(*source, std::move(*opaque));
  EXPECT_TRUE(found.ok());
  return std::move(*found);
}

// fp32 of a uniform distribution, as layers are initialised.
Bytes UniformWeights(size_t elements) {
  Random random(elements);
  Bytes bytes;
  for (size_t i = 0; i < elements; ++i) {
    const float value =
        (static_cast<float>(random.Below(1u << 24)) / (1u << 23) - 1) * 0.05f;
    const ByteSpan element = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), element.begin(), element.end());
  }
  return bytes;
}

TEST(FindFloatsTest, PairsOfFp32AreNoFp64) {
  const Bytes weights = UniformWeights(100'000);
  for (size_t at = 0; at + 4096 <= weights.size(); at += 4096) {
    const auto guess = GuessFloats(ByteSpan(weights).subspan(at, 4096), at);
    ASSERT_TRUE(guess) << at;
    EXPECT_EQ(guess->dtype, DType::kF32) << at;
  }
}

TEST(FindFloatsTest, FindsEveryDTypeAtEveryAlignment) {
  for (const DType dtype :
       {DType::kF32, DType::kBf16, DType::kF16, DType::kF64}) {
    const Bytes weights = Weights(dtype, 100'000);
    const uint64_t element = *DTypeByteSize(dtype, 1);
    for (uint64_t shift = 0; shift < element; ++shift) {
      Bytes bytes = Text(10'000 - 10'000 % element + shift);
      const uint64_t begin = bytes.size();
      bytes.insert(bytes.end(), weights.begin(), weights.end());
      const Bytes tail = Noise(9'000);
      bytes.insert(bytes.end(), tail.begin(), tail.end());
      const Layout layout = Find(bytes);
      uint64_t found = 0;
      for (const Region& region : layout.regions()) {
        if (region.IsLiteral()) continue;
        EXPECT_EQ(region.element_dtype, dtype);
        EXPECT_EQ(region.offset % element, begin % element);
        found += region.length;
      }
      EXPECT_GT(found, weights.size() * 9 / 10)
          << GetDTypeInfo(dtype).name << " at " << shift;
    }
  }
}

TEST(FindFloatsTest, LeavesOtherBytesAlone) {
  for (const Bytes& bytes :
       {Bytes{}, Bytes(100'000), Noise(100'000), Text(100'000)}) {
    const Layout layout = Find(bytes);
    EXPECT_TRUE(std::ranges::all_of(
        layout.regions(),
        [](const Region& region) { return region.IsLiteral(); }));
  }
}

TEST(FindFloatsTest, GuessesFromAnyNumberOfBytes) {
  const Bytes weights = Weights(DType::kF32, 2'000);
  for (size_t size = 0; size < weights.size(); size += 37) {
    const auto guess = GuessFloats(ByteSpan(weights).first(size), 3);
    if (size < 1024) {
      EXPECT_EQ(guess, std::nullopt);
    }
    if (size > 4096) {
      EXPECT_EQ(guess, (FloatGuess{DType::kF32, 3}));
    }
  }
}

}  // namespace
}  // namespace ingot
