// Objects and the objects that they are predicted from, and groups encoded and
// decoded with a base: what the tests of codec/FORMAT.md, section 10, share.

#ifndef INGOT_TESTS_CODEC_DELTA_CASES_H_
#define INGOT_TESTS_CODEC_DELTA_CASES_H_

#include <string_view>
#include <vector>

#include "codec/base/thread_pool.h"
#include "codec/method/block_codec.h"
#include "codec/method/delta_side.h"

namespace ingot {

using Bytes = std::vector<std::byte>;

// The dtypes that can be predicted.
std::vector<DType> DifferenceDTypes();

// How an object differs from its base.
enum class Change {
  kEqual,
  kOneInThousand,
  kFourInTen,
  kAll,
  kSignsToo,     // most a little, some in sign, some altogether
  kFewRows,      // most rows not at all, others altogether
  kNoise,        // nothing in common
  kFromZeros,    // the base is zeros
  kToZeros,      // the object is zeros
  kNanPayloads,  // all bits of exponents set on both sides
  kExtremes,     // largest and smallest numbers of either sign
  kScales,       // rows of very different scales
};
inline constexpr Change kChanges[] = {
    Change::kEqual,       Change::kOneInThousand, Change::kFourInTen,
    Change::kAll,         Change::kSignsToo,      Change::kFewRows,
    Change::kNoise,       Change::kFromZeros,     Change::kToZeros,
    Change::kNanPayloads, Change::kExtremes,      Change::kScales};
std::string_view ChangeName(Change change);

struct Pair {
  Bytes base;
  Bytes raw;
};
// The same on every machine.
Pair MakePair(Change change, DType dtype, uint64_t elements, uint64_t columns);

struct EncodedDeltaBlock {
  Bytes body;     // of the block record
  Bytes payload;  // followed by kKernelSlack bytes
  BlockHeader header;
  size_t payload_bytes() const { return payload.size() - kKernelSlack; }
};
struct EncodedDeltaGroup {
  Bytes body;  // of the group record
  std::vector<EncodedDeltaBlock> blocks;

  // Everything that is stored.
  Bytes AllBytes() const;
  size_t MethodCount(Method method) const;
};

// Geometry of blocks of `block_elements`, two of them a group where `small`.
Geometry SmallGeometry(DType dtype, uint64_t columns, uint64_t block_elements);

// `raw`, a group from element `first` of its object on, of which the first
// `base_elements` have a base and the others zeros.
GroupData MakeGroup(const Geometry& geometry, uint64_t first, const Pair& pair,
                    uint64_t base_elements = UINT64_MAX);

EncodedDeltaGroup EncodeGroup(const GroupData& group, int level,
                              const Kernels& kernels, ThreadPool* pool);
EncodedDeltaGroup EncodeGroup(const GroupData& group, const GroupPlan& plan);

// A plan with the side's tables made, for sides that no planner chooses.
// REQUIRES: the side's coder is not kStore.
GroupPlan PlanWithSide(const GroupData& group, int level,
                       const Kernels& kernels, DeltaSide side);

// A side with what the planner does not choose: shifts of rows, every number of
// low bits, three sets, tables with gaps and for changes of sign.
DeltaSide MakeUnusualSide(const GroupData& group, Coder coder);

// Elements [begin, end) of block `index`, whose header is parsed anew.
Result<Bytes> DecodeGroupBlock(const GroupSide& side, const GroupData& group,
                               const EncodedDeltaGroup& encoded, uint64_t index,
                               uint64_t begin, uint64_t end,
                               const Kernels& kernels, bool stream = false);

// The side as a decoder reads it.
Result<GroupSide> ParseSide(const EncodedDeltaGroup& encoded,
                            const GroupData& group);

}  // namespace ingot

#endif  // INGOT_TESTS_CODEC_DELTA_CASES_H_
