// The methods copy, touched and delta: blocks predicted from other objects
// (codec/FORMAT.md, section 10).
//
// Internal to codec/method; BlockEncoder and BlockDecoder are the entry. These
// functions check every number of the payload and leave the loops to kernels.
//
// Thread-safety: the scratch structs belong to one thread each.

#ifndef INGOT_CODEC_METHOD_DELTA_METHOD_H_
#define INGOT_CODEC_METHOD_DELTA_METHOD_H_

#include <array>
#include <vector>

#include "codec/base/aligned_buffer.h"
#include "codec/method/block.h"
#include "codec/method/block_codec.h"
#include "codec/method/delta_side.h"

namespace ingot {

// Every class its own context, and nothing to be counted.
const ContextTables& PlainClasses();

// Contexts of elements [first, first + count) of a block at `position`, a byte
// each, and what their summaries add up to; `base` are the elements' bases.
ContextCounts ClassifyBlock(const Kernels& kernels, const DeltaSide& side,
                            const Geometry& geometry,
                            const BlockPosition& position, const uint8_t* base,
                            uint64_t first, uint32_t count,
                            const ContextTables& tables, uint8_t* contexts);

// Memory for a sub-block.
struct DeltaDecodeScratch {
  alignas(64) std::array<uint8_t, kSubBlockElements + kKernelSlack> contexts;
  alignas(64) std::array<uint8_t, kSubBlockElements + kKernelSlack> symbols;
  alignas(64) std::array<uint8_t, kSubBlockElements + kKernelSlack> packed;
  std::array<std::array<uint8_t, kSubBlockElements + kKernelSlack>, kMaxSets>
      sets;
  std::array<std::array<uint8_t, kSubBlockElements + kKernelSlack>, 3> lows;
  AlignedBuffer elements;
  std::vector<uint64_t> differences;                // coder cm
  std::array<std::vector<std::byte>, 3> planes;  // method touched
};

// Restores elements [begin, end) of a block of predictor 1.
Status DecodeDeltaBlock(const Kernels& kernels, const DeltaSide& side,
                        const Geometry& geometry,
                        const BlockPosition& position,
                        const BlockHeader& header, const std::byte* payload,
                        uint64_t begin, uint64_t end,
                        DeltaDecodeScratch* scratch, MutableByteSpan out,
                        bool stream);

// The same for method touched.
Status DecodeTouchedBlock(const Geometry& geometry,
                          const BlockPosition& position,
                          const BlockHeader& header, const std::byte* payload,
                          uint64_t begin, uint64_t end,
                          DeltaDecodeScratch* scratch, MutableByteSpan out,
                          bool stream);

struct DeltaEncodeScratch {
  std::vector<std::byte> touched;  // planes of method touched
  std::vector<std::byte> plane;    // of method delta
  std::array<std::vector<std::byte>, 3> raw;
  std::vector<uint8_t> contexts;  // of a block
  std::vector<uint8_t> symbols;
  std::vector<uint64_t> differences;
  std::array<std::vector<uint8_t>, kMaxSets> sets;
  std::array<std::vector<uint8_t>, kLowPlanes> lows;
};

// Encodes a block from its base where that takes fewer than `limit` bytes; the
// header's checksum is left to the caller. REQUIRES: plan.delta.
Result<bool> EncodeDeltaBlock(const GroupPlan& plan, const GroupData& group,
                              uint64_t index, size_t limit,
                              DeltaEncodeScratch* scratch,
                              EncodedBlock* block);

// Method touched: true where it takes fewer than `limit` bytes.
bool EncodeTouchedBlock(int level, const DifferenceFormat& format,
                        ByteSpan base, ByteSpan raw, size_t limit,
                        DeltaEncodeScratch* scratch, EncodedBlock* block);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_DELTA_METHOD_H_
