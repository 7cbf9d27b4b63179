#include "codec/entropy/cm/difference_coder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/entropy/adaptive_bit.h"
#include "codec/entropy/range_coder.h"

namespace ingot {
namespace {

constexpr unsigned kLanes = 4;
constexpr unsigned kMaxLengthBits = 6;  // of lengths 1..64
constexpr unsigned kTopBits = 2;
constexpr unsigned kTopContexts = 2 * 64 + kDifferenceClasses;
// Decisions of one element at the most, each a word at the most.
constexpr size_t kMaxDifferenceBytes =
    (3 + kMaxLengthBits + kTopBits) * kRangeWordBytes;
// What the two words of Finish, or a decoder's look-ahead, need.
constexpr size_t kDifferenceSlack = 64;

// Of the differences of one class with the same top bit.
struct HalfModel {
  AdaptiveBit sign = kEvenBit;
  AdaptiveBit second = kEvenBit;
  std::array<AdaptiveBit, 1u << kMaxLengthBits> length;

  HalfModel() { length.fill(kEvenBit); }
};

struct DifferenceClassModel {
  AdaptiveBit zero = kEvenBit;
  AdaptiveBit top = kEvenBit;
  std::array<HalfModel, 2> halves;
};

struct Model {
  std::array<DifferenceClassModel, kDifferenceClasses> classes;
  std::array<std::array<std::array<AdaptiveBit, 1u << kTopBits>, kTopContexts>,
             2>
      within;

  Model() {
    for (auto& half : within) {
      for (auto& tree : half) tree.fill(kEvenBit);
    }
  }
};

// Decisions that a model learns from, encoded.
class BitEncoder {
 public:
  explicit BitEncoder(RangeEncoder* coder) : coder_(coder) {}
  void Code(AdaptiveBit* state, uint32_t bit) {
    coder_->Encode(bit, Probability16(*state));
    *state = Adapt(*state, bit);
  }
  void CodeTree(AdaptiveBit* nodes, unsigned width, uint32_t value) {
    uint32_t node = 1;
    while (width > 0) {
      const uint32_t bit = value >> --width & 1;
      Code(&nodes[node], bit);
      node = node << 1 | bit;
    }
  }

 private:
  RangeEncoder* const coder_;
};

// The same, decoded.
class BitDecoder {
 public:
  explicit BitDecoder(RangeDecoder* coder) : coder_(coder) {}
  uint32_t Code(AdaptiveBit* state) {
    const uint32_t bit = coder_->Decode(Probability16(*state));
    *state = Adapt(*state, bit);
    return bit;
  }
  uint32_t CodeTree(AdaptiveBit* nodes, unsigned width) {
    uint32_t node = 1;
    for (unsigned level = 0; level < width; ++level) {
      node = node << 1 | Code(&nodes[node]);
    }
    return node - (1u << width);
  }

 private:
  RangeDecoder* const coder_;
};

unsigned LengthBits(unsigned width) {
  return static_cast<unsigned>(std::countr_zero(width));
}

// Fields of any width up to 62, lowest bit first.
class FieldWriter {
 public:
  explicit FieldWriter(std::vector<std::byte>* out) : out_(out) {}
  void Put(uint64_t value, unsigned width) {
    while (width > 0) {
      const unsigned part = std::min(width, 8 - used_);
      bits_ |= (value & ((1u << part) - 1)) << used_;
      value >>= part;
      width -= part;
      used_ += part;
      if (used_ == 8) Flush();
    }
  }
  void Flush() {
    if (used_ > 0) out_->push_back(static_cast<std::byte>(bits_));
    bits_ = 0;
    used_ = 0;
  }

 private:
  std::vector<std::byte>* const out_;
  uint64_t bits_ = 0;
  unsigned used_ = 0;
};

class FieldReader {
 public:
  explicit FieldReader(ByteSpan bytes) : bytes_(bytes) {}
  // Zeros behind the end, which Done() tells of.
  uint64_t Take(unsigned width) {
    uint64_t value = 0;
    for (unsigned have = 0; have < width;) {
      const unsigned part =
          std::min(width - have, 8 - static_cast<unsigned>(bit_ % 8));
      const uint64_t byte = bit_ / 8 < bytes_.size()
                                ? std::to_integer<uint64_t>(bytes_[bit_ / 8])
                                : 0;
      value |= (byte >> (bit_ % 8) & ((1u << part) - 1)) << have;
      have += part;
      bit_ += part;
    }
    return value;
  }
  bool Done() const { return (bit_ + 7) / 8 == bytes_.size(); }

