#include "daemon/store/records.h"

#include <string>
#include <type_traits>
#include <utility>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"

namespace ingot::store {
namespace {

// The record of that type among the alternatives from number I on.
template <size_t I = 0>
Result<Record> ReadRecord(uint16_t type, ByteReader* reader) {
  if constexpr (I == std::variant_size_v<Record>) {
    return Unsupported("record type " + std::to_string(type) +
                       ": written by a later version of this program");
  } else {
    using Typed = std::variant_alternative_t<I, Record>;
    if (type != Typed::kType) return ReadRecord<I + 1>(type, reader);
    INGOT_ASSIGN(Typed record, Typed::Read(reader));
    return Record(std::move(record));
  }
}

}  // namespace

JournalRecord EncodeRecord(const Record& record) {
  JournalRecord encoded;
  ByteWriter writer(&encoded.payload);
  std::visit(
      [&](const auto& typed) {
        encoded.type = typed.kType;
        typed.Write(&writer);
      },
      record);
  return encoded;
}

Result<Record> ParseRecord(const JournalRecordView& record,
                           std::string_view name) {
  ByteReader reader(record.payload, name);
  INGOT_ASSIGN(Record parsed, ReadRecord(record.type, &reader));
  INGOT_TRY(reader.ExpectDone());
  return parsed;
}

}  // namespace ingot::store
