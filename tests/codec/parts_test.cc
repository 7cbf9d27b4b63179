// Tensors cut for shards: blocks of any size, and the index's section of parts.

#include <gtest/gtest.h>

#include <random>

#include "codec/container_reader.h"
#include "codec/sink.h"
#include "codec/stream_encoder.h"

namespace ingot {
namespace {

TensorParts SomeParts() {
  TensorParts parts{
      .name = "t",
      .base = {.digest = HashBytes(AsBytes("base")), .length = 25},
      .part_bytes = 10,
      .parts = {}};
  for (const char* text : {"a", "b", "c"}) {
    parts.parts.push_back({.base = HashBytes(AsBytes(text)),
                           .tensor = HashBytes(AsBytes("new"))});
  }
  return parts;
}

// A container with one tensor in blocks of so many elements.
std::vector<std::byte> Encode(DType dtype, uint64_t columns,
                              uint64_t block_elements, int level,
                              ByteSpan raw) {
  std::vector<std::byte> bytes;
  const std::unique_ptr<Sink> sink = MakeMemorySink(&bytes);
  Result<std::unique_ptr<StreamEncoder>> encoder =
      StreamEncoder::Create(sink.get(), {.level = level});
  EXPECT_TRUE(encoder.ok());
  EXPECT_TRUE((*encoder)->BeginFile({}).ok());
  EXPECT_TRUE((*encoder)
                  ->BeginRegion({.view = std::nullopt,
                                 .element_dtype = dtype,
                                 .columns = columns,
                                 .block_elements = block_elements})
                  .ok());
  EXPECT_TRUE((*encoder)->Write(raw).ok());
  EXPECT_TRUE((*encoder)->EndRegion().ok());
  EXPECT_TRUE((*encoder)->EndFile().ok());
  EXPECT_TRUE((*encoder)->AddParts(SomeParts()).ok());
  EXPECT_TRUE((*encoder)->Finish().ok());
  return bytes;
}

TEST(PartsTest, BlocksOfAnySizeRestore) {
  std::mt19937_64 random(1);
  for (const DType dtype :
       {DType::kBf16, DType::kF32, DType::kF8E4m3, DType::kI32, DType::kF64}) {
    const uint64_t element_bytes = GetDTypeInfo(dtype).bits / 8;
    std::vector<std::byte> raw(70'000 * element_bytes);
    for (std::byte& byte : raw) {
      byte = static_cast<std::byte>(random() % 60);
    }
    for (const int level : {1, 3, 5, 6, 9}) {
      // Whole rows; parts of rows; more than a row but not whole ones.
      for (const auto& [columns, block] :
           {std::pair<uint64_t, uint64_t>{100, 4300},
            {70'000, 1234},
            {100, 777},
            {3, 1},
            {100, 70'000}}) {
        if (block == 1 && level != 3) continue;
        const std::vector<std::byte> bytes =
            Encode(dtype, columns, block, level, raw);
        const Result<std::unique_ptr<ContainerReader>> reader =
            ContainerReader::Open(MakeMemorySource(bytes),
                                  {.verify_digests = true});
        ASSERT_TRUE(reader.ok()) << reader.error().message;
        std::vector<std::byte> restored;
        const Status status =
            (*reader)->ReadFile(0, 0, raw.size(), [&](ByteSpan piece) {
              restored.insert(restored.end(), piece.begin(), piece.end());
              return Status();
            });
        ASSERT_TRUE(status.ok()) << status.error().message;
        EXPECT_TRUE(restored == raw);
        EXPECT_GE((*reader)->Statistics(0)->blocks, 70'000 / block);
      }
    }
  }
}

TEST(PartsTest, TheIndexKeepsThem) {
  const std::vector<std::byte> raw(9000);
  const std::vector<std::byte> bytes = Encode(DType::kBf16, 10, 100, 3, raw);
  const Result<std::unique_ptr<ContainerReader>> reader =
      ContainerReader::Open(MakeMemorySource(bytes), {});
  ASSERT_TRUE(reader.ok());
  ASSERT_EQ((*reader)->parts().size(), 1U);
  EXPECT_EQ((*reader)->parts()[0], SomeParts());
  uint64_t incomplete = 0;
  EXPECT_TRUE((*reader)->Verify(&incomplete).ok());
}

TEST(PartsTest, WhatMakesNoSenseIsRefused) {
  std::vector<std::byte> bytes;
  const std::unique_ptr<Sink> sink = MakeMemorySink(&bytes);
  const Result<std::unique_ptr<StreamEncoder>> encoder =
      StreamEncoder::Create(sink.get(), {});
  ASSERT_TRUE(encoder.ok());
  TensorParts parts = SomeParts();
  parts.part_bytes = 0;
  EXPECT_FALSE((*encoder)->AddParts(parts).ok());
  parts = SomeParts();
  parts.parts.pop_back();
  EXPECT_FALSE((*encoder)->AddParts(parts).ok());
  ASSERT_TRUE((*encoder)->BeginFile({}).ok());
  const uint64_t most = BlockElements(DType::kBf16, 100);
  RegionInfo region{.view = std::nullopt,
                    .element_dtype = DType::kBf16,
                    .columns = 100,
                    .block_elements = most + 1};
  EXPECT_EQ((*encoder)->BeginRegion(region).error().kind,
            ErrorKind::kInvalidArgument);
  region.block_elements = most;
  EXPECT_TRUE((*encoder)->BeginRegion(region).ok());
}

}  // namespace
}  // namespace ingot
