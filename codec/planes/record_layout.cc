#include "codec/planes/record_layout.h"

#include <utility>

namespace ingot {
namespace {

using Runs = std::vector<RecordRun>;

// `count` whole bytes from `byte` on.
Runs Bytes(uint8_t byte, uint8_t count) {
  return {{.low = byte, .count = count}};
}

// Q5_0, Q5_1: nibbles at `low`, the fifth bits at `high`.
Runs Weights5(uint8_t low, uint8_t high) {
  Runs runs;
  for (unsigned j = 0; j < 32; ++j) {
    runs.push_back({.low = static_cast<uint8_t>(low + j % 16),
                    .low_bit = static_cast<uint8_t>(j / 16 * 4),
                    .low_width = 4,
                    .high = static_cast<uint8_t>(high + j / 8),
                    .high_bit = static_cast<uint8_t>(j % 8),
                    .high_width = 1});
  }
  return runs;
}

// Q3_K: two bits at 32, the third at 0.
Runs Weights3K() {
  Runs runs;
  for (unsigned part = 0; part < 8; ++part) {
    runs.push_back({.low = static_cast<uint8_t>(32 + part / 4 * 32),
                    .low_bit = static_cast<uint8_t>(part % 4 * 2),
                    .low_width = 2,
                    .high = 0,
                    .high_bit = static_cast<uint8_t>(part),
                    .high_width = 1,
                    .count = 32});
  }
  return runs;
}

// Q5_K: nibbles at 48, the fifth bits at 16.
Runs Weights5K() {
  Runs runs;
  for (unsigned part = 0; part < 8; ++part) {
    runs.push_back({.low = static_cast<uint8_t>(48 + part / 2 * 32),
                    .low_bit = static_cast<uint8_t>(part % 2 * 4),
                    .low_width = 4,
                    .high = 16,
                    .high_bit = static_cast<uint8_t>(part),
                    .high_width = 1,
                    .count = 32});
  }
  return runs;
}

// Q6_K: nibbles at 0, two more bits at 128.
Runs Weights6K() {
  Runs runs;
  for (unsigned part = 0; part < 8; ++part) {
    const unsigned half = part / 4;
    const unsigned quarter = part % 4;
    runs.push_back({.low = static_cast<uint8_t>(64 * half + quarter % 2 * 32),
                    .low_bit = static_cast<uint8_t>(quarter / 2 * 4),
                    .low_width = 4,
                    .high = static_cast<uint8_t>(128 + 32 * half),
                    .high_bit = static_cast<uint8_t>(quarter * 2),
                    .high_width = 2,
                    .count = 32});
  }
  return runs;
}

// Q3_K: sixteen scales of 4 + 2 bits at 96.
Runs Scales3K() {
  Runs runs;
  for (unsigned part = 0; part < 4; ++part) {
    runs.push_back({.low = static_cast<uint8_t>(96 + part % 2 * 4),
                    .low_bit = static_cast<uint8_t>(part / 2 * 4),
                    .low_width = 4,
                    .high = 104,
                    .high_bit = static_cast<uint8_t>(part * 2),
                    .high_width = 2,
                    .count = 4});
  }
  return runs;
}

// Q4_K, Q5_K: at 4, eight scales and eight minima; four of each are 6 bits in
// place, four have their upper 2 bits above those.
Runs Scales45K(bool minima) {
  const uint8_t whole = minima ? 8 : 4;
  return {{.low = whole, .low_width = 6, .count = 4},
          {.low = 12,
           .low_bit = static_cast<uint8_t>(minima ? 4 : 0),
           .low_width = 4,
           .high = whole,
           .high_bit = 6,
           .high_width = 2,
           .count = 4}};
}

struct Row {
  DType dtype;
  RecordLayout layout;
};

const std::vector<Row>& Layouts() {
  static const std::vector<Row> kLayouts = {
      {DType::kQ4_0, {18, {Bytes(0, 1), Bytes(1, 1), Bytes(2, 16)}}},
      {DType::kQ4_1,
       {20,
        {Bytes(0, 1), Bytes(1, 1), Bytes(2, 1), Bytes(3, 1), Bytes(4, 16)}}},
      {DType::kQ5_0, {22, {Bytes(0, 1), Bytes(1, 1), Weights5(6, 2)}}},
      {DType::kQ5_1,
       {24,
        {Bytes(0, 1), Bytes(1, 1), Bytes(2, 1), Bytes(3, 1), Weights5(8, 4)}}},
      {DType::kQ8_0, {34, {Bytes(0, 1), Bytes(1, 1), Bytes(2, 32)}}},
      {DType::kQ2K,
       {84,
        {Bytes(0, 16), Bytes(16, 64), Bytes(80, 1), Bytes(81, 1), Bytes(82, 1),
         Bytes(83, 1)}}},
      {DType::kQ3K,
       {110, {Weights3K(), Scales3K(), Bytes(108, 1), Bytes(109, 1)}}},
      {DType::kQ4K,
       {144,
        {Bytes(0, 1), Bytes(1, 1), Bytes(2, 1), Bytes(3, 1), Scales45K(false),
         Scales45K(true), Bytes(16, 128)}}},
      {DType::kQ5K,
       {176,
        {Bytes(0, 1), Bytes(1, 1), Bytes(2, 1), Bytes(3, 1), Scales45K(false),
         Scales45K(true), Weights5K()}}},
      {DType::kQ6K,
       {210, {Weights6K(), Bytes(192, 16), Bytes(208, 1), Bytes(209, 1)}}},
  };
  return kLayouts;
}

// `width` one bits in every byte.
template <typename Word>
constexpr Word Mask(unsigned width) {
  return static_cast<Word>(Word(~Word{0}) / 255 * ((1u << width) - 1));
}

// The bytes of a run, as many at a time as a Word has: shifts that cross bytes
// are masked away, and no symbol crosses one.
template <typename Word>
void GatherWords(const RecordRun& run, const uint8_t* record, uint8_t* out) {
  const auto low_mask = Mask<Word>(run.low_width);
  const auto high_mask = Mask<Word>(run.high_width);
  for (size_t i = 0; i < run.count; i += sizeof(Word)) {
    const auto low = LoadLittleEndian<Word>(record + run.low + i);
    const auto high = LoadLittleEndian<Word>(record + run.high + i);
    const auto symbols =
        static_cast<Word>((low >> run.low_bit & low_mask) |
                          (high >> run.high_bit & high_mask) << run.low_width);
    StoreLittleEndian(out + i, symbols);
  }
}

template <typename Word>
void ScatterWords(const RecordRun& run, const uint8_t* from, uint8_t* record) {
  const auto low_mask = Mask<Word>(run.low_width);
  const auto high_mask = Mask<Word>(run.high_width);
  for (size_t i = 0; i < run.count; i += sizeof(Word)) {
    const auto symbols = LoadLittleEndian<Word>(from + i);
    uint8_t* const low = record + run.low + i;
    uint8_t* const high = record + run.high + i;
    StoreLittleEndian(low,
                      static_cast<Word>(LoadLittleEndian<Word>(low) |
                                        (symbols & low_mask) << run.low_bit));
    StoreLittleEndian(high,
                      static_cast<Word>(LoadLittleEndian<Word>(high) |
                                        (symbols >> run.low_width & high_mask)
                                            << run.high_bit));
  }
}

void GatherRun(const RecordRun& run, const uint8_t* record, uint8_t* out) {
  if (run.low_width == 8) {
    std::memcpy(out, record + run.low, run.count);
  } else if (run.count % 8 == 0) {
    GatherWords<uint64_t>(run, record, out);
  } else if (run.count % 4 == 0) {
    GatherWords<uint32_t>(run, record, out);
  } else {
    GatherWords<uint8_t>(run, record, out);
  }
}

void ScatterRun(const RecordRun& run, const uint8_t* from, uint8_t* record) {
  if (run.low_width == 8) {
    std::memcpy(record + run.low, from, run.count);
  } else if (run.count % 8 == 0) {
    ScatterWords<uint64_t>(run, from, record);
  } else if (run.count % 4 == 0) {
    ScatterWords<uint32_t>(run, from, record);
  } else {
    ScatterWords<uint8_t>(run, from, record);
  }
}

}  // namespace

RecordPlane::RecordPlane(std::vector<RecordRun> symbol_runs)
    : runs(std::move(symbol_runs)) {
  for (const RecordRun& run : runs) symbols += run.count;
}

const RecordLayout* RecordLayoutOf(DType dtype) {
  for (const Row& row : Layouts()) {
    if (row.dtype == dtype) return &row.layout;
  }
  return nullptr;
}

void GatherPlane(const RecordPlane& plane, size_t record_bytes,
                 ByteSpan records, MutableByteSpan out) {
  const size_t count = records.size() / record_bytes;
  const uint8_t* record = AsU8(records.data());
  uint8_t* to = AsU8(out.data());
  for (size_t i = 0; i < count; ++i, record += record_bytes) {
    for (const RecordRun& run : plane.runs) {
      GatherRun(run, record, to);
      to += run.count;
    }
  }
}

void ScatterPlane(const RecordPlane& plane, size_t record_bytes,
                  ByteSpan symbols, MutableByteSpan records) {
  const size_t count = records.size() / record_bytes;
  uint8_t* record = AsU8(records.data());
  const uint8_t* from = AsU8(symbols.data());
  for (size_t i = 0; i < count; ++i, record += record_bytes) {
    for (const RecordRun& run : plane.runs) {
      ScatterRun(run, from, record);
      from += run.count;
    }
  }
}

}  // namespace ingot
