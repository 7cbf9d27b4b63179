#include <algorithm>

#include "codec/entropy/cm/run_coder.h"
#include "codec/entropy/range_coder.h"

namespace ingot {
namespace {

// Bytes of a lane's stream for each of its elements beyond which it is given
// up, and what one element may add before that is noticed.
constexpr size_t kMaxElementBytes = 4;
constexpr size_t kLaneSlack = 128;

inline void EncodeBit(uint32_t bit, AdaptiveBit* state, RangeEncoder* coder) {
  coder->Encode(bit, Probability16(*state));
  *state = Adapt(*state, bit);
}

// Walks `width` levels down a tree to leaf `value`.
inline void EncodeTree(uint32_t value, unsigned width, AdaptiveBit* nodes,
                       RangeEncoder* coder) {
  uint32_t node = 1;
  while (width > 0) {
    const uint32_t bit = (value >> --width) & 1;
    EncodeBit(bit, &nodes[node], coder);
    node = node << 1 | bit;
  }
}

template <unsigned kLanes, unsigned kTopBits>
bool EncodeLanes(const SymbolShape& shape, const RunInput& in,
                 SymbolModel* model, std::array<RangeEncoder, kLanes>* lanes,
                 const std::array<const uint8_t*, kLanes>& limits) {
  std::array<RangeEncoder, kLanes> coders = *lanes;
  const size_t count = in.classes.size();
  const uint16_t* escape = in.escapes;
  for (size_t i = 0; i < count; i += kLanes) {
#pragma GCC unroll 4
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      if (kLanes > 1 && i + lane >= count) break;
      RangeEncoder& coder = coders[lane];
      ClassModel& classes = model->classes[in.classes[i + lane]];
      const unsigned slot = in.slots[i + lane];
      const unsigned leaf =
          std::min<unsigned>(slot - shape.window, kWindowSlots);
      EncodeTree(leaf, kWindowBits, classes.window.data(), &coder);
      if (leaf == kWindowSlots) {
        EncodeTree(slot, kSlotBits, classes.other.data(), &coder);
        if (slot == kEscapeSlot) {
          coder.EncodeEven(*escape++, shape.escape_bits);
        }
      }
      EncodeTree(in.tops[i + lane], kTopBits, classes.top[slot].data(), &coder);
      if (coder.out() > limits[lane]) return false;
    }
  }
  *lanes = coders;
  return true;
}

template <unsigned kLanes>
bool EncodeWith(const SymbolShape& shape, const RunInput& in,
                SymbolModel* model, EncodedRun* run) {
  const size_t elements = (in.classes.size() + kLanes - 1) / kLanes;
  const size_t capacity = elements * kMaxElementBytes + kLaneSlack;
  run->streams.resize(capacity * kLanes);
  uint8_t* const begin = AsU8(run->streams.data());
  std::array<RangeEncoder, kLanes> coders;
  std::array<const uint8_t*, kLanes> limits;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    coders[lane] = RangeEncoder(begin + lane * capacity);
    limits[lane] = begin + lane * capacity + elements * kMaxElementBytes;
  }
  bool fits = false;
  switch (shape.top_bits) {
    case 0:
      fits = EncodeLanes<kLanes, 0>(shape, in, model, &coders, limits);
      break;
    case 1:
      fits = EncodeLanes<kLanes, 1>(shape, in, model, &coders, limits);
      break;
    case 2:
      fits = EncodeLanes<kLanes, 2>(shape, in, model, &coders, limits);
      break;
    default:
      fits = EncodeLanes<kLanes, 3>(shape, in, model, &coders, limits);
  }
  if (!fits) return false;
  size_t size = 0;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    coders[lane].Finish();
    const size_t bytes = coders[lane].bytes();
    run->lane_bytes[lane] = static_cast<uint32_t>(bytes);
    std::copy_n(begin + lane * capacity, bytes, begin + size);
    size += bytes;
  }
  run->streams.resize(size);
  return true;
}

}  // namespace

bool EncodeRun(const SymbolShape& shape, unsigned lanes, const RunInput& in,
               SymbolModel* model, EncodedRun* run) {
  run->lane_bytes = {};
  return lanes == 1 ? EncodeWith<1>(shape, in, model, run)
                    : EncodeWith<kMaxLanes>(shape, in, model, run);
}

}  // namespace ingot
