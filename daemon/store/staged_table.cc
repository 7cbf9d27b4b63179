#include "daemon/store/staged_table.h"

#include <algorithm>
#include <string>

namespace ingot::store {

Status StagedTable::Apply(const StagedRecord& record) {
  // Numbers need not be in order: uploads overlap.
  if (Contains(record.number)) {
    return Corruption("file " + std::to_string(record.number) +
                      " is staged twice");
  }
  if (!by_digest_.emplace(record.digest, record.number).second) {
    return Corruption("staged twice: " + ToHex(record.digest));
  }
  by_number_.emplace(record.number, record);
  largest_number_ = std::max(largest_number_, record.number);
  return {};
}

Status StagedTable::Apply(const UnstagedRecord& record) {
  const auto found = by_number_.find(record.number);
  if (found == by_number_.end()) {
    return Corruption("file " + std::to_string(record.number) +
                      " is taken away and was not staged");
  }
  by_digest_.erase(found->second.digest);
  by_number_.erase(found);
  return {};
}

std::optional<StagedRecord> StagedTable::Find(const Digest& digest) const {
  const auto found = by_digest_.find(digest);
  if (found == by_digest_.end()) return std::nullopt;
  return by_number_.at(found->second);
}

std::vector<StagedRecord> StagedTable::List() const {
  std::vector<StagedRecord> records;
  records.reserve(by_number_.size());
  for (const auto& [number, record] : by_number_) records.push_back(record);
  return records;
}

}  // namespace ingot::store
