#include "codec/method/block_codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "codec/base/checksum.h"
#include "codec/method/float_method.h"

namespace ingot {
namespace {

// Block bytes equal to themselves moved by one element: all elements equal.
bool AllElementsEqual(ByteSpan raw, size_t element_bytes) {
  return raw.size() <= element_bytes ||
         std::memcmp(raw.data(), raw.data() + element_bytes,
                     raw.size() - element_bytes) == 0;
}

// True where byte coders shrink a sample of the group to well below what
// planes can reach: repeated rows, masks, runs of zeros.
bool BytesLookBetter(const GroupData& group) {
  constexpr size_t kPieces = 4;
  constexpr size_t kMostOfPiece = 16384;
  constexpr size_t kLeastOfPiece = 2048;
  // A 64th of the group, so that the trial stays cheap beside the coding.
  const size_t piece_bytes = std::clamp(group.raw.size() / 64 / kPieces,
                                        kLeastOfPiece, kMostOfPiece);
  std::vector<std::byte> sample;
  if (group.raw.size() <= kPieces * piece_bytes) {
    sample.assign(group.raw.begin(), group.raw.end());
  } else {
    for (size_t piece = 0; piece < kPieces; ++piece) {
      const ByteSpan part = group.raw.subspan(
          (group.raw.size() - piece_bytes) / (kPieces - 1) * piece,
          piece_bytes);
      sample.insert(sample.end(), part.begin(), part.end());
    }
  }
  std::vector<std::byte> encoded;
  EncodeBytes(sample, {.zstd_level = 1, .try_lzma = false}, &encoded);
  return encoded.size() < sample.size() * 11 / 20;
}

}  // namespace

GroupPlan PlanGroup(const GroupData& group, int level, const Kernels& kernels,
                    ThreadPool* pool) {
  GroupPlan plan{.level = level,
                 .kernels = &kernels,
                 .floats = {},
                 .try_bytes = false};
  if (FloatLayoutOf(group.geometry.dtype)) {
    plan.try_bytes = BytesLookBetter(group);
    // Where byte coders may win, tables for joined exponents hardly pay.
    plan.floats = PlanFloatGroup(
        group, plan.try_bytes ? std::min(level, kHuffmanLevel - 1) : level,
        kernels, pool);
  } else {
    plan.floats.side.elements = group.elements();
  }
  return plan;
}

void EncodedBlock::AppendPlane(ByteSpan plane, bool aligned) {
  static constexpr std::array<std::byte, kPayloadAlignment> kZeros{};
  if (aligned) {
    const uint64_t padding =
        AlignUp(header.payload_length, kPayloadAlignment) -
        header.payload_length;
    if (padding > 0) payload.push_back(ByteSpan(kZeros).first(padding));
    header.payload_length += static_cast<uint32_t>(padding);
  }
  payload.push_back(plane);
  header.payload_length += static_cast<uint32_t>(plane.size());
}

struct BlockEncoder::Scratch {
  FloatEncodeScratch floats;
  JoinedEncodeScratch joined;
  std::vector<std::byte> plane;
  std::vector<std::byte> bytes;  // what EncodeAsBytes made
  std::vector<std::byte> split;  // what EncodeAsSplit made
};

BlockEncoder::BlockEncoder() : scratch_(std::make_unique<Scratch>()) {}
BlockEncoder::~BlockEncoder() = default;

namespace {

void StartPayload(Method method, size_t planes, EncodedBlock* block) {
  block->header.method = method;
  block->header.plane_count = static_cast<uint8_t>(planes);
  block->header.payload_length = 0;
  block->payload.clear();
}

// One plane: the elements as they are.
void EncodeAsBytes(ByteSpan raw, int level, size_t limit,
                   std::vector<std::byte>* coded, EncodedBlock* block) {
  coded->clear();
  const Coder coder = EncodeBytes(raw, EffortForLevel(level), coded);
  if (coded->size() >= limit) return;
  StartPayload(Method::kBytes, 1, block);
  block->header.planes[0] = {.coder = coder,
                             .length = static_cast<uint32_t>(coded->size()),
                             .table = {},
                             .streams = {}};
  block->AppendPlane(*coded, false);
}

// One plane for each byte of the element.
void EncodeAsSplit(ByteSpan raw, size_t element_bytes, int level, size_t limit,
                   std::vector<std::byte>* plane,
                   std::vector<std::byte>* coded, EncodedBlock* block) {
  coded->clear();
  std::array<PlaneHeader, kMaxPlanes> planes;
  const size_t elements = raw.size() / element_bytes;
  plane->resize(elements);
  for (size_t byte = 0; byte < element_bytes; ++byte) {
    for (size_t i = 0; i < elements; ++i) {
      (*plane)[i] = raw[i * element_bytes + byte];
    }
    const size_t at = coded->size();
    planes[byte].coder = EncodeBytes(*plane, EffortForLevel(level), coded);
    planes[byte].length = static_cast<uint32_t>(coded->size() - at);
  }
  // What alignment may add counts as well.
  if (coded->size() + element_bytes * kPayloadAlignment >= limit) return;
  const bool aligned = coded->size() >= kAlignedPayload;
  StartPayload(Method::kSplit, element_bytes, block);
  block->header.planes = planes;
  size_t at = 0;
  for (size_t byte = 0; byte < element_bytes; ++byte) {
    block->AppendPlane(ByteSpan(*coded).subspan(at, planes[byte].length),
                       aligned);
    at += planes[byte].length;
  }
}

}  // namespace

Status BlockEncoder::Encode(const GroupPlan& plan, const GroupData& group,
                            uint64_t index, EncodedBlock* block) {
  const ByteSpan raw = group.BlockRaw(index);
  const size_t element_bytes = group.geometry.element_bytes();
  BlockHeader& header = block->header;
  header = BlockHeader{};
  header.elements = static_cast<uint32_t>(raw.size() / element_bytes);
  if (AllElementsEqual(raw, element_bytes)) {
    StartPayload(Method::kConstant, 1, block);
    header.planes[0].length = static_cast<uint32_t>(element_bytes);
    block->AppendPlane(raw.first(element_bytes), false);
  } else {
    bool done = false;
    if (plan.floats.side.joined) {
      INGOT_ASSIGN(done, EncodeJoinedBlock(plan, group, index, raw.size(),
                                           &scratch_->joined, block));
    }
    if (!done && plan.floats.side.tiered) {
      INGOT_ASSIGN(done, EncodeFloatBlock(plan, group, index, raw.size(),
                                          &scratch_->floats, block));
    }
    size_t limit = done ? header.payload_length : SIZE_MAX;
    if (!done || plan.try_bytes) {
      EncodeAsBytes(raw, plan.level, limit, &scratch_->bytes, block);
      limit = header.payload_length;
    }
    if (!done && element_bytes > 1) {
      EncodeAsSplit(raw, element_bytes, plan.level, limit, &scratch_->plane,
                    &scratch_->split, block);
    }
  }
  header.checksum = ChecksumOfPieces(block->payload);
  return {};
}

struct BlockDecoder::Scratch {
  FloatDecodeScratch floats;
  AlignedBuffer plane;
  AlignedBuffer whole;
};

BlockDecoder::BlockDecoder(const Kernels& kernels)
    : kernels_(kernels), scratch_(std::make_unique<Scratch>()) {}
BlockDecoder::~BlockDecoder() = default;

namespace {

// Elements [begin, end) of a split block: interleaves its byte planes.
Status DecodeSplit(const BlockHeader& header, const std::byte* payload,
                   size_t element_bytes, uint64_t begin, AlignedBuffer* plane,
                   MutableByteSpan out) {
  INGOT_TRY(plane->Resize(header.elements));
  const size_t elements = out.size() / element_bytes;
  for (size_t byte = 0; byte < element_bytes; ++byte) {
    const PlaneHeader& encoded = header.planes[byte];
    INGOT_TRY(DecodeBytes(
        encoded.coder,
        ByteSpan(payload + header.PlaneOffset(byte), encoded.length),
        plane->span()));
    for (size_t i = 0; i < elements; ++i) {
      out[i * element_bytes + byte] = plane->data()[begin + i];
    }
  }
  return {};
}

}  // namespace

Status BlockDecoder::Decode(const GroupSide& side, const Geometry& geometry,
                            const BlockPosition& position,
                            const BlockHeader& header,
                            const std::byte* payload, uint64_t begin,
                            uint64_t end, MutableByteSpan out, bool stream,
                            ByteSpan ahead) {
  const size_t element_bytes = geometry.element_bytes();
  const PlaneHeader& first = header.planes[0];
  switch (header.method) {
    case Method::kBytes: {
      const ByteSpan encoded(payload, first.length);
      const size_t raw_bytes = header.elements * element_bytes;
      if (out.size() == raw_bytes) {
        return DecodeBytes(first.coder, encoded, out);
      }
      INGOT_TRY(scratch_->whole.Resize(raw_bytes));
      INGOT_TRY(DecodeBytes(first.coder, encoded, scratch_->whole.span()));
      std::memcpy(out.data(), scratch_->whole.data() + begin * element_bytes,
                  out.size());
      return {};
    }
    case Method::kConstant:
      if (first.coder != Coder::kStore || first.length != element_bytes) {
        return Corruption("constant block: expected one stored element");
      }
      for (size_t at = 0; at < out.size(); at += element_bytes) {
        std::memcpy(out.data() + at, payload, element_bytes);
      }
      return {};
    case Method::kFloat:
      return DecodeFloatBlock(kernels_, side, geometry, position, header,
                              payload, begin, end, &scratch_->floats, out,
                              stream, ahead);
    case Method::kSplit:
      return DecodeSplit(header, payload, element_bytes, begin,
                         &scratch_->plane, out);
  }
  return Corruption("unknown method");
}

}  // namespace ingot
