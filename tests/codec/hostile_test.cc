// Damaged containers: truncated, flipped, appended to, reordered. Every reader
// must refuse them or restore the very same bytes, and Verify must find every
// damage.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "codec/method/block.h"
#include "codec/method/group_side.h"
#include "tests/codec/restore.h"
#include "tests/codec/sample_containers.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

constexpr size_t kAll = SIZE_MAX;

// Larger containers get a sample of the damages.
constexpr size_t kSmallContainer = 3000;

class HostileTest : public testing::TestWithParam<std::string> {
 protected:
  const SampleContainer& sample() const { return GetSample(GetParam()); }

  // Every position (under sanitizers, some) of a small container, else some
  // of each part.
  std::vector<size_t> Positions() const {
    std::vector<size_t> positions;
    const size_t size = sample().bytes.size();
    Random random(size);
    for (size_t i = 0; i < size;) {
      positions.push_back(i);
      const bool edge = i < 600 || i + 600 > size;
      i += size < kSmallContainer || edge ? kStride
                                          : 1 + random.Below(size / 300);
    }
    return positions;
  }

  // Records in another order may restore other bytes before the first digest
  // tells; then `prefix` is false.
  void ExpectRefusedOrSame(ByteSpan damaged, const DecodeOptions& options,
                           bool prefix = true) {
    const Restored read = RestoreWithReader(damaged, options);
    if (read.ok()) {
      EXPECT_EQ(read.files, sample().files);
    } else {
      EXPECT_TRUE(IsRefusalOrMissing(read)) << read.message();
      EXPECT_TRUE(!prefix || IsPrefixOf(read.files, sample().files));
    }
    const Restored streamed = RestoreWithStream(damaged, kAll, options);
    if (streamed.ok()) {
      EXPECT_EQ(streamed.files, sample().files);
    } else {
      EXPECT_TRUE(IsRefusalOrMissing(streamed)) << streamed.message();
      EXPECT_TRUE(!prefix || IsPrefixOf(streamed.files, sample().files));
    }
  }

  // Nobody has the object outside.
  bool IsRefusalOrMissing(const Restored& read) const {
    return IsRefusal(read.status) ||
           (sample().has_outside && read.kind() == ErrorKind::kNotFound);
  }
};

// The order of records that no record names: digests know it.
constexpr DecodeOptions kWithDigests{.threads = 1, .verify_digests = true};

// Damage to a sample reaches what its name says only if it is there.
TEST(SampleContainersTest, AreWhatTheirNamesSay) {
  const auto header = [](const std::string& name, DType dtype) {
    ContainerParts parts = TakeApart(GetSample(name).bytes);
    ByteReader reader(parts.Find(RecordType::kBlock).body);
    return *ParseBlockHeader(&reader, dtype);
  };
  const auto side = [](const std::string& name) {
    ContainerParts parts = TakeApart(GetSample(name).bytes);
    ByteReader reader(parts.Find(RecordType::kGroup).body);
    return *ParseGroupSide(&reader, parts.index.objects[0].geometry, 0);
  };
  EXPECT_EQ(header("constant", DType::kF32).method, Method::kConstant);
  EXPECT_EQ(header("zstd", DType::kBytes).planes[0].coder, Coder::kZstd);
  EXPECT_EQ(header("split", DType::kI32).method, Method::kSplit);
  EXPECT_EQ(header("groups", DType::kBf16).planes[0].coder, Coder::kTiered);
  EXPECT_GE(header("aligned", DType::kBf16).payload_length, kAlignedPayload);
  EXPECT_FALSE(side("scales").rows.empty());
  EXPECT_FALSE(side("scales").columns.empty());
  EXPECT_GE(side("flat").code.tier_count, 3);
  EXPECT_EQ(header("adaptive", DType::kI8).planes[0].coder, Coder::kCmBytes);
  EXPECT_EQ(header("modelled", DType::kBf16).planes[0].coder, Coder::kCm);
  const BlockHeader exceptions = header("exceptions", DType::kF64);
  EXPECT_EQ(exceptions.planes[0].coder, Coder::kTiered);
  EXPECT_GE(exceptions.planes[0].table.min_segment_bytes +
                exceptions.planes[0].table.segment_bits,
            kExceptionBytes);
  const BlockHeader huffman = header("huffman", DType::kBf16);
  EXPECT_EQ(huffman.planes[0].coder, Coder::kHuffman);
  EXPECT_GT(huffman.planes[0].streams.exception_bits, 0);
  EXPECT_GT(side("huffman").joined->code.top_bits, 0);
  const BlockHeader rans = header("rans", DType::kBf16);
  EXPECT_EQ(rans.planes[0].coder, Coder::kRans);
  EXPECT_GT(rans.planes[0].streams.exception_bits, 0);
  EXPECT_TRUE(GetSample("references").has_references);
}

TEST_P(HostileTest, Undamaged) {
  const Status verified = VerifyContainer(sample().bytes);
  EXPECT_TRUE(verified.ok()) << verified.error().message;
  const Restored read = RestoreWithReader(sample().bytes, kWithDigests);
  if (sample().has_outside) {
    EXPECT_EQ(read.kind(), ErrorKind::kNotFound);
  } else {
    EXPECT_TRUE(read.ok()) << read.message();
    EXPECT_EQ(read.files, sample().files);
  }
  for (const size_t chunk : {size_t{1}, size_t{7}, size_t{4096}, kAll}) {
    const Restored streamed =
        RestoreWithStream(sample().bytes, chunk, kWithDigests);
    if (sample().has_references) {
      EXPECT_EQ(streamed.kind(), sample().has_outside
                                     ? ErrorKind::kNotFound
                                     : ErrorKind::kUnsupported);
    } else {
      EXPECT_TRUE(streamed.ok()) << streamed.message();
      EXPECT_EQ(streamed.files, sample().files);
    }
  }
}

