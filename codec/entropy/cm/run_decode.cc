#include "codec/entropy/cm/run_coder.h"
#include "codec/entropy/range_coder.h"

namespace ingot {
namespace {

inline uint32_t DecodeBit(AdaptiveBit* state, RangeDecoder* coder) {
  const uint32_t bit = coder->Decode(Probability16(*state));
  *state = Adapt(*state, bit);
  return bit;
}

// The slot of an element that is none of the window, and its escape.
[[gnu::noinline]] unsigned DecodeOther(const SymbolShape& shape,
                                       ClassModel* classes, RangeDecoder* coder,
                                       std::vector<uint16_t>* escapes) {
  uint32_t node = 1;
  for (unsigned level = 0; level < kSlotBits; ++level) {
    node = node << 1 | DecodeBit(&classes->other[node], coder);
  }
  const unsigned slot = node & (kSlots - 1);
  if (slot == kEscapeSlot) {
    escapes->push_back(
        static_cast<uint16_t>(coder->DecodeEven(shape.escape_bits)));
  }
  return slot;
}

// Decodes elements [first, first + kLanes), one on each lane, level by level:
// no node is met on two levels, so that the order in which lanes meet a node
// is that of the elements.
template <unsigned kLanes, unsigned kTopBits>
[[gnu::always_inline]] inline void DecodeStep(const SymbolShape& shape,
                                              const uint8_t* classes,
                                              SymbolModel* model,
                                              RangeDecoder* coders,
                                              uint8_t* slots, uint8_t* tops,
                                              std::vector<uint16_t>* escapes) {
  ClassModel* models[kLanes];
  uint32_t nodes[kLanes];
  AdaptiveBit* trees[kLanes];
#pragma GCC unroll 4
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    models[lane] = &model->classes[classes[lane]];
    nodes[lane] = 1;
  }
#pragma GCC unroll 3
  for (unsigned level = 0; level < kWindowBits; ++level) {
#pragma GCC unroll 4
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      nodes[lane] =
          nodes[lane] << 1 |
          DecodeBit(&models[lane]->window[nodes[lane]], &coders[lane]);
    }
  }
#pragma GCC unroll 4
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    unsigned slot = shape.window + nodes[lane] - (1u << kWindowBits);
    if (nodes[lane] == (2u << kWindowBits) - 1) [[unlikely]] {
      slot = DecodeOther(shape, models[lane], &coders[lane], escapes);
    }
    slots[lane] = static_cast<uint8_t>(slot);
    trees[lane] = models[lane]->top[slot].data();
    nodes[lane] = 1;
  }
#pragma GCC unroll 3
  for (unsigned level = 0; level < kTopBits; ++level) {
#pragma GCC unroll 4
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      nodes[lane] = nodes[lane] << 1 |
                    DecodeBit(&trees[lane][nodes[lane]], &coders[lane]);
    }
  }
#pragma GCC unroll 4
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    tops[lane] = static_cast<uint8_t>(nodes[lane] & ((1u << kTopBits) - 1));
  }
}

template <unsigned kLanes, unsigned kTopBits>
bool DecodeLanes(const SymbolShape& shape, std::span<const uint8_t> classes,
                 const uint8_t* streams,
                 const std::array<uint32_t, kMaxLanes>& lane_bytes,
                 SymbolModel* model, const RunOutput& out) {
  RangeDecoder coders[kLanes];
  const uint8_t* ends[kLanes];
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    coders[lane] = RangeDecoder(streams);
    streams += lane_bytes[lane];
    ends[lane] = streams;
  }
  // A step reads at most kRunSlack bytes, and what it reads behind a stream's
  // end is noticed before the next.
  const auto in_bounds = [&] {
    bool good = true;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      good &= coders[lane].in() <= ends[lane] + kRangeWordBytes;
    }
    return good;
  };
  const size_t count = classes.size();
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    DecodeStep<kLanes, kTopBits>(shape, &classes[i], model, coders,
                                 out.slots + i, out.tops + i, out.escapes);
    if (!in_bounds()) return false;
  }
  for (unsigned lane = 0; i < count; ++i, ++lane) {
    DecodeStep<1, kTopBits>(shape, &classes[i], model, &coders[lane],
                            out.slots + i, out.tops + i, out.escapes);
  }
  bool finished = true;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    finished &= coders[lane].FinishedAt(ends[lane]);
  }
  return finished;
}

template <unsigned kLanes>
bool DecodeWith(const SymbolShape& shape, std::span<const uint8_t> classes,
                const uint8_t* streams,
                const std::array<uint32_t, kMaxLanes>& lane_bytes,
                SymbolModel* model, const RunOutput& out) {
  switch (shape.top_bits) {
    case 0:
      return DecodeLanes<kLanes, 0>(shape, classes, streams, lane_bytes, model,
                                    out);
    case 1:
      return DecodeLanes<kLanes, 1>(shape, classes, streams, lane_bytes, model,
                                    out);
    case 2:
      return DecodeLanes<kLanes, 2>(shape, classes, streams, lane_bytes, model,
                                    out);
    default:
      return DecodeLanes<kLanes, 3>(shape, classes, streams, lane_bytes, model,
                                    out);
  }
}

}  // namespace

bool DecodeRun(const SymbolShape& shape, unsigned lanes,
               std::span<const uint8_t> classes, const uint8_t* streams,
               const std::array<uint32_t, kMaxLanes>& lane_bytes,
               SymbolModel* model, const RunOutput& out) {
  return lanes == 1
             ? DecodeWith<1>(shape, classes, streams, lane_bytes, model, out)
             : DecodeWith<kMaxLanes>(shape, classes, streams, lane_bytes, model,
                                     out);
}

}  // namespace ingot
