#include "daemon/store/append.h"

#include <vector>

namespace ingot::store {

Status AppendRecords(Journal* journal, std::span<const Record> records) {
  std::vector<JournalRecord> encoded;
  encoded.reserve(records.size());
  for (const Record& record : records) encoded.push_back(EncodeRecord(record));
  const Result<uint64_t> position = journal->Append(encoded);
  return position.ok() ? Status() : position.error();
}

}  // namespace ingot::store
