// Any bytes as a tensor of a dtype, shape and level from the input's first
// bytes: encoding twice and with every kernel set gives the same bytes, and
// decoding with every set gives the tensor back.
//
//   u8 dtype, u8 level, u16 columns, elements

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "codec/base/thread_pool.h"
#include "codec/container/group_writer.h"
#include "codec/planes/float_layout.h"
#include "codec/predict/difference.h"
#include "codec/tensor_codec.h"
#include "tests/fuzz/fuzz_checks.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

constexpr size_t kPrefix = 4;

struct EncodedGroup final : public GroupSink {
  explicit EncodedGroup(const Geometry& coded) : geometry(coded) {}

  Status Group(const GroupSide& group_side) override {
    AppendGroupSide(group_side, &bytes);
    // As a decoder gets it.
    ByteReader reader(bytes);
    Result<GroupSide> parsed = ParseGroupSide(&reader, geometry, 0);
    Check(parsed.ok());
    side = *std::move(parsed);
    return {};
  }
  Status Block(const EncodedBlock& block) override {
    headers.push_back(block.header);
    AppendBlockHeader(block.header, &bytes);
    Bytes& payload = payloads.emplace_back();
    for (const ByteSpan piece : block.payload) {
      payload.insert(payload.end(), piece.begin(), piece.end());
    }
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    payload.resize(payload.size() + kKernelSlack);
    return {};
  }

  Geometry geometry;
  GroupSide side;
  Bytes bytes;
  std::vector<BlockHeader> headers;
  std::vector<Bytes> payloads;
};

// Elements near those of `raw`, in one of several ways.
Bytes MakeBase(ByteSpan raw, size_t element, uint8_t kind) {
  Bytes base(raw.begin(), raw.end());
  uint64_t state = kind;
  switch (kind % 4) {
    case 0:  // what was there one element ago
      std::rotate(base.begin(), base.begin() + static_cast<ptrdiff_t>(element),
                  base.end());
      break;
    case 1:  // zeros
      std::ranges::fill(base, std::byte{0});
      break;
    default:  // one element of four or sixteen is moved by some bits
      for (size_t at = 0; at < base.size(); at += element) {
        state = state * 6364136223846793005 + 1442695040888963407;
        if (state >> 62 != 0 || (kind % 4 == 3 && (state >> 60 & 3) != 0)) {
          continue;
        }
        base[at + (state >> 40) % element] ^=
            static_cast<std::byte>((state >> 32 & 0xFF) >> (state >> 48 & 7));
      }
  }
  return base;
}

// Small blocks, so that small inputs have several. `base` may be empty.
void CompareKernels(DType dtype, uint64_t columns, int level, ByteSpan raw,
                    ByteSpan base) {
  Geometry geometry{.dtype = dtype, .columns = columns};
  geometry.block_elements = 256;
  geometry.group_elements = uint64_t{1} << 20;
  GroupData group{.geometry = geometry, .first = 0, .raw = raw, .base = base};
  if (!base.empty()) {
    group.references.push_back({Digest{}, 0, group.elements()});
  }
  // Kept, because making them takes longer than using them.
  static ThreadPool pool(1);
  static std::map<const Kernels*, BlockDecoder> decoders;
  EncodedGroup expected(geometry);
  for (const Kernels* kernels : AvailableKernels()) {
    BlockDecoder& decoder =
        decoders.try_emplace(kernels, *kernels).first->second;
    EncodedGroup encoded(geometry);
    GroupWriter writer(level, 0, &pool, *kernels);
    Check(writer.Encode(group, &encoded).ok());
    if (kernels == AvailableKernels()[0]) expected = encoded;
    Check(encoded.bytes == expected.bytes);
    for (size_t block = 0; block < encoded.headers.size(); ++block) {
      const ByteSpan block_raw = group.BlockRaw(block);
      const ByteSpan block_base = group.BlockBase(block);
      Bytes from(block_base.begin(), block_base.end());
      from.resize(from.size() + kKernelSlack);
      Bytes out(block_raw.size());
      Check(decoder
                .Decode(encoded.side, geometry,
                        {.group_first = 0,
                         .first = group.BlockBegin(block),
                         .base = base.empty() ? nullptr : from.data()},
                        encoded.headers[block], encoded.payloads[block].data(),
                        0, encoded.headers[block].elements, out,
                        /*stream=*/false)
                .ok());
      Check(std::ranges::equal(out, block_raw));
    }
  }
}

}  // namespace
}  // namespace ingot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;
  if (size < kPrefix) return 0;
  const DType dtype = CodableDType(data[0]);
  // Level 4 tries lzma, which takes milliseconds whatever the size: rarely.
  // Others from 3 on do so for what is not float.
  const bool is_float = FloatLayoutOf(dtype).has_value();
  const int level = data[1] == 255   ? 4
                    : data[1] >= 248 ? 6
                    : data[1] >= 240 ? 5
                    : data[1] >= 224 && (is_float || data[1] < 226) ? 3
                    : data[1] >= 221 && is_float
                        ? 7 + data[1] % 3
                        : 1 + data[1] % 2;
  const TensorSpec spec{dtype,
                        uint64_t{1} + LoadLittleEndian<uint16_t>(data + 2)};
  const size_t bytes = GetDTypeInfo(dtype).bits / 8;
  const ByteSpan raw(reinterpret_cast<const std::byte*>(data) + kPrefix,
                     (size - kPrefix) / bytes * bytes);

  // Kept, as users should: what they saw before must leave no trace.
  static std::array<std::unique_ptr<TensorEncoder>, kMaxLevel + 1> encoders;
  if (encoders[level] == nullptr) {
    encoders[level] = std::make_unique<TensorEncoder>(
        EncodeOptions{.level = level, .threads = 1});
  }
  TensorEncoder& encoder = *encoders[level];
  Bytes encoded(MaxEncodedTensorBytes(spec, raw.size()));
  const Result<size_t> encoded_size = encoder.Encode(spec, raw, encoded);
  Check(encoded_size.ok());
  encoded.resize(*encoded_size);
  Bytes again(MaxEncodedTensorBytes(spec, raw.size()));
  const Result<size_t> again_size = encoder.Encode(spec, raw, again);
  Check(again_size.ok());
  again.resize(*again_size);
  Check(again == encoded);

  Bytes out(raw.size());
  static TensorDecoder decoder({.threads = 1});
  Check(decoder.Decode(spec, encoded, out).ok());
  Check(std::ranges::equal(out, raw));
  if (raw.empty()) return 0;
  CompareKernels(dtype, spec.columns, level, raw, {});
  // Half of the time, and not what byte coders are slow with.
  const bool with_base = (data[2] & 4) == 0 && DifferenceFormatOf(dtype) &&
                         (is_float || level < 3);
  if (with_base) {
    CompareKernels(dtype, spec.columns, level, raw,
                   MakeBase(raw, bytes, data[2]));
  }
  return 0;
}
