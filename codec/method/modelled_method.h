// The modelled method: exponents and top mantissa bits through context models,
// the other bits as planes (codec/FORMAT.md, section 8).
//
// Internal to codec/method; BlockEncoder and BlockDecoder are the entry.
//
// Thread-safety: the scratch structs belong to one thread each.

#ifndef INGOT_CODEC_METHOD_MODELLED_METHOD_H_
#define INGOT_CODEC_METHOD_MODELLED_METHOD_H_

#include <array>
#include <vector>

#include "codec/base/aligned_buffer.h"
#include "codec/entropy/cm/run_coder.h"
#include "codec/method/block.h"
#include "codec/method/block_codec.h"
#include "codec/method/modelled_side.h"

namespace ingot {

// What a run's elements are for the models.
struct ModelledSymbols {
  std::vector<uint8_t> classes;
  std::vector<int16_t> octaves;
  std::vector<uint8_t> slots;
  std::vector<uint8_t> tops;
  std::vector<uint16_t> escapes;

  void Resize(size_t elements);
};

struct ModelledEncodeScratch {
  ModelledSymbols symbols;
  SymbolModel model;
  EncodedRun run;
  std::vector<std::byte> plane;
  std::vector<std::byte> streams;
  std::array<AlignedBuffer, kMaxRemainderPlanes> planes;
  std::array<std::vector<std::byte>, kMaxRemainderPlanes> coded;
};

// Encodes a block into pieces that lie in `scratch`. True where the result is
// smaller than `limit` bytes; else `*block` is unspecified. The header's
// checksum is left to the caller.
Result<bool> EncodeModelledBlock(const ModelledSide& side, int level,
                                 const GroupData& group, uint64_t index,
                                 size_t limit, ModelledEncodeScratch* scratch,
                                 EncodedBlock* block);

// Bytes that the symbols of a short group take as one run; UINT64_MAX where
// they are no input for the coder. REQUIRES: at most kMaxRunElements.
uint64_t TryRun(const ModelledSide& side, const GroupData& group,
                ModelledEncodeScratch* scratch);

struct ModelledDecodeScratch {
  ModelledSymbols symbols;
  SymbolModel model;
  std::array<AlignedBuffer, kMaxRemainderPlanes> planes;
};

Status DecodeModelledBlock(const ModelledSide& side, const Geometry& geometry,
                           const BlockPosition& position,
                           const BlockHeader& header, const std::byte* payload,
                           uint64_t begin, uint64_t end,
                           ModelledDecodeScratch* scratch, MutableByteSpan out);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_MODELLED_METHOD_H_
