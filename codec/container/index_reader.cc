#include "codec/container/index_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/container/format.h"
#include "codec/container/record.h"

namespace ingot {

Result<FoundIndex> ReadIndex(const Source& source) {
  const std::string& name = source.name();
  const uint64_t size = source.size();
  std::vector<std::byte> bytes(
      std::min<uint64_t>(size, std::max(kHeaderBytes, kFooterBytes)));
  INGOT_TRY(source.ReadAt(0, bytes));
  bytes.resize(std::min(bytes.size(), kHeaderBytes));
  // Magic first: another kind of file is not a damaged container.
  INGOT_TRY(CheckHeader(bytes, name));
  if (size < kHeaderBytes + kFooterBytes) {
    return Corruption(name + ": truncated: " + std::to_string(size) +
                      " bytes, a container has at least " +
                      std::to_string(kHeaderBytes + kFooterBytes));
  }
  bytes.resize(kFooterBytes);
  const uint64_t footer_position = size - kFooterBytes;
  INGOT_TRY(source.ReadAt(footer_position, bytes));
  INGOT_ASSIGN(const Footer footer, ParseFooter(bytes, name, footer_position));
  const uint64_t position = footer.index_position;
  const uint64_t index_size = footer_position - position;
  constexpr uint64_t kMaxIndexRecord = MaxBodyBytes(RecordType::kIndex) + 64;
  if (index_size > kMaxIndexRecord) {
    return Corruption(name + ": index of " + std::to_string(index_size) +
                      " bytes, expected at most " +
                      std::to_string(kMaxIndexRecord));
  }
  bytes.resize(index_size);
  INGOT_TRY(source.ReadAt(position, bytes));
  size_t wanted = 0;
  INGOT_ASSIGN(const std::optional<Record> record,
               ParseRecord(bytes, name, position, &wanted));
  if (!record || record->type() != RecordType::kIndex ||
      record->size != index_size) {
    return Corruption(name + ": offset " + std::to_string(position) +
                      ": expected the index record");
  }
  ByteReader reader(record->body, name, position + record->body_offset);
  Result<Index> index = ParseIndex(&reader, position);
  if (!index.ok()) {
    return WithContext(name + ": ", std::move(index).error());
  }
  return FoundIndex{std::move(*index), position};
}

}  // namespace ingot
