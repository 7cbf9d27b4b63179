#include "codec/method/block_codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "codec/base/checksum.h"
#include "codec/method/delta_method.h"
#include "codec/method/delta_planner.h"
#include "codec/method/fields_method.h"
#include "codec/method/float_method.h"
#include "codec/method/modelled_method.h"
#include "codec/method/modelled_planner.h"
#include "codec/method/subset.h"
#include "codec/method/transform.h"
#include "codec/options.h"
#include "codec/planes/record_layout.h"

namespace ingot {
namespace {

// Block bytes equal to themselves moved by one element: all elements equal.
bool AllElementsEqual(ByteSpan raw, size_t element_bytes) {
  return raw.size() <= element_bytes ||
         std::memcmp(raw.data(), raw.data() + element_bytes,
                     raw.size() - element_bytes) == 0;
}

// What a sample of a group must shrink to for bytes to be tried on blocks, and
// by how much less than a block's planes its sample must take.
constexpr double kPromisingShare = 0.55;
constexpr double kBetterShare = 0.95;

// What byte coders shrink a sample to, as a share of it: little where there are
// repeats, masks, runs of zeros.
double SampledByteShare(ByteSpan raw) {
  constexpr size_t kPieces = 4;
  constexpr size_t kMostOfPiece = 16384;
  constexpr size_t kLeastOfPiece = 2048;
  // A 64th of the group, so that the trial stays cheap beside the coding.
  const size_t piece_bytes = std::clamp(raw.size() / 64 / kPieces,
                                        kLeastOfPiece, kMostOfPiece);
  std::vector<std::byte> sample;
  if (raw.size() <= kPieces * piece_bytes) {
    sample.assign(raw.begin(), raw.end());
  } else {
    for (size_t piece = 0; piece < kPieces; ++piece) {
      const ByteSpan part = raw.subspan(
          (raw.size() - piece_bytes) / (kPieces - 1) * piece,
          piece_bytes);
      sample.insert(sample.end(), part.begin(), part.end());
    }
  }
  std::vector<std::byte> encoded;
  EncodeBytes(sample, {.zstd_level = 1, .try_lzma = false}, &encoded);
  return static_cast<double>(encoded.size()) /
         static_cast<double>(sample.size());
}

std::string PercentText(double share) {
  return std::to_string(static_cast<unsigned>(share * 100 + 0.5)) + " %";
}

// Groups up to this size are encoded in more than one way: what models send
// for a start weighs there. So are groups whose mantissas are no noise, where
// byte coders may do more with them than models.
constexpr uint64_t kMaxComparedElements = uint64_t{1} << 15;

void StartPayload(Method method, size_t planes, EncodedBlock* block) {
  block->header.method = method;
  block->header.plane_count = static_cast<uint8_t>(planes);
  block->header.payload_length = 0;
  block->payload.clear();
}

// What a group takes under a plan; record framing is the same for all.
size_t EncodedBytes(const GroupPlan& plan, const GroupData& group,
                    BlockEncoder* encoder) {
  std::vector<std::byte> bodies;
  AppendGroupSide(plan.floats.side, &bodies);
  size_t bytes = 0;
  EncodedBlock block;
  for (uint64_t i = 0; i < group.blocks(); ++i) {
    if (!encoder->Encode(plan, group, i, &block).ok()) return SIZE_MAX;
    AppendBlockHeader(block.header, &bodies);
    bytes += block.header.payload_length;
  }
  return bytes + bodies.size();
}

}  // namespace

namespace {

GroupPlan PlanDirect(const GroupData& group, int level, const Kernels& kernels,
                     ThreadPool* pool, Attempts* trace) {
  GroupPlan plan{.level = level,
                 .kernels = &kernels,
                 .floats = {},
                 .try_bytes = false,
                 .found = DetectStructure(group, trace)};
  const bool is_float = FloatLayoutOf(group.geometry.dtype).has_value();
  if (is_float || RecordLayoutOf(group.geometry.dtype) != nullptr) {
    const double share = SampledByteShare(group.raw);
    plan.try_bytes = share < kPromisingShare;
    Tell(trace, Attempt::Stage::kDetector, "bytes",
         plan.try_bytes ? Attempt::Outcome::kChosen
                        : Attempt::Outcome::kRuledOut,
         std::nullopt,
         "zstd shrinks a sample to " + PercentText(share) + ", " +
             PercentText(kPromisingShare) + " is promising");
  }
  if (!is_float) {
    plan.floats.side.elements = group.elements();
    return plan;
  }
  const Detections& found = plan.found;
  // Where other methods may win, models and tables for joined exponents
  // hardly pay.
  const bool others = plan.try_bytes || found.integers || found.span > 0;
  GroupPlan modelled = plan;
  if (level >= kFirstModelledLevel && !others && !found.sparse &&
      !found.rows) {
    modelled.floats.side.elements = group.elements();
    modelled.floats.side.modelled =
        PlanModelledGroup(group, level, pool, trace);
  }
  const bool worth_it = modelled.floats.side.modelled != nullptr;
  if (worth_it && group.elements() > kMaxComparedElements &&
      HasNoisyRemainders(group, kernels)) {
    // Models have no better answer to exponents that lie far apart.
    modelled.floats.try_split =
        PlanFloatGroup(group, kDefaultLevel, false, kernels, pool).try_split;
    return modelled;
  }
  plan.floats = PlanFloatGroup(
      group, others ? std::min(level, kHuffmanLevel - 1) : level, found.sparse,
      kernels, pool, trace);
  if (worth_it) {
    modelled.floats.try_split = plan.floats.try_split;
    BlockEncoder encoder;
    const size_t as_modelled = EncodedBytes(modelled, group, &encoder);
    const size_t as_planned = EncodedBytes(plan, group, &encoder);
    const bool better = as_modelled < as_planned;
    Tell(trace, Attempt::Stage::kExponents, "modelled, encoded for comparison",
         better ? Attempt::Outcome::kChosen : Attempt::Outcome::kLarger,
         as_modelled, "the other plan takes " + std::to_string(as_planned));
    if (better) return modelled;
  }
  return plan;
}

}  // namespace

GroupPlan PlanGroup(const GroupData& group, int level, const Kernels& kernels,
                    ThreadPool* pool, Attempts* trace) {
  std::shared_ptr<const DeltaPlan> delta;
  if (!group.base.empty()) delta = PlanDelta(group, level, kernels);
  if (delta == nullptr) return PlanDirect(group, level, kernels, pool, trace);
  GroupPlan plan{.level = level, .kernels = &kernels, .floats = {},
                 .try_bytes = false, .found = {}};
  if (delta->try_direct) {
    plan = PlanDirect(group, level, kernels, pool, trace);
  }
  plan.floats.side.elements = group.elements();
  plan.floats.side.delta = delta->side;
  plan.delta = std::move(delta);
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

size_t EncodedBlock::UsePlanes(
    Method method, ByteSpan coded,
    const std::array<PlaneHeader, kMaxPlanes>& planes, size_t count,
    size_t limit) {
  // What alignment may add counts as well.
  const bool aligned = coded.size() >= kAlignedPayload;
  const size_t padding = aligned ? count * kPayloadAlignment : 0;
  if (coded.size() + padding >= limit) return coded.size() + padding;
  StartPayload(method, count, this);
  header.planes = planes;
  size_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    AppendPlane(coded.subspan(at, planes[i].length), aligned);
    at += planes[i].length;
  }
  return header.payload_length;
}

struct BlockEncoder::Scratch {
  FloatEncodeScratch floats;
  JoinedEncodeScratch joined;
  ModelledEncodeScratch modelled;
  SubsetEncodeScratch subset;
  DeltaEncodeScratch delta;
  std::vector<std::byte> bytes;  // what EncodeAsBytes made
  std::vector<std::byte> plane;
  PlaneSet planes;
  std::vector<std::byte> coded;  // what EncodeTransform tries
  std::vector<std::byte> best;   // what it or EncodeAsFields made last
};

BlockEncoder::BlockEncoder() : scratch_(std::make_unique<Scratch>()) {}
BlockEncoder::~BlockEncoder() = default;

namespace {

// One plane: the elements as they are, where they come out smaller than
// `limit`. Returns what they take, as the functions below do.
size_t EncodeAsBytes(ByteSpan raw, int level, size_t limit,
                   std::vector<std::byte>* coded, EncodedBlock* block) {
  coded->clear();
  const Coder coder = EncodeBytes(raw, PlaneEffortForLevel(level), coded);
  if (coded->size() >= limit) return coded->size();
  StartPayload(Method::kBytes, 1, block);
  block->header.planes[0] = {.coder = coder,
                             .length = static_cast<uint32_t>(coded->size()),
                             .table = {},
                             .streams = {}};
  block->AppendPlane(*coded, false);
  return coded->size();
}

// Planes of a transform, where they come out smaller than `limit`.
size_t EncodeTransform(Method method, const PlaneSet& set,
                       const ByteEffort& effort, size_t limit,
                       std::vector<std::byte>* coded,
                       std::vector<std::byte>* kept, EncodedBlock* block) {
  coded->clear();
  std::array<PlaneHeader, kMaxPlanes> planes;
  for (size_t plane = 0; plane < set.count; ++plane) {
    const size_t at = coded->size();
    planes[plane].coder =
        EncodeBytes(set.planes[plane], effort, coded);
    planes[plane].length = static_cast<uint32_t>(coded->size() - at);
  }
  const bool aligned = coded->size() >= kAlignedPayload;
  const size_t padding = aligned ? set.count * kPayloadAlignment : 0;
  if (coded->size() + padding >= limit) return coded->size() + padding;
  coded->swap(*kept);
  block->UsePlanes(method, *kept, planes, set.count, limit);
  block->header.parameters = set.parameters;
  return block->header.payload_length;
}

// The fields of packed blocks, where they gain enough.
size_t EncodeAsFields(ByteSpan raw, DType dtype, int level,
                      std::vector<std::byte>* plane,
                      std::vector<std::byte>* coded, EncodedBlock* block) {
  coded->clear();
  std::array<PlaneHeader, kMaxPlanes> planes;
  const size_t count = EncodeFields(raw, dtype, level, plane, coded, &planes);
  // Below a gain of 2 % decoding costs more than the bytes are worth.
  return block->UsePlanes(Method::kFields, *coded, planes, count,
                          raw.size() / 50 * 49);
}

// Tells a trace of what a block's methods came to.
class BlockTrace {
 public:
  BlockTrace(Attempts* trace, const EncodedBlock& block)
      : trace_(trace), block_(block) {}

