// DeltaSide: what the blocks of a group share that are predicted from other
// objects: where the base's elements come from, and how differences are coded
// given the base's (codec/FORMAT.md, section 10).
//
// Thread-safety: a value; read by many threads once built.

#ifndef INGOT_CODEC_METHOD_DELTA_SIDE_H_
#define INGOT_CODEC_METHOD_DELTA_SIDE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/entropy/byte_coder.h"
#include "codec/entropy/rans/context_rans.h"
#include "codec/entropy/tiered/tier_code.h"
#include "codec/method/geometry.h"
#include "codec/method/group_data.h"
#include "codec/method/kernels.h"
#include "codec/predict/difference.h"
#include "codec/result.h"

namespace ingot {

inline constexpr size_t kMaxDeltaReferences = 16;
inline constexpr unsigned kMaxContexts = 16;
inline constexpr unsigned kMaxLowBits = 63;

// Symbols of a set of contexts in tiers. Of the TierCode only the tiers count.
struct TierSet {
  TierCode code;
  bool grouped = false;  // zeros come in eights, which a bit stands for
};

struct DeltaSide {
  std::vector<GroupReference> references;
  // kStore (none), kTiered, kRans or kCm.
  Coder coder = Coder::kStore;
  uint8_t origin = 0;
  // One for each row, followed by kKernelSlack zero bytes; empty where not
  // sent.
  std::vector<uint8_t> row_shifts;

  // Coders tiered and rans.
  uint8_t contexts = 1;
  alignas(64) std::array<uint8_t, 64> context_of_class{};  // kDeltaClasses used
  alignas(64) std::array<uint8_t, 64> low_bits{};          // of contexts

  // Coder tiered.
  uint8_t sets = 1;
  alignas(64) std::array<uint8_t, 64> set_of_context{};
  std::array<TierSet, kMaxSets> tiers;

  // Coder rans: a vector of weights for each context.
  std::vector<std::vector<uint8_t>> weights;
  std::shared_ptr<const ContextRansDecodeTable> rans;  // null while encoding
};

// The side with its length in front.
void AppendDeltaSide(const DeltaSide& side, std::vector<std::byte>* body);

// `first` and `elements` are the group's. Allocates no more than a multiple of
// the bytes that remain and the coder's tables.
Result<DeltaSide> ParseDeltaSide(ByteReader* reader, const Geometry& geometry,
                                 uint64_t first, uint64_t elements);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_DELTA_SIDE_H_
