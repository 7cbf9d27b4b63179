#include "tests/fuzz/container_repair.h"

#include <algorithm>
#include <optional>

#include "codec/base/byte_reader.h"
#include "codec/base/checksum.h"
#include "codec/container/format.h"
#include "codec/container/record.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

constexpr size_t kPayloadCheckBytes = 8;

void StoreCheck32(Bytes* bytes, size_t begin, size_t end) {
  const uint64_t check = Checksum(ByteSpan(*bytes).subspan(begin, end - begin));
  StoreLittleEndian(bytes->data() + end, static_cast<uint32_t>(check));
}

// Repairs the record at `*position` and moves behind it. False where there is
// none that is whole; `*type` is its type.
bool RepairRecord(Bytes* bytes, size_t* position, uint8_t* type) {
  ByteReader reader(ByteSpan(*bytes).subspan(*position));
  const Result<uint8_t> raw_type = reader.ReadU8();
  const Result<uint64_t> length = reader.ReadVarint();
  if (!raw_type.ok() || !length.ok() ||
      *length > reader.remaining() -
                    std::min(reader.remaining(), kRecordCheckBytes)) {
    return false;
  }
  *type = *raw_type & kRecordTypeMask;
  const size_t body = *position + reader.position();
  const size_t check = body + *length;
  size_t end = check + kRecordCheckBytes;
  if (end > bytes->size()) return false;
  if ((*raw_type & kPayloadBit) != 0) {
    const Result<uint64_t> payload = reader.ReadVarint();
    if (payload.ok() && *payload <= bytes->size() - end) {
      const size_t at = end + PayloadPadding(end, *payload);
      if (at <= bytes->size() && *payload <= bytes->size() - at) {
        if (*length >= kPayloadCheckBytes) {
          StoreLittleEndian(bytes->data() + check - kPayloadCheckBytes,
                            Checksum(ByteSpan(*bytes).subspan(at, *payload)));
        }
        end = at + *payload;
      }
    }
  }
  StoreCheck32(bytes, *position, check);
  *position = end;
  return true;
}

}  // namespace

void RepairChecksums(Bytes* bytes) {
  if (bytes->size() < kHeaderBytes + kFooterBytes) return;
  StoreLittleEndian(bytes->data() + 16, Checksum(ByteSpan(*bytes).first(16)));
  const size_t footer = bytes->size() - kFooterBytes;
  std::optional<uint64_t> index;
  size_t position = kHeaderBytes;
  uint8_t type = 0;
  for (size_t at = position; RepairRecord(bytes, &position, &type);
       at = position) {
    if (type == static_cast<uint8_t>(RecordType::kIndex)) index = at;
    if (position >= footer) break;
  }
  if (index) StoreLittleEndian(bytes->data() + footer, *index);
  StoreLittleEndian(bytes->data() + footer + 8, uint64_t{bytes->size()});
  StoreLittleEndian(bytes->data() + footer + 16,
                    Checksum(ByteSpan(*bytes).subspan(footer, 16)));
  std::ranges::copy(std::as_bytes(std::span(kFooterMagic)),
                    bytes->begin() + static_cast<ptrdiff_t>(footer + 24));
}

}  // namespace ingot
