#include "codec/base/aligned_buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <utility>

namespace ingot {
namespace {

uintptr_t Address(const AlignedBuffer& buffer) {
  return reinterpret_cast<uintptr_t>(buffer.data());
}

TEST(AlignedBufferTest, EveryByteIsUsableAndAligned) {
  constexpr size_t kBig = AlignedBuffer::kMappedSize;
  for (const size_t size : {size_t{1}, size_t{63}, size_t{64}, size_t{65},
                            kBig - 1, kBig, kBig + 1, 3 * kBig + 12345}) {
    AlignedBuffer buffer;
    ASSERT_TRUE(buffer.Resize(size).ok());
    EXPECT_EQ(buffer.size(), size);
    EXPECT_GE(buffer.capacity(), size);
    EXPECT_EQ(buffer.span().size(), size);
    const size_t alignment =
        size >= kBig ? size_t{2} << 20 : AlignedBuffer::kAlignment;
    EXPECT_EQ(Address(buffer) % alignment, 0u) << size;
    std::memset(buffer.data(), 0xa5, buffer.capacity());
    EXPECT_EQ(buffer.span().back(), std::byte{0xa5});
  }
}

TEST(AlignedBufferTest, ShrinkingKeepsMemoryAndContents) {
  AlignedBuffer buffer;
  ASSERT_TRUE(buffer.Resize(1000).ok());
  std::memset(buffer.data(), 7, 1000);
  const std::byte* const data = buffer.data();
  ASSERT_TRUE(buffer.Resize(10).ok());
  EXPECT_EQ(buffer.size(), 10u);
  ASSERT_TRUE(buffer.Resize(1000).ok());
  EXPECT_EQ(buffer.data(), data);
  EXPECT_EQ(buffer.data()[999], std::byte{7});
}

TEST(AlignedBufferTest, GrowsAcrossTheMappingLimit) {
  AlignedBuffer buffer;
  for (size_t size = 1; size < (size_t{64} << 20); size *= 3) {
    ASSERT_TRUE(buffer.Resize(size).ok());
    buffer.data()[size - 1] = std::byte{1};
  }
  EXPECT_GE(buffer.capacity(), AlignedBuffer::kMappedSize);
}

TEST(AlignedBufferTest, ImpossibleSizesAreErrorsThatChangeNothing) {
  AlignedBuffer buffer;
  ASSERT_TRUE(buffer.Resize(100).ok());
  const std::byte* const data = buffer.data();
  for (const size_t size :
       {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, size_t{1} << 62}) {
    const Status status = buffer.Resize(size);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().kind, ErrorKind::kResourceExhausted);
    EXPECT_NE(status.error().message.find(std::to_string(size)),
              std::string::npos);
  }
  EXPECT_EQ(buffer.data(), data);
  EXPECT_EQ(buffer.size(), 100u);
}

TEST(AlignedBufferTest, Moves) {
  for (const size_t size : {size_t{100}, AlignedBuffer::kMappedSize}) {
    AlignedBuffer a;
    ASSERT_TRUE(a.Resize(size).ok());
    a.data()[size - 1] = std::byte{9};
    AlignedBuffer b = std::move(a);
    EXPECT_EQ(b.data()[size - 1], std::byte{9});
    AlignedBuffer c;
    ASSERT_TRUE(c.Resize(AlignedBuffer::kMappedSize * 2).ok());
    c = std::move(b);
    EXPECT_EQ(c.size(), size);
    EXPECT_EQ(c.data()[size - 1], std::byte{9});
    EXPECT_EQ(b.size(), 0u);  // NOLINT: moved-from buffers are empty
    EXPECT_EQ(b.data(), nullptr);
  }
}

}  // namespace
}  // namespace ingot
