#include "codec/entropy/adaptive_byte_coder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <memory>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/entropy/adaptive_bit.h"
#include "codec/entropy/range_coder.h"

namespace ingot {
namespace {

// The parameter byte: bits 0-1 what classes follow from, bit 2 fast, bit 3
// four lanes.
enum class Context : uint8_t { kNone = 0, kSigned = 1, kBiased = 2 };
constexpr uint8_t kContextMask = 3;
constexpr uint8_t kFast = 4;
constexpr uint8_t kLaned = 8;
constexpr uint8_t kParameters = 16;

// The byte whose class selects a tree lies this far behind: in the same lane,
// so that lanes do not wait for each other.
constexpr size_t kDistance = 4;
constexpr size_t kLanes = 4;
constexpr size_t kMinLanedBytes = 4096;
constexpr size_t kTrialBytes = 16384;
constexpr uint32_t kFastCount = 60;
constexpr size_t kByteClasses = 9;
constexpr uint32_t kLeaves = 256;
// Bytes of a stream for each of its bytes beyond which it is given up; one
// byte takes no more than the slack.
constexpr size_t kByteLimit = 2;
constexpr size_t kSlack = 64;

using Trees = std::array<std::array<AdaptiveBit, kLeaves>, kByteClasses>;

// Bits of the magnitude of a byte in two's complement, 0 to 8, after its top
// bit was flipped where zero lies at 128.
std::array<uint8_t, 256> ClassesOf(Context context) {
  std::array<uint8_t, 256> classes{};
  if (context == Context::kNone) return classes;
  for (int value = 0; value < 256; ++value) {
    const int flipped = context == Context::kBiased ? value ^ 128 : value;
    const int magnitude = flipped < 128 ? flipped : 256 - flipped;
    classes[static_cast<size_t>(value)] =
        static_cast<uint8_t>(std::bit_width(static_cast<unsigned>(magnitude)));
  }
  return classes;
}

std::unique_ptr<Trees> FreshTrees() {
  auto trees = std::make_unique<Trees>();
  for (auto& tree : *trees) tree.fill(kEvenBit);
  return trees;
}

inline uint8_t ClassAt(const std::array<uint8_t, 256>& classes,
                       const uint8_t* bytes, size_t i) {
  return i < kDistance ? 0 : classes[bytes[i - kDistance]];
}

struct Streams {
  std::vector<uint8_t> bytes;  // each lane's, `capacity` apart
  size_t capacity = 0;
  std::array<size_t, kLanes> sizes{};

