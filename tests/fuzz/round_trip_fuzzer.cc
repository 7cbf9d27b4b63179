// Any bytes as a tensor of a dtype, shape and level from the input's first
// bytes: encoding twice and with every kernel set gives the same bytes, and
// decoding with every set gives the tensor back.
//
//   u8 dtype, u8 level, u16 columns, elements

#include <algorithm>
#include <array>
#include <memory>

#include "codec/base/thread_pool.h"
#include "codec/container/group_writer.h"
#include "codec/planes/float_layout.h"
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

// Small blocks, so that small inputs have several.
void CompareKernels(DType dtype, uint64_t columns, int level, ByteSpan raw) {
  Geometry geometry{.dtype = dtype, .columns = columns};
  geometry.block_elements = 256;
  geometry.group_elements = uint64_t{1} << 20;
  const GroupData group{.geometry = geometry, .first = 0, .raw = raw};
  ThreadPool pool(1);
  EncodedGroup expected(geometry);
  for (const Kernels* kernels : AvailableKernels()) {
    EncodedGroup encoded(geometry);
    GroupWriter writer(level, &pool, *kernels);
    Check(writer.Encode(group, &encoded).ok());
    if (kernels == AvailableKernels()[0]) expected = encoded;
    Check(encoded.bytes == expected.bytes);
    for (size_t block = 0; block < encoded.headers.size(); ++block) {
      const ByteSpan block_raw = group.BlockRaw(block);
      Bytes out(block_raw.size());
      BlockDecoder decoder(*kernels);
      Check(decoder
                .Decode(encoded.side, geometry,
                        {.group_first = 0, .first = group.BlockBegin(block)},
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
  // Higher ones do so for what is not float.
  const bool is_float = FloatLayoutOf(dtype).has_value();
  const int level = data[1] == 255   ? 4
                    : data[1] >= 248 ? 6
                    : data[1] >= 240 ? 5
                    : data[1] >= 224 ? 3
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
  if (!raw.empty()) CompareKernels(dtype, spec.columns, level, raw);
  return 0;
}
