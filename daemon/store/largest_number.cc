#include "daemon/store/largest_number.h"

#include <optional>
#include <string>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "daemon/store/index_keys.h"

namespace ingot::store {
namespace {

IndexKey LargestKey(std::string_view folder) {
  return IndexKey(IndexTable::kLargestNumber).Add(folder);
}

}  // namespace

Result<uint64_t> LargestNumber(const IndexReader& index,
                               std::string_view folder) {
  INGOT_ASSIGN(const std::optional<std::string> value,
               index.Get(LargestKey(folder)));
  if (!value) return uint64_t{0};
  ByteReader reader(AsBytes(*value), "index, largest number");
  return reader.ReadVarint();
}

Status RaiseLargestNumber(std::string_view folder, uint64_t number,
                          IndexWriter* index) {
  INGOT_ASSIGN(const uint64_t largest, LargestNumber(*index, folder));
  if (number <= largest) return {};
  std::vector<std::byte> value;
  ByteWriter(&value).WriteVarint(number);
  index->Put(LargestKey(folder), AsText(value));
  return {};
}

}  // namespace ingot::store
