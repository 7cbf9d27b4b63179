// A block predicted from another object, whatever its group's delta side, its
// header and its payload say: every kernel set restores the same elements, in
// parts too, or refuses with the same words.
//
//   u8 dtype, u16 columns - 1, u16 elements, u8 base, u8 method, u16 bytes of
//   the side, the side, u64 parameters, payload

#include <algorithm>
#include <deque>
#include <string>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/method/block_codec.h"
#include "codec/predict/difference.h"
#include "tests/fuzz/delta_input.h"
#include "tests/fuzz/fuzz_checks.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

constexpr uint64_t kMaxElements = 20'000;

// The base of kind `kind`, followed by slack of something else.
Bytes MakeBase(uint8_t kind, size_t size) {
  Bytes base = FuzzBase(kind, size);
  base.resize(size + kKernelSlack, std::byte{0x5D});
  return base;
}

// What is left of the parameters after what a header has is ignored.
BlockHeader MakeHeader(uint8_t method, uint64_t parameters, uint32_t elements,
                       uint32_t payload) {
  BlockHeader header;
  header.predictor = kBasePredictor;
  header.elements = elements;
  header.payload_length = payload;
  const auto take = [&](uint64_t bound) {
    const uint64_t value = parameters % bound;
    parameters /= bound;
    return static_cast<uint32_t>(value);
  };
  switch (method % 3) {
    case 0:
      header.method = Method::kCopy;
      break;
    case 1: {
      header.method = Method::kTouched;
      header.plane_count = 3;
      header.parameters.changed = take(elements + 1);
      header.parameters.gap_bytes = take(2 * elements + 1);
      uint32_t left = payload;
      for (unsigned plane = 0; plane < 3; ++plane) {
        header.planes[plane].coder = kFuzzByteCoders[take(kFuzzByteCoders.size())];
        header.planes[plane].length = plane == 2 ? left : take(left + 1);
        left -= header.planes[plane].length;
      }
      break;
    }
    default: {
      header.method = Method::kDelta;
      header.plane_count = 1;
      PlaneHeader& plane = header.planes[0];
      plane.coder = kFuzzDeltaCoders[take(kFuzzDeltaCoders.size())];
      plane.length = payload;
      plane.lane_bits = static_cast<uint8_t>(2 + take(5));
      plane.table.segment_bits = static_cast<uint8_t>(take(21));
      plane.table.min_segment_bytes = take(payload + 1);
    }
  }
  return header;
}

struct Outcome {
  std::string message;
  Bytes out;
};

class Decoders {
 public:
  Decoders() {
    for (const Kernels* kernels : AvailableKernels()) {
      decoders_.emplace_back(*kernels);
    }
  }

  void Compare(const GroupSide& side, const Geometry& geometry,
               const BlockHeader& header, const Bytes& base,
               const Bytes& payload) {
    const uint64_t n = header.elements;
    Outcome expected;
    for (BlockDecoder& decoder : decoders_) {
      Outcome whole =
          Decode(&decoder, side, geometry, header, base, payload, 0, n);
      if (&decoder == &decoders_.front()) {
        expected = std::move(whole);
      } else {
        Check(whole.message == expected.message);
        Check(!whole.message.empty() || whole.out == expected.out);
      }
      // A part may end before what is wrong.
      const uint64_t begin = n / 3;
      const uint64_t end = n - n / 4;
      const Outcome part =
          Decode(&decoder, side, geometry, header, base, payload, begin, end);
      if (!expected.message.empty()) continue;
      Check(part.message.empty());
      const size_t bytes = geometry.element_bytes();
      Check(std::equal(
          part.out.begin(), part.out.end(),
          expected.out.begin() + static_cast<ptrdiff_t>(begin * bytes)));
    }
  }

 private:
  static Outcome Decode(BlockDecoder* decoder, const GroupSide& side,
                        const Geometry& geometry, const BlockHeader& header,
                        const Bytes& base, const Bytes& payload, uint64_t begin,
                        uint64_t end) {
    Outcome outcome;
    outcome.out.resize((end - begin) * geometry.element_bytes());
    const Status status = decoder->Decode(side, geometry, {.base = base.data()},
                                          header, payload.data(), begin, end,
                                          outcome.out, /*stream=*/false);
    if (!status.ok()) {
      CheckRefusal(status.error());
      outcome.message = status.error().message;
    }
    return outcome;
  }

  std::deque<BlockDecoder> decoders_;
};

}  // namespace
}  // namespace ingot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;
  ByteReader reader(ByteSpan(reinterpret_cast<const std::byte*>(data), size));
  constexpr size_t kPrefix = 9;
  if (size < kPrefix) return 0;
  const DType dtype = CodableDType(*reader.ReadU8());
  if (!DifferenceFormatOf(dtype)) return 0;
  const uint64_t columns = uint64_t{1} + *reader.ReadU16();
  const auto elements =
      static_cast<uint32_t>(1 + *reader.ReadU16() % kMaxElements);
  const Geometry geometry = ChooseGeometry(dtype, columns);
  if (elements > geometry.block_elements) return 0;
  const uint8_t base_kind = *reader.ReadU8();
  const uint8_t method = *reader.ReadU8();
  const uint16_t side_bytes = *reader.ReadU16();
  const Result<ByteSpan> side_span = reader.ReadBytes(side_bytes);
  if (!side_span.ok()) return 0;
  const Result<uint64_t> parameters = reader.ReadU64();
  if (!parameters.ok()) return 0;

  Bytes group;
  ByteWriter writer(&group);
  writer.WriteVarint(elements);
  writer.WriteU8(0x80);
  writer.WriteVarint(side_span->size());
  writer.WriteBytes(*side_span);
  ByteReader group_reader(group);
  const Result<GroupSide> side = ParseGroupSide(&group_reader, geometry, 0);
  if (!side.ok()) {
    CheckRefusal(side.error());
    return 0;
  }

  const ByteSpan rest = *reader.ReadBytes(reader.remaining());
  if (rest.size() > kMaxPayloadBytes) return 0;
  Bytes body;
  AppendBlockHeader(MakeHeader(method, *parameters, elements,
                               static_cast<uint32_t>(rest.size())),
                    &body);
  ByteReader body_reader(body);
  const Result<BlockHeader> header = ParseBlockHeader(&body_reader, dtype);
  if (!header.ok()) {
    CheckRefusal(header.error());
    return 0;
  }
  Bytes payload(rest.begin(), rest.end());
  payload.resize(payload.size() + kKernelSlack, std::byte{0x6B});
  static auto* const decoders = new Decoders();
  decoders->Compare(*side, geometry, *header,
                    MakeBase(base_kind, elements * geometry.element_bytes()),
                    payload);
  return 0;
}
