// An encoded tensor of a dtype and shape from the input's first bytes: decoded
// by the facade, and block by block by every kernel set, which must agree.
//
//   u8 dtype, u16 columns, u16 elements, encoded tensor

#include <algorithm>

#include "codec/base/byte_reader.h"
#include "codec/container/record.h"
#include "codec/method/block_codec.h"
#include "codec/tensor_codec.h"
#include "tests/fuzz/container_repair.h"
#include "tests/fuzz/fuzz_checks.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

constexpr size_t kPrefix = 5;

// One block of one group, whatever the bytes say; nothing where they are no
// such records. All sets give the same bytes or all refuse.
void CompareKernels(ByteSpan encoded, const Geometry& geometry,
                    uint64_t elements) {
  size_t wanted = 0;
  const auto group = ParseRecord(encoded, "(fuzz)", 0, &wanted);
  if (!group.ok() || !*group) return;
  ByteReader group_body((*group)->body);
  const Result<GroupSide> side = ParseGroupSide(&group_body, geometry, 0);
  if (!side.ok()) return CheckRefusal(side.error());
  const ByteSpan rest = encoded.subspan((*group)->size);
  const auto block = ParseRecord(rest, "(fuzz)", 0, &wanted);
  if (!block.ok() || !*block) return;
  ByteReader block_body((*block)->body);
  const Result<BlockHeader> header =
      ParseBlockHeader(&block_body, geometry.dtype);
  if (!header.ok()) return CheckRefusal(header.error());
  // Columns and rows of the side data reach as far as the group.
  const uint64_t count =
      std::min({elements, side->elements, uint64_t{header->elements}});
  if (header->elements != count) return;
  Bytes payload(header->payload_length + kKernelSlack);
  const ByteSpan behind = rest.subspan((*block)->size);
  std::copy_n(behind.begin(),
              std::min<size_t>(behind.size(), header->payload_length),
              payload.begin());
  const auto decode = [&](const Kernels& kernels, Bytes* out) {
    out->assign(count * geometry.element_bytes(), std::byte{0});
    BlockDecoder decoder(kernels);
    const Status status =
        decoder.Decode(*side, geometry, {}, *header, payload.data(), 0, count,
                       *out, /*stream=*/false);
    if (!status.ok()) CheckRefusal(status.error());
    return status.ok();
  };
  Bytes expected;
  const bool decoded = decode(*AvailableKernels()[0], &expected);
  for (const Kernels* kernels : AvailableKernels().subspan(1)) {
    Bytes out;
    Check(decode(*kernels, &out) == decoded);
    if (decoded) Check(out == expected);
  }
}

}  // namespace
}  // namespace ingot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;
  if (size < kPrefix) return 0;
  const DType dtype = CodableDType(data[0]);
  const uint64_t columns = uint64_t{1} + LoadLittleEndian<uint16_t>(data + 1);
  const uint64_t elements = LoadLittleEndian<uint16_t>(data + 3);
  const Geometry geometry = ChooseGeometry(dtype, columns);

  // Header and footer around the records, for the repair.
  Bytes container(kHeaderBytes + (size - kPrefix) + kFooterBytes);
  std::memcpy(container.data() + kHeaderBytes, data + kPrefix, size - kPrefix);
  RepairChecksums(&container);
  const Bytes encoded(container.begin() + kHeaderBytes,
                      container.end() - kFooterBytes);

  Bytes out(elements * geometry.element_bytes());
  static TensorDecoder* const decoder = new TensorDecoder({.threads = 1});
  const Status status = decoder->Decode({dtype, columns}, encoded, out);
  if (!status.ok()) CheckRefusal(status.error());
  CompareKernels(encoded, geometry, elements);
  return 0;
}