  size_t total() const {
    size_t sum = 0;
    for (const size_t size : sizes) sum += size;
    return sum;
  }
};

// False where the streams are no smaller than twice the input.
template <uint32_t kMaximum>
bool EncodeLanes(ByteSpan raw, Context context, size_t lanes,
                 Streams* streams) {
  const std::array<uint8_t, 256> classes = ClassesOf(context);
  const auto trees = FreshTrees();
  const uint8_t* const in = AsU8(raw.data());
  streams->capacity = (raw.size() / lanes + 1) * kByteLimit + kSlack;
  streams->bytes.resize(streams->capacity * lanes);
  std::array<RangeEncoder, kLanes> coders;
  std::array<const uint8_t*, kLanes> limits{};
  for (size_t lane = 0; lane < lanes; ++lane) {
    uint8_t* const begin = streams->bytes.data() + lane * streams->capacity;
    coders[lane] = RangeEncoder(begin);
    limits[lane] = begin + streams->capacity - kSlack;
  }
  for (size_t i = 0; i < raw.size(); ++i) {
    auto& tree = (*trees)[ClassAt(classes, in, i)];
    RangeEncoder& coder = coders[i % lanes];
    uint32_t node = 1;
    for (int level = 7; level >= 0; --level) {
      const uint32_t bit = (in[i] >> level) & 1u;
      coder.Encode(bit, Probability16(tree[node]));
      tree[node] = Adapt<kMaximum>(tree[node], bit);
      node = node << 1 | bit;
    }
    if (coder.out() > limits[i % lanes]) return false;
  }
  streams->sizes = {};
  for (size_t lane = 0; lane < lanes; ++lane) {
    coders[lane].Finish();
    streams->sizes[lane] = coders[lane].bytes();
  }
  return true;
}

bool Encode(ByteSpan raw, uint8_t parameters, Streams* streams) {
  const auto context = static_cast<Context>(parameters & kContextMask);
  const size_t lanes = parameters & kLaned ? kLanes : 1;
  return parameters & kFast
             ? EncodeLanes<kFastCount>(raw, context, lanes, streams)
             : EncodeLanes<kMaxCount>(raw, context, lanes, streams);
}

template <uint32_t kMaximum>
bool DecodeLanes(Context context, size_t lanes,
                 const std::array<const uint8_t*, kLanes + 1>& borders,
                 MutableByteSpan out) {
  const std::array<uint8_t, 256> classes = ClassesOf(context);
  const auto trees = FreshTrees();
  uint8_t* const bytes = AsU8(out.data());
  std::array<RangeDecoder, kLanes> coders;
  for (size_t lane = 0; lane < lanes; ++lane) {
    coders[lane] = RangeDecoder(borders[lane]);
  }
  for (size_t i = 0; i < out.size(); ++i) {
    auto& tree = (*trees)[ClassAt(classes, bytes, i)];
    const size_t lane = i % lanes;
    RangeDecoder& coder = coders[lane];
    uint32_t node = 1;
    while (node < kLeaves) {
      const uint32_t bit = coder.Decode(Probability16(tree[node]));
      tree[node] = Adapt<kMaximum>(tree[node], bit);
      node = node << 1 | bit;
    }
    bytes[i] = static_cast<uint8_t>(node);
    if (coder.in() > borders[lane + 1] + kRangeWordBytes) return false;
  }
  for (size_t lane = 0; lane < lanes; ++lane) {
    if (!coders[lane].FinishedAt(borders[lane + 1])) return false;
  }
  return true;
}

}  // namespace

bool EncodeAdaptiveBytes(ByteSpan raw, size_t limit,
                         std::vector<std::byte>* encoded) {
  const uint8_t lanes = raw.size() < kMinLanedBytes ? 0 : kLaned;
  const ByteSpan trial = raw.first(std::min(raw.size(), kTrialBytes));
  Streams streams;
  size_t best = SIZE_MAX;
  uint8_t parameters = 0;
  for (const uint8_t candidate : {0, 1, 2, 4, 5, 6}) {
    if (Encode(trial, candidate, &streams) && streams.total() < best) {
      best = streams.total();
      parameters = candidate;
    }
  }
  parameters |= lanes;
  if (!Encode(raw, parameters, &streams)) return false;
  const size_t start = encoded->size();
  ByteWriter writer(encoded);
  writer.WriteU8(parameters);
  const size_t count = lanes == 0 ? 1 : kLanes;
  for (size_t lane = 0; lane + 1 < count; ++lane) {
    writer.WriteVarint(streams.sizes[lane] / kRangeWordBytes);
  }
  if (encoded->size() - start + streams.total() >= limit) {
    encoded->resize(start);
    return false;
  }
  for (size_t lane = 0; lane < count; ++lane) {
    writer.WriteBytes(std::as_bytes(
        std::span(streams.bytes)
            .subspan(lane * streams.capacity, streams.sizes[lane])));
  }
  return true;
}

bool DecodeAdaptiveBytes(ByteSpan encoded, MutableByteSpan out) {
  ByteReader reader(encoded);
  const Result<uint8_t> parameters = reader.ReadU8();
  if (!parameters.ok() || *parameters >= kParameters ||
      (*parameters & kContextMask) > static_cast<uint8_t>(Context::kBiased)) {
    return false;
  }
  const size_t lanes = *parameters & kLaned ? kLanes : 1;
  std::array<uint64_t, kLanes> sizes{};
  for (size_t lane = 0; lane + 1 < lanes; ++lane) {
    const Result<uint64_t> words = reader.ReadVarint(encoded.size(), "words");
    if (!words.ok()) return false;
    sizes[lane] = *words * kRangeWordBytes;
  }
  // A copy, because decoders read on behind the end.
  std::vector<uint8_t> streams(reader.remaining() + kSlack, 0);
  std::copy_n(AsU8(encoded.data()) + reader.position(), reader.remaining(),
              streams.begin());
  std::array<const uint8_t*, kLanes + 1> borders{};
  uint64_t at = 0;
  for (size_t lane = 0; lane < lanes; ++lane) {
    borders[lane] = streams.data() + at;
    if (lane + 1 < lanes) at += sizes[lane];
    if (at > reader.remaining()) return false;
  }
  borders[lanes] = streams.data() + reader.remaining();
  const auto context = static_cast<Context>(*parameters & kContextMask);
  return *parameters & kFast
             ? DecodeLanes<kFastCount>(context, lanes, borders, out)
             : DecodeLanes<kMaxCount>(context, lanes, borders, out);
}

}  // namespace ingot
