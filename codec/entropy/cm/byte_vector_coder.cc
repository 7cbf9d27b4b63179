#include "codec/entropy/cm/byte_vector_coder.h"

#include <array>

#include "codec/entropy/adaptive_bit.h"
#include "codec/entropy/range_coder.h"

namespace ingot {
namespace {

constexpr uint32_t kByteLeaves = 256;
// What the two words of Finish need.
constexpr size_t kEncodeSlack = 8;
// Values decoded between looks at the end of the input.
constexpr size_t kStepValues = 4;
constexpr size_t kDecodeSlack = 8 * kStepValues * kRangeWordBytes + 8;

using ByteTree = std::array<AdaptiveBit, kByteLeaves>;

ByteTree FreshTree() {
  ByteTree tree;
  tree.fill(kEvenBit);
  return tree;
}

}  // namespace

void EncodeByteVectors(std::span<const std::span<const uint8_t>> vectors,
                       std::vector<std::byte>* out) {
  const size_t start = out->size();
  size_t count = 0;
  for (const auto& vector : vectors) count += vector.size();
  out->resize(start + count * kMaxVectorBytesPerValue + kEncodeSlack);
  RangeEncoder coder(AsU8(out->data() + start));
  for (const auto& vector : vectors) {
    ByteTree tree = FreshTree();
    for (const uint8_t value : vector) {
      uint32_t node = 1;
      for (int level = 7; level >= 0; --level) {
        const uint32_t bit = (value >> level) & 1u;
        coder.Encode(bit, Probability16(tree[node]));
        tree[node] = Adapt(tree[node], bit);
        node = node << 1 | bit;
      }
    }
  }
  coder.Finish();
  out->resize(start + coder.bytes());
}

bool DecodeByteVectors(ByteSpan encoded,
                       std::span<const std::span<uint8_t>> vectors) {
  // A copy, because the decoder reads on behind the end.
  std::vector<uint8_t> padded(encoded.size() + kDecodeSlack, 0);
  if (!encoded.empty()) {
    std::memcpy(padded.data(), encoded.data(), encoded.size());
  }
  const uint8_t* const end = padded.data() + encoded.size();
  RangeDecoder coder(padded.data());
  for (const auto& vector : vectors) {
    ByteTree tree = FreshTree();
    size_t until_look = kStepValues;
    for (uint8_t& value : vector) {
      uint32_t node = 1;
      while (node < kByteLeaves) {
        const uint32_t bit = coder.Decode(Probability16(tree[node]));
        tree[node] = Adapt(tree[node], bit);
        node = node << 1 | bit;
      }
      value = static_cast<uint8_t>(node - kByteLeaves);
      if (--until_look == 0) {
        if (coder.in() > end + kRangeWordBytes) return false;
        until_look = kStepValues;
      }
    }
    if (coder.in() > end + kRangeWordBytes) return false;
  }
  return coder.FinishedAt(end);
}

}  // namespace ingot
