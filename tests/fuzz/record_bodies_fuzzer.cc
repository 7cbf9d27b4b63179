// Any bytes as the body of every record, as an index, a header and a footer.
// What parses can be written and parsed again to the same bytes.
//
//   u8 dtype, u16 columns, u16 first element / 16, body

#include "codec/base/byte_reader.h"
#include "codec/container/index.h"
#include "codec/container/record.h"
#include "codec/method/block.h"
#include "codec/method/group_side.h"
#include "tests/fuzz/fuzz_checks.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

constexpr size_t kPrefix = 5;

// parse(bytes) -> value; append(value) -> first; parse(first) -> value;
// append(value) -> the same as first.
template <typename Parse, typename Append>
void Try(ByteSpan body, Parse parse, Append append) {
  ByteReader reader(body);
  const auto value = parse(&reader);
  if (!value.ok()) return CheckRefusal(value.error());
  Bytes first;
  append(*value, &first);
  ByteReader again(first);
  const auto copy = parse(&again);
  Check(copy.ok() && again.done());
  Bytes second;
  append(*copy, &second);
  Check(first == second);
}

void TryLiteral(ByteSpan body) {
  ByteReader reader(body);
  const Result<LiteralBody> literal = ParseLiteralBody(&reader);
  if (!literal.ok()) return CheckRefusal(literal.error());
  Bytes raw(literal->length);
  const Status status = DecodeBytes(literal->coder, literal->encoded, raw);
  if (!status.ok()) CheckRefusal(status.error());
}

void TryFraming(ByteSpan bytes) {
  size_t wanted = 0;
  const auto record = ParseRecord(bytes, "(fuzz)", 0, &wanted);
  if (!record.ok()) {
    CheckRefusal(record.error());
  } else if (!*record) {
    Check(wanted > bytes.size());
  }
  const Status header = CheckHeader(bytes, "(fuzz)");
  if (!header.ok()) CheckRefusal(header.error());
  if (bytes.size() >= kFooterBytes) {
    const auto footer = ParseFooter(bytes.first(kFooterBytes), "(fuzz)", 100);
    if (!footer.ok()) CheckRefusal(footer.error());
  }
}

}  // namespace
}  // namespace ingot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;
  if (size < kPrefix) return 0;
  const DType dtype = CodableDType(data[0]);
  const Geometry geometry =
      ChooseGeometry(dtype, uint64_t{1} + LoadLittleEndian<uint16_t>(data + 1));
  const uint64_t first = uint64_t{16} * LoadLittleEndian<uint16_t>(data + 3);
  const ByteSpan body(reinterpret_cast<const std::byte*>(data) + kPrefix,
                      size - kPrefix);
  Try(body, ParseFileInfo, AppendFileInfo);
  Try(body, ParseView, AppendView);
  Try(body, ParseObjectId, AppendObjectId);
  Try(body, ParseGeometry, AppendGeometry);
  Try(body, ParseObjectBegin, AppendObjectBegin);
  Try(body, ParseReference, AppendReference);
  Try(body, ParseFileEnd, AppendFileEnd);
  Try(
      body, [&](ByteReader* r) { return ParseBlockHeader(r, dtype); },
      AppendBlockHeader);
  Try(
      body, [&](ByteReader* r) { return ParseGroupSide(r, geometry, first); },
      AppendGroupSide);
  Try(
      body, [](ByteReader* r) { return ParseIndex(r, 1 << 20); }, AppendIndex);
  TryLiteral(body);
  TryFraming(body);
  return 0;
}
