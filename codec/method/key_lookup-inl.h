// KeyLookup, classes and keys of joined codes to ranks, for instruction sets
// whose shuffles do not reach 512 bytes: by way of memory.
//
// Include after an instruction set's vector header.

#ifndef INGOT_CODEC_METHOD_KEY_LOOKUP_INL_H_
#define INGOT_CODEC_METHOD_KEY_LOOKUP_INL_H_

#include "codec/method/joined_code.h"

namespace ingot {
namespace {

class KeyLookup {
 public:
  explicit KeyLookup(const JoinedRanks& ranks)
      : ranks_(ranks.ranks[0].data()) {}

  // kNoRank for keys that have its bit.
  [[gnu::always_inline]] Bytes Ranks(const Bytes& keys,
                                     const Bytes& scales) const {
    alignas(64) uint8_t key[kLanes];
    alignas(64) uint8_t scale[kLanes];
    alignas(64) uint8_t rank[kLanes];
    Store(key, keys);
    Store(scale, scales);
    for (size_t i = 0; i < kLanes; ++i) {
      const uint8_t flag = key[i] & JoinedRanks::kNoRank;
      const uint8_t found =
          ranks_[(scale[i] & 3) * kJoinedKeys + (key[i] & (kJoinedKeys - 1))];
      rank[i] = flag != 0 ? flag : found;
    }
    return Load(rank);
  }

 private:
  const uint8_t* ranks_;
};

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_KEY_LOOKUP_INL_H_
