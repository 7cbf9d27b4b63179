// Files with checksums: every range of every size, and every flipped bit.

#include "daemon/store/block_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/sanitized.h"

namespace ingot::store {
namespace {

class Bytes final : public Source {
 public:
  explicit Bytes(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  const std::string& name() const override { return name_; }
  uint64_t size() const override { return bytes_.size(); }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    if (offset > size() || out.size() > size() - offset) {
      return Corruption("beyond the end");
    }
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(offset), out.size(),
                out.begin());
    return {};
  }

 private:
  const std::vector<std::byte> bytes_;
  const std::string name_ = "bytes";
};

std::vector<std::byte> RandomBytes(uint64_t length, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> bytes(length);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// As it is written, in pieces of random sizes.
std::vector<std::byte> Written(const std::vector<std::byte>& bytes,
                               uint64_t seed) {
  std::mt19937_64 random(seed);
  BlockSums sums;
  ByteSpan rest = bytes;
  while (!rest.empty()) {
    const size_t most = random() % 3 == 0 ? 300'000 : 50'000;
    const size_t piece = std::min<size_t>(rest.size(), random() % most);
    sums.Update(rest.first(piece));
    rest = rest.subspan(piece);
  }
  std::vector<std::byte> written = bytes;
  const std::vector<std::byte>& behind = sums.Finish();
  written.insert(written.end(), behind.begin(), behind.end());
  return written;
}

TEST(BlockChecksTest, EveryRangeComesBack) {
  for (const uint64_t length :
       {uint64_t{0}, uint64_t{1}, kCheckedBlock - 1, kCheckedBlock,
        kCheckedBlock + 1, 3 * kCheckedBlock, 5 * kCheckedBlock + 77}) {
    SCOPED_TRACE(length);
    const std::vector<std::byte> bytes = RandomBytes(length, length);
    const std::vector<std::byte> written = Written(bytes, length);
    ASSERT_EQ(written.size(), CheckedLength(length));
    EXPECT_EQ(written, Written(bytes, length + 1)) << "whatever the pieces";
    const auto file = OpenChecked(std::make_unique<Bytes>(written), length);
    ASSERT_EQ(file->size(), length);
    std::mt19937_64 random(length);
    for (size_t i = 0; i < Tries(300); ++i) {
      // Also such as begin or end where a block does.
      uint64_t begin = random() % (length + 1);
      uint64_t end = begin + random() % (length - begin + 1);
      if (i % 3 == 0) begin -= begin % kCheckedBlock;
      if (i % 4 == 0) end = length;
      std::vector<std::byte> read(end - begin);
      const Status status = file->ReadAt(begin, read);
      ASSERT_TRUE(status.ok()) << status.error().message;
      ASSERT_TRUE(std::ranges::equal(
          read, ByteSpan(bytes).subspan(begin, read.size())));
    }
    std::vector<std::byte> beyond(1);
    EXPECT_EQ(file->ReadAt(length, beyond).error().kind,
              ErrorKind::kCorruption);
    EXPECT_FALSE(file->ReadAt(UINT64_MAX, beyond).ok());
  }
}

// Wherever it is, nobody gets wrong bytes, and its block is not read at all.
TEST(BlockChecksTest, FlippedBitsAreFound) {
  const uint64_t length = 2 * kCheckedBlock + 1000;
  const std::vector<std::byte> bytes = RandomBytes(length, 1);
  std::mt19937_64 random(2);
  for (size_t i = 0; i < Tries(400); ++i) {
    std::vector<std::byte> written = Written(bytes, 3);
    // Of the checksums, too.
    const uint64_t at = i % 4 == 0 ? length + random() % 24 : random() % length;
    written[at] ^= std::byte{1} << (random() % 8);
    const uint64_t block =
        (at < length ? at / kCheckedBlock : (at - length) / 8) * kCheckedBlock;
    const auto file = OpenChecked(std::make_unique<Bytes>(written), length);
    for (uint64_t begin = 0; begin < length; begin += kCheckedBlock) {
      std::vector<std::byte> read(
          std::min<uint64_t>(kCheckedBlock, length - begin) / 2);
      const Status status = file->ReadAt(begin + read.size() / 2, read);
      ASSERT_EQ(status.ok(), begin != block) << at;
      if (status.ok()) continue;
      EXPECT_EQ(status.error().kind, ErrorKind::kCorruption);
      EXPECT_NE(status.error().message.find(std::to_string(block)),
                std::string::npos);
    }
    std::vector<std::byte> all(length);
    EXPECT_FALSE(file->ReadAt(0, all).ok());
  }
}

}  // namespace
}  // namespace ingot::store
