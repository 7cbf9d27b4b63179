#include "codec/method/joined_side.h"

#include <cstring>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/planes/bit_stream.h"

namespace ingot {
namespace {

constexpr unsigned kLengthBits = 4;
// Of the largest table, with what GetField may touch behind it.
constexpr size_t kTableRoom =
    kClasses * kMaxJoinedRanks * (kJoinedSlotBits + kMaxTopBits) / 8 + 8;

// A bit stream of `count` fields of `width` bits.
template <typename Value>
void AppendFields(size_t count, unsigned width, const Value& value,
                  std::vector<std::byte>* body) {
  std::array<uint8_t, kTableRoom> stream{};
  for (size_t i = 0; i < count; ++i) {
    PutField(stream.data(), i, width, value(i));
  }
  ByteWriter(body).WriteBytes(
      std::as_bytes(std::span(stream.data(), (count * width + 7) / 8)));
}

template <typename Take>
Status ReadFields(ByteReader* reader, size_t count, unsigned width,
                  const Take& take) {
  INGOT_ASSIGN(const ByteSpan bytes,
               reader->ReadBytes((count * width + 7) / 8));
  std::array<uint8_t, kTableRoom> stream{};
  std::memcpy(stream.data(), bytes.data(), bytes.size());
  for (size_t i = 0; i < count; ++i) {
    take(i, GetField(stream.data(), i, width));
  }
  return {};
}

Status ParseHuffman(ByteReader* reader, JoinedSide* side) {
  INGOT_TRY(ReadFields(reader, side->code.rank_count, kLengthBits,
                       [&](size_t rank, uint64_t length) {
                         side->lengths[rank] = static_cast<uint8_t>(length);
                       }));
  const std::span<const uint8_t> lengths(side->lengths.data(),
                                         side->code.rank_count);
  if (!IsCompleteHuffmanCode(lengths)) {
    return reader->Corrupt("Huffman code lengths: expected 1 to 11 bits, or 0, "
                           "that make a complete code");
  }
  side->huffman = std::make_unique<HuffmanDecodeTable>();
  MakeHuffmanDecodeTable(lengths, side->huffman.get());
  return {};
}

Status ParseRans(ByteReader* reader, JoinedSide* side) {
  INGOT_TRY(ReadFields(reader, side->code.rank_count, kRansBits,
                       [&](size_t rank, uint64_t frequency) {
                         side->frequencies[rank] =
                             static_cast<uint16_t>(frequency);
                       }));
  const std::span<const uint16_t> frequencies(side->frequencies.data(),
                                              side->code.rank_count);
  if (!AreRansFrequencies(frequencies)) {
    return reader->Corrupt("rANS frequencies: expected numbers above 0 that "
                           "add up to 4096");
  }
  side->rans = std::make_unique<RansDecodeTable>();
  MakeRansDecodeTable(frequencies, side->rans.get());
  return {};
}

}  // namespace

void AppendJoinedSide(const JoinedSide& side, unsigned classes,
                      std::vector<std::byte>* body) {
  const JoinedCode& code = side.code;
  ByteWriter writer(body);
  writer.WriteU8(static_cast<uint8_t>(side.coder));
  writer.WriteU8(code.top_bits);
  writer.WriteU8(code.rank_count);
  const unsigned ranks = code.rank_count;
  AppendFields(classes * ranks, kJoinedSlotBits + code.top_bits,
               [&](size_t i) {
                 const unsigned value =
                     code.values[i / ranks * kMaxJoinedRanks + i % ranks];
                 return (value & JoinedCode::kZeroFlag) != 0
                            ? kJoinedZeroSlot << code.top_bits |
                                  (value & ~unsigned{JoinedCode::kZeroFlag})
                            : value;
               },
               body);
  if (side.coder == Coder::kHuffman) {
    AppendFields(ranks, kLengthBits, [&](size_t i) { return side.lengths[i]; },
                 body);
  } else {
    AppendFields(ranks, kRansBits,
                 [&](size_t i) { return side.frequencies[i]; }, body);
  }
}

Result<std::shared_ptr<const JoinedSide>> ParseJoinedSide(ByteReader* reader,
                                                          FloatLayout layout,
                                                          uint8_t base,
                                                          unsigned classes) {
  auto side = std::make_shared<JoinedSide>();
  JoinedCode& code = side->code;
  code.base = base;
  INGOT_ASSIGN(const uint8_t coder, reader->ReadU8());
  side->coder = static_cast<Coder>(coder);
  if (!IsJoined(side->coder)) {
    return Unsupported("joined exponents of coder " + std::to_string(coder) +
                       " need a newer reader");
  }
  INGOT_ASSIGN(code.top_bits, reader->ReadU8());
  if (code.top_bits > MaxTopBits(layout)) {
    return reader->Corrupt("joined mantissa bits: expected at most " +
                           std::to_string(MaxTopBits(layout)));
  }
  INGOT_ASSIGN(code.rank_count, reader->ReadU8());
  if (code.rank_count < kMinJoinedRanks || code.rank_count > kMaxJoinedRanks) {
    return reader->Corrupt("joined rank count: expected 2 to 64");
  }
  const unsigned ranks = code.rank_count;
  INGOT_TRY(ReadFields(
      reader, classes * ranks, kJoinedSlotBits + code.top_bits,
      [&](size_t i, uint64_t field) {
        if (field >> code.top_bits == kJoinedZeroSlot) {
          field = (field & ((1u << code.top_bits) - 1)) | JoinedCode::kZeroFlag;
        }
        code.values[i / ranks * kMaxJoinedRanks + i % ranks] =
            static_cast<uint8_t>(field);
      }));
  INGOT_TRY(side->coder == Coder::kHuffman ? ParseHuffman(reader, side.get())
                                           : ParseRans(reader, side.get()));
  return std::shared_ptr<const JoinedSide>(std::move(side));
}

}  // namespace ingot
