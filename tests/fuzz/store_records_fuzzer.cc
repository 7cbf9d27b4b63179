// Parses hostile records as the store does, and applies those that parse:
// two bytes of type, one of length, payload, again and again. What parses is
// written as it was.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <variant>

#include "daemon/store/records.h"
#include "daemon/store/staged_table.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;
  using namespace ingot::store;
  ByteSpan rest(reinterpret_cast<const std::byte*>(data), size);
  StagedTable table;
  while (rest.size() >= 3) {
    const auto type = LoadLittleEndian<uint16_t>(rest.data());
    const size_t length =
        std::min(static_cast<size_t>(rest[2]), rest.size() - 3);
    const ByteSpan payload = rest.subspan(3, length);
    rest = rest.subspan(3 + length);
    const Result<Record> record = ParseRecord({type, payload}, "input");
    if (!record.ok()) {
      Require(record.error().kind == ErrorKind::kCorruption ||
              record.error().kind == ErrorKind::kUnsupported);
      continue;
    }
    const JournalRecord again = EncodeRecord(*record);
    Require(again.type == type);
    Require(std::ranges::equal(again.payload, payload));
    const Status applied = std::visit(
        [&](const auto& typed) { return table.Apply(typed); }, *record);
    Require(applied.ok() || applied.error().kind == ErrorKind::kCorruption);
  }
  for (const StagedRecord& record : table.List()) {
    Require(table.Find(record.digest) == record);
    Require(record.number <= table.largest_number());
  }
  return 0;
}
