// The float method: planes of one block, exponents in tiers, fused.
//
// Internal to codec/method; BlockEncoder and BlockDecoder are the entry. These
// functions check every number of the payload and leave the loops to kernels.
//
// Thread-safety: the scratch structs belong to one thread each.

#ifndef INGOT_CODEC_METHOD_FLOAT_METHOD_H_
#define INGOT_CODEC_METHOD_FLOAT_METHOD_H_

#include <array>

#include "codec/base/aligned_buffer.h"
#include "codec/method/block.h"
#include "codec/method/block_codec.h"
#include "codec/method/scale_runs.h"

namespace ingot {

struct FloatEncodeScratch {
  ScaleRuns runs;
  AlignedBuffer codes;     // of tier 1
  AlignedBuffer segments;  // and the sub-block table
  std::array<AlignedBuffer, kMaxRemainderPlanes> planes;
  std::array<std::vector<std::byte>, kMaxRemainderPlanes> coded;
};

// Encodes a block with tiered exponents into pieces that lie in `scratch`.
// True where the result is smaller than `limit` bytes; else `*block` is
// unspecified. The header's checksum is left to the caller.
Result<bool> EncodeFloatBlock(const GroupPlan& plan, const GroupData& group,
                              uint64_t index, size_t limit,
                              FloatEncodeScratch* scratch,
                              EncodedBlock* block);

struct JoinedEncodeScratch {
  ScaleRuns runs;
  AlignedBuffer ranks;      // of a sub-block, or of a block for coder rans
  std::vector<std::byte> exceptions;  // of a sub-block or a block
  std::vector<std::byte> stream;  // of coder rans
  AlignedBuffer exponents;  // the encoded plane
  std::array<AlignedBuffer, kMaxRemainderPlanes> planes;
  std::array<std::vector<std::byte>, kMaxRemainderPlanes> coded;
};

// The same with joined exponents. REQUIRES: plan.floats.side.joined.
Result<bool> EncodeJoinedBlock(const GroupPlan& plan, const GroupData& group,
                               uint64_t index, size_t limit,
                               JoinedEncodeScratch* scratch,
                               EncodedBlock* block);

// One or the other: joined exponents where the group has a code for them and
// the block gains, else tiers. REQUIRES: plan.floats.side.tiered.
Result<bool> EncodeEitherBlock(const GroupPlan& plan, const GroupData& group,
                               uint64_t index, size_t limit,
                               FloatEncodeScratch* tiered,
                               JoinedEncodeScratch* joined,
                               EncodedBlock* block);

// Appends the remainder planes of `elements` elements to a block whose
// exponent plane, header.planes[0], lies in `exponents`. Planes that gain are
// encoded to `coded`.
void AppendFloatPlanes(
    int level, std::span<const ByteSpan> exponents,
    std::span<const ByteSpan> planes,
    std::array<std::vector<std::byte>, kMaxRemainderPlanes>* coded,
    EncodedBlock* block);

struct FloatDecodeScratch {
  ScaleRuns runs;
  // Planes that are not stored, symbols, and a sub-block's elements.
  std::array<AlignedBuffer, kMaxRemainderPlanes> planes;
  AlignedBuffer symbols;  // or ranks
  AlignedBuffer elements;
  AlignedBuffer segment;
};

Status DecodeFloatBlock(const Kernels& kernels, const GroupSide& side,
                        const Geometry& geometry,
                        const BlockPosition& position,
                        const BlockHeader& header, const std::byte* payload,
                        uint64_t begin, uint64_t end,
                        FloatDecodeScratch* scratch, MutableByteSpan out,
                        bool stream, ByteSpan ahead);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_FLOAT_METHOD_H_