  // A method that is the block's where it was `done`. `bytes` 0: given up.
  void Tried(Method method, bool done, size_t bytes = 0) {
    if (trace_ == nullptr) return;
    if (done) {
      for (Attempt& attempt : *trace_) {
        if (attempt.outcome == Attempt::Outcome::kChosen) {
          attempt.outcome = Attempt::Outcome::kLarger;
        }
      }
      Tell(trace_, Attempt::Stage::kMethod, MethodText(block_.header),
           Attempt::Outcome::kChosen, block_.header.payload_length);
    } else if (bytes > 0) {
      Tell(trace_, Attempt::Stage::kMethod, MethodName(method),
           Attempt::Outcome::kLarger, bytes);
    } else {
      Tell(trace_, Attempt::Stage::kMethod, MethodName(method),
           Attempt::Outcome::kRuledOut, std::nullopt,
           "does not apply, or given up at the raw size");
    }
  }
  void RuledOut(Method method, const char* reason) {
    Tell(trace_, Attempt::Stage::kMethod, MethodName(method),
         Attempt::Outcome::kRuledOut, std::nullopt, reason);
  }

 private:
  Attempts* const trace_;
  const EncodedBlock& block_;
};

}  // namespace

Status BlockEncoder::Encode(const GroupPlan& plan, const GroupData& group,
                            uint64_t index, EncodedBlock* block,
                            Attempts* attempts) {
  const ByteSpan raw = group.BlockRaw(index);
  block->header = BlockHeader{};
  block->header.elements =
      static_cast<uint32_t>(raw.size() / group.geometry.element_bytes());
  bool done = false;
  const auto from_base = [&](size_t limit) -> Status {
    INGOT_ASSIGN(done, EncodeDeltaBlock(plan, group, index, limit,
                                        &scratch_->delta, block));
    BlockTrace(attempts, *block).Tried(Method::kDelta, done);
    return {};
  };
  if (plan.delta != nullptr && !plan.delta->try_direct) {
    INGOT_TRY(from_base(raw.size()));
  }
  if (!done) {
    INGOT_TRY(EncodeDirectly(plan, group, index, block, attempts));
    if (plan.delta != nullptr && plan.delta->try_direct) {
      INGOT_TRY(from_base(block->header.payload_length));
    }
  }
  block->header.checksum = ChecksumOfPieces(block->payload);
  return {};
}

Status BlockEncoder::EncodeDirectly(const GroupPlan& plan,
                                    const GroupData& group, uint64_t index,
                                    EncodedBlock* block, Attempts* attempts) {
  const ByteSpan raw = group.BlockRaw(index);
  const size_t element_bytes = group.geometry.element_bytes();
  BlockHeader& header = block->header;
  BlockTrace trace(attempts, *block);
  if (AllElementsEqual(raw, element_bytes)) {
    StartPayload(Method::kConstant, 1, block);
    header.planes[0].length = static_cast<uint32_t>(element_bytes);
    block->AppendPlane(raw.first(element_bytes), false);
    trace.Tried(Method::kConstant, true);
  } else {
    bool done = false;
    if (plan.floats.side.modelled != nullptr) {
      INGOT_ASSIGN(done, EncodeModelledBlock(
                             *plan.floats.side.modelled, plan.level, group,
                             index, raw.size(), &scratch_->modelled, block));
      trace.Tried(Method::kModelled, done);
    }
    if (plan.floats.side.tiered && (plan.found.sparse || plan.found.rows)) {
      const Method method =
          plan.found.sparse ? Method::kSparse : Method::kRows;
      INGOT_ASSIGN(done, EncodeSubsetBlock(method, plan, group, index,
                                           raw.size(), &scratch_->floats,
                                           &scratch_->joined, &scratch_->subset,
                                           block));
      trace.Tried(method, done);
    }
    if (!done && plan.floats.side.tiered) {
      INGOT_ASSIGN(done, EncodeEitherBlock(plan, group, index, raw.size(),
                                           &scratch_->floats,
                                           &scratch_->joined, block));
      trace.Tried(Method::kFloat, done);
    }
    if (PlaneCount(Method::kFields, group.geometry.dtype)) {
      const size_t bytes =
          EncodeAsFields(raw, group.geometry.dtype, plan.level,
                         &scratch_->plane, &scratch_->best, block);
      done = header.method == Method::kFields;
      trace.Tried(Method::kFields, done, bytes);
    }
    const bool only_bytes = !done;
    if (only_bytes) {
      EncodeAsBytes(raw, plan.level, SIZE_MAX, &scratch_->bytes, block);
      trace.Tried(Method::kBytes, true);
    }
    const BlockElements elements{
        &group.geometry, group.first + group.BlockBegin(index), raw};
    PlaneSet* const planes = &scratch_->planes;
    const auto transform = [&](Method method, bool applies) {
      if (!applies) {
        trace.RuledOut(method, "not all of the block's elements fit");
        return;
      }
      size_t limit = header.payload_length;
      ByteEffort effort = PlaneEffortForLevel(plan.level);
      if (method == Method::kSplit && done &&
          plan.level < kFirstModelledLevel) {
        // Bytes decode at a fraction of the speed of floats.
        limit = limit / 50 * 49;
        effort = FloatPlaneEffortForLevel(plan.level);
      }
      const size_t bytes =
          EncodeTransform(method, *planes, effort, limit, &scratch_->coded,
                          &scratch_->best, block);
      trace.Tried(method, bytes < limit, bytes);
    };
    if ((only_bytes || plan.floats.try_split) && element_bytes > 1 &&
        element_bytes <= kMaxPlanes) {
      SplitElements(elements, planes);
      transform(Method::kSplit, true);
    }
    if (plan.found.palette) {
      transform(Method::kPalette, FindPalette(elements, planes));
    }
    if (plan.found.integers) {
      transform(Method::kIntegers, FindIntegers(elements, planes));
    }
    if (plan.found.span > 0) {
      transform(Method::kScaled,
                FindScaledIntegers(elements, plan.found.span, planes));
    }
    if (done && plan.try_bytes) {
      const double share = static_cast<double>(header.payload_length) /
                           static_cast<double>(raw.size());
      if (SampledByteShare(raw) < kBetterShare * share) {
        const size_t limit = header.payload_length;
        const size_t bytes = EncodeAsBytes(raw, plan.level, limit,
                                           &scratch_->bytes, block);
        trace.Tried(Method::kBytes, bytes < limit, bytes);
      } else {
        trace.RuledOut(Method::kBytes, "a sample of the block shrinks less");
      }
    }
  }
  return {};
}

struct BlockDecoder::Scratch {
  FloatDecodeScratch floats;
  SubsetDecodeScratch subset;
  ModelledDecodeScratch modelled;
  std::unique_ptr<DeltaDecodeScratch> delta;  // made where it is needed
  AlignedBuffer plane;
  std::array<AlignedBuffer, kMaxPlanes> planes;
  AlignedBuffer whole;
};

BlockDecoder::BlockDecoder(const Kernels& kernels)
    : kernels_(kernels), scratch_(std::make_unique<Scratch>()) {}
BlockDecoder::~BlockDecoder() = default;

namespace {

// Elements from `begin` on of a block whose method is a transform.
Status DecodeTransform(const BlockHeader& header, const Geometry& geometry,
                       uint64_t first, const std::byte* payload,
                       uint64_t begin,
                       std::array<AlignedBuffer, kMaxPlanes>* scratch,
                       MutableByteSpan out) {
  std::vector<ByteSpan> planes(header.plane_count);
  for (size_t plane = 0; plane < planes.size(); ++plane) {
    const PlaneHeader& encoded = header.planes[plane];
    const ByteSpan bytes(payload + header.PlaneOffset(plane), encoded.length);
    const uint64_t size = TransformPlaneBytes(header, geometry, first, plane);
    if (encoded.coder == Coder::kStore && bytes.size() == size) {
      planes[plane] = bytes;
      continue;
    }
    AlignedBuffer& decoded = (*scratch)[plane];
    INGOT_TRY(decoded.Resize(size));
    INGOT_TRY(DecodeBytes(encoded.coder, bytes, decoded.span()));
    planes[plane] = decoded.span();
  }
  return RestoreElements(header, geometry, first, planes, begin, out);
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
    case Method::kFields:
      return DecodeFields(header, payload, geometry.dtype, begin,
                          &scratch_->plane, out);
    case Method::kSparse:
    case Method::kRows:
      return DecodeSubsetBlock(kernels_, side, geometry, position, header,
                               payload, begin, end, &scratch_->floats,
                               &scratch_->subset, out);
    case Method::kModelled:
      if (side.modelled == nullptr) {
        return Corruption("modelled block in a group without a model");
      }
      return DecodeModelledBlock(*side.modelled, geometry, position, header,
                                 payload, begin, end, &scratch_->modelled, out);
    case Method::kCopy:
    case Method::kTouched:
    case Method::kDelta:
      if (side.delta == nullptr || position.base == nullptr) {
        return Corruption("predicted block in a group without a base");
      }
      if (scratch_->delta == nullptr) {
        scratch_->delta = std::make_unique<DeltaDecodeScratch>();
      }
      return DecodeDeltaBlock(kernels_, *side.delta, geometry, position, header,
                              payload, begin, end, scratch_->delta.get(), out,
                              stream);
    case Method::kSplit:
    case Method::kPalette:
    case Method::kIntegers:
    case Method::kScaled:
      return DecodeTransform(header, geometry, position.first, payload, begin,
                             &scratch_->planes, out);
  }
  return Corruption("unknown method");
}

}  // namespace ingot
