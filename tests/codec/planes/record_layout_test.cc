#include "codec/planes/record_layout.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/codec/patterns.h"

namespace ingot {
namespace {

std::vector<DType> PackedDTypes() {
  std::vector<DType> dtypes;
  for (const DTypeInfo& info : AllDTypes()) {
    if (info.block_elements > 1) dtypes.push_back(info.dtype);
  }
  return dtypes;
}

TEST(RecordLayoutTest, PackedDTypesHaveOne) {
  EXPECT_EQ(PackedDTypes().size(), 10u);
  for (const DTypeInfo& info : AllDTypes()) {
    const RecordLayout* const layout = RecordLayoutOf(info.dtype);
    ASSERT_EQ(layout != nullptr, info.block_elements > 1) << info.name;
    if (layout == nullptr) continue;
    EXPECT_EQ(layout->record_bytes * 8, info.bits) << info.name;
    EXPECT_LE(layout->planes.size(), kMaxRecordPlanes) << info.name;
  }
}

TEST(RecordLayoutTest, EveryBitBelongsToOneSymbol) {
  for (const DType dtype : PackedDTypes()) {
    const RecordLayout& layout = *RecordLayoutOf(dtype);
    std::vector<int> owners(layout.record_bytes * 8, 0);
    for (const RecordPlane& plane : layout.planes) {
      size_t symbols = 0;
      for (const RecordRun& run : plane.runs) {
        symbols += run.count;
        EXPECT_LE(run.low_bit + run.low_width, 8);
        EXPECT_LE(run.high_bit + run.high_width, 8);
        EXPECT_LE(run.low_width + run.high_width, 8);
        for (unsigned k = 0; k < run.count; ++k) {
          for (unsigned i = 0; i < run.low_width; ++i) {
            ++owners.at((run.low + k) * 8u + run.low_bit + i);
          }
          for (unsigned i = 0; i < run.high_width; ++i) {
            ++owners.at((run.high + k) * 8u + run.high_bit + i);
          }
        }
      }
      EXPECT_EQ(symbols, plane.symbols);
    }
    EXPECT_EQ(owners, std::vector<int>(owners.size(), 1))
        << GetDTypeInfo(dtype).name;
  }
}

// Weights whose bits lie apart, as ggml's dequantization reads them.
TEST(RecordLayoutTest, WeightsAreWhole) {
  Random random(1);
  const auto record_of = [&random](size_t bytes) {
    std::vector<std::byte> record(bytes);
    for (std::byte& byte : record) byte = std::byte(random.Next() & 255);
    return record;
  };
  const auto gather = [](DType dtype, size_t plane,
                         const std::vector<std::byte>& record) {
    const RecordLayout& layout = *RecordLayoutOf(dtype);
    std::vector<std::byte> out(layout.planes[plane].symbols);
    GatherPlane(layout.planes[plane], layout.record_bytes, record, out);
    return out;
  };
  {
    const auto b = record_of(22);
    const uint8_t* const x = AsU8(b.data());
    const auto weights = gather(DType::kQ5_0, 2, b);
    const auto high = LoadLittleEndian<uint32_t>(x + 2);
    for (unsigned j = 0; j < 16; ++j) {
      EXPECT_EQ(AsU8(weights.data())[j], (x[6 + j] & 15u) | (high >> j & 1)
                                                                << 4);
      EXPECT_EQ(AsU8(weights.data())[j + 16],
                x[6 + j] >> 4 | (high >> (j + 16) & 1) << 4);
    }
  }
  {
    const auto b = record_of(210);
    const uint8_t* const x = AsU8(b.data());
    const auto weights = gather(DType::kQ6K, 0, b);
    const uint8_t* const w = AsU8(weights.data());
    for (unsigned half = 0; half < 2; ++half) {
      const uint8_t* const ql = x + 64 * half;
      const uint8_t* const qh = x + 128 + 32 * half;
      for (unsigned l = 0; l < 32; ++l) {
        const uint8_t* const q = w + 128 * half + l;
        EXPECT_EQ(q[0], (ql[l] & 15u) | (qh[l] & 3u) << 4);
        EXPECT_EQ(q[32], (ql[l + 32] & 15u) | (qh[l] >> 2 & 3u) << 4);
        EXPECT_EQ(q[64], ql[l] >> 4 | (qh[l] >> 4 & 3u) << 4);
        EXPECT_EQ(q[96], ql[l + 32] >> 4 | (qh[l] >> 6 & 3u) << 4);
      }
    }
  }
  {
    const auto b = record_of(144);
    const uint8_t* const q = AsU8(b.data()) + 4;
    const auto scales = gather(DType::kQ4K, 4, b);
    const auto minima = gather(DType::kQ4K, 5, b);
    for (unsigned j = 0; j < 8; ++j) {
      const unsigned scale =
          j < 4 ? q[j] & 63u : (q[j + 4] & 15u) | (q[j - 4] >> 6) << 4;
      const unsigned minimum =
          j < 4 ? q[j + 4] & 63u : q[j + 4] >> 4 | (q[j] >> 6) << 4;
      EXPECT_EQ(AsU8(scales.data())[j], scale);
      EXPECT_EQ(AsU8(minima.data())[j], minimum);
    }
  }
}

TEST(RecordLayoutTest, PlanesRestoreRecords) {
  for (const DType dtype : PackedDTypes()) {
    const RecordLayout& layout = *RecordLayoutOf(dtype);
    for (const size_t records : {0, 1, 2, 7, 100}) {
      const std::vector<std::byte> raw =
          MakeTensor(GetPattern("RandomBits"), dtype, records, 1);
      std::vector<std::byte> restored(raw.size());
      for (const RecordPlane& field : layout.planes) {
        std::vector<std::byte> plane(records * field.symbols);
        GatherPlane(field, layout.record_bytes, raw, plane);
        ScatterPlane(field, layout.record_bytes, plane, restored);
      }
      EXPECT_EQ(restored, raw) << GetDTypeInfo(dtype).name;
    }
  }
}

}  // namespace
}  // namespace ingot