TEST_P(HostileTest, TruncatedAnywhere) {
  for (const size_t length : Positions()) {
    SCOPED_TRACE("cut to " + std::to_string(length));
    // A copy without slack: reading on is reading outside it.
    const Bytes cut(sample().bytes.begin(),
                    sample().bytes.begin() + static_cast<ptrdiff_t>(length));
    const Restored read = RestoreWithReader(cut, {});
    EXPECT_FALSE(read.ok());
    EXPECT_EQ(read.kind(), ErrorKind::kCorruption) << read.message();
    EXPECT_EQ(VerifyContainer(cut).error().kind, ErrorKind::kCorruption);
    const Restored streamed = RestoreWithStream(cut, kAll, {});
    ASSERT_FALSE(streamed.ok());
    EXPECT_TRUE(IsRefusalOrMissing(streamed)) << streamed.message();
    EXPECT_TRUE(IsPrefixOf(streamed.files, sample().files));
  }
}

TEST_P(HostileTest, AnyBitFlipped) {
  Bytes damaged = sample().bytes;
  for (const size_t at : Positions()) {
    for (int bit = 0; bit < 8; ++bit) {
      // Containers of some kilobytes: one bit of each byte.
      if (damaged.size() >= kSmallContainer &&
          bit != static_cast<int>(at % 8)) {
        continue;
      }
      SCOPED_TRACE("bit " + std::to_string(bit) + " of byte " +
                   std::to_string(at));
      damaged[at] ^= static_cast<std::byte>(1 << bit);
      const Status verified = VerifyContainer(damaged);
      EXPECT_TRUE(IsRefusal(verified))
          << (verified.ok() ? "not found" : verified.error().message);
      ExpectRefusedOrSame(damaged, {});
      damaged[at] ^= static_cast<std::byte>(1 << bit);
    }
  }
}

TEST_P(HostileTest, AppendedTo) {
  for (const size_t size : {1, 4, 32, 100}) {
    Bytes longer = sample().bytes;
    longer.resize(longer.size() + size);
    EXPECT_TRUE(IsRefusal(VerifyContainer(longer)));
    EXPECT_TRUE(IsRefusal(RestoreWithReader(longer, {}).status));
    EXPECT_TRUE(IsRefusalOrMissing(RestoreWithStream(longer, kAll, {})));
  }
  // A second container is not a continuation of the first.
  Bytes twice = sample().bytes;
  twice.insert(twice.end(), sample().bytes.begin(), sample().bytes.end());
  EXPECT_TRUE(IsRefusal(VerifyContainer(twice)));
  EXPECT_TRUE(IsRefusal(RestoreWithReader(twice, {}).status));
  EXPECT_TRUE(IsRefusalOrMissing(RestoreWithStream(twice, kAll, {})));
}

TEST_P(HostileTest, RecordsSwapped) {
  const Bytes& bytes = sample().bytes;
  const std::vector<uint64_t> positions = RecordPositions(bytes);
  const auto at = [&](size_t k) {
    return bytes.begin() + static_cast<ptrdiff_t>(positions[k]);
  };
  for (size_t k = 0; k + 2 < positions.size(); ++k) {
    SCOPED_TRACE("records " + std::to_string(k) + " and the next");
    Bytes swapped(bytes.begin(), at(k));
    swapped.insert(swapped.end(), at(k + 1), at(k + 2));
    swapped.insert(swapped.end(), at(k), at(k + 1));
    swapped.insert(swapped.end(), at(k + 2), bytes.end());
    if (swapped == bytes) continue;
    EXPECT_TRUE(IsRefusal(VerifyContainer(swapped)));
    ExpectRefusedOrSame(swapped, kWithDigests, /*prefix=*/false);
  }
}

TEST_P(HostileTest, RecordsMissingOrRepeated) {
  const Bytes& bytes = sample().bytes;
  const std::vector<uint64_t> positions = RecordPositions(bytes);
  const auto at = [&](size_t k) {
    return bytes.begin() + static_cast<ptrdiff_t>(positions[k]);
  };
  for (size_t k = 0; k + 1 < positions.size(); ++k) {
    SCOPED_TRACE("record " + std::to_string(k));
    Bytes without(bytes.begin(), at(k));
    without.insert(without.end(), at(k + 1), bytes.end());
    EXPECT_TRUE(IsRefusal(VerifyContainer(without)));
    ExpectRefusedOrSame(without, kWithDigests, /*prefix=*/false);
    Bytes repeated(bytes.begin(), at(k + 1));
    repeated.insert(repeated.end(), at(k), bytes.end());
    EXPECT_TRUE(IsRefusal(VerifyContainer(repeated)));
    ExpectRefusedOrSame(repeated, kWithDigests, /*prefix=*/false);
  }
}

std::vector<std::string> SampleNames() {
  std::vector<std::string> names;
  for (const SampleContainer& sample : SampleContainers()) {
    names.push_back(sample.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Samples, HostileTest, testing::ValuesIn(SampleNames()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace ingot