 private:
  const ByteSpan bytes_;
  uint64_t bit_ = 0;
};

}  // namespace

void EncodeDifferences(unsigned width, std::span<const uint8_t> classes,
                       std::span<const uint64_t> differences,
                       std::vector<std::byte>* out) {
  const size_t count = classes.size();
  const uint64_t top_bit = uint64_t{1} << (width - 1);
  const size_t lane_room =
      (count / kLanes + 1) * kMaxDifferenceBytes + kDifferenceSlack;
  std::vector<uint8_t> streams(lane_room * kLanes);
  std::array<RangeEncoder, kLanes> coders;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    coders[lane] = RangeEncoder(streams.data() + lane * lane_room);
  }
  std::vector<std::byte> low_bits;
  FieldWriter low(&low_bits);
  auto model = std::make_unique<Model>();
  for (size_t i = 0; i < count; ++i) {
    BitEncoder coder(&coders[i % kLanes]);
    DifferenceClassModel& own = model->classes[classes[i]];
    const uint64_t z = differences[i];
    coder.Code(&own.zero, z == 0);
    if (z == 0) continue;
    const auto top = static_cast<uint32_t>(z >> (width - 1));
    coder.Code(&own.top, top);
    HalfModel& half = own.halves[top];
    // Never 0: with the top bit, z's other bits count from 1.
    const uint64_t size = (z & (top_bit - 1)) + top;
    const uint32_t odd = size & 1;
    coder.Code(&half.sign, odd);
    const uint64_t magnitude = (size >> 1) + odd;
    const auto bits = static_cast<unsigned>(std::bit_width(magnitude));
    coder.CodeTree(half.length.data(), LengthBits(width), bits - 1);
    if (bits == 2) {
      coder.Code(&half.second, magnitude & 1);
    } else if (bits > 2) {
      const unsigned below = bits - 1 - kTopBits;
      coder.CodeTree(model->within[top][2 * bits + classes[i]].data(), kTopBits,
                     static_cast<uint32_t>(magnitude >> below) & 3);
      low.Put(magnitude & ((uint64_t{1} << below) - 1), below);
    }
  }
  low.Flush();
  ByteWriter writer(out);
  for (RangeEncoder& coder : coders) {
    coder.Finish();
    writer.WriteVarint(coder.bytes() / kRangeWordBytes);
  }
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    writer.WriteBytes(std::as_bytes(
        std::span(streams.data() + lane * lane_room, coders[lane].bytes())));
  }
  writer.WriteBytes(low_bits);
}

bool DecodeDifferences(unsigned width, std::span<const uint8_t> classes,
                       ByteSpan encoded, std::span<uint64_t> differences) {
  ByteReader reader(encoded);
  std::array<uint64_t, kLanes> sizes;
  for (uint64_t& size : sizes) {
    const Result<uint64_t> words =
        reader.ReadVarint(encoded.size() / kRangeWordBytes, "words of a lane");
    if (!words.ok()) return false;
    size = *words * kRangeWordBytes;
  }
  // Copies with zeros behind them, because decoders read on behind the end.
  std::array<std::vector<uint8_t>, kLanes> streams;
  std::array<RangeDecoder, kLanes> coders;
  std::array<const uint8_t*, kLanes> limits;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    const Result<ByteSpan> bytes = reader.ReadBytes(sizes[lane]);
    if (!bytes.ok()) return false;
    streams[lane].assign(sizes[lane] + kDifferenceSlack, 0);
    std::copy_n(AsU8(bytes->data()), sizes[lane], streams[lane].begin());
    coders[lane] = RangeDecoder(streams[lane].data());
    limits[lane] = streams[lane].data() + sizes[lane] + kRangeWordBytes;
  }
  const Result<ByteSpan> low_bits = reader.ReadBytes(reader.remaining());
  if (!low_bits.ok()) return false;
  FieldReader low(*low_bits);
  const uint64_t top_bit = uint64_t{1} << (width - 1);
  auto model = std::make_unique<Model>();
  for (size_t i = 0; i < classes.size(); ++i) {
    const unsigned lane = i % kLanes;
    if (coders[lane].in() > limits[lane]) return false;
    BitDecoder coder(&coders[lane]);
    DifferenceClassModel& own = model->classes[classes[i]];
    if (coder.Code(&own.zero)) {
      differences[i] = 0;
      continue;
    }
    const uint32_t top = coder.Code(&own.top);
    HalfModel& half = own.halves[top];
    const uint32_t odd = coder.Code(&half.sign);
    const unsigned bits =
        coder.CodeTree(half.length.data(), LengthBits(width)) + 1;
    uint64_t magnitude = uint64_t{1} << (bits - 1);
    if (bits == 2) {
      magnitude |= coder.Code(&half.second);
    } else if (bits > 2) {
      const unsigned below = bits - 1 - kTopBits;
      const uint64_t within = coder.CodeTree(
          model->within[top][2 * bits + classes[i]].data(), kTopBits);
      magnitude |= within << below | low.Take(below);
    }
    const uint64_t size = ((magnitude - odd) << 1 | odd) - top;
    differences[i] = (size & (top_bit - 1)) | (top != 0 ? top_bit : 0);
  }
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    if (!coders[lane].FinishedAt(limits[lane] - kRangeWordBytes)) return false;
  }
  return low.Done();
}

}  // namespace ingot
