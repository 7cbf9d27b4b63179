#include "daemon/store/largest_number.h"

#include <optional>
#include <string>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "daemon/store/index_keys.h"

namespace ingot::store {
namespace {

IndexKey LargestKey(std::string_view of) {
  return IndexKey(IndexTable::kLargestNumber).Add(of);
}

}  // namespace

Result<uint64_t> LargestNumber(const IndexReader& index, std::string_view of) {
  INGOT_ASSIGN(const std::optional<std::string> value,
               index.Get(LargestKey(of)));
  if (!value) return uint64_t{0};
  ByteReader reader(AsBytes(*value), "index, largest number");
  return reader.ReadVarint();
}

Status RaiseLargestNumber(std::string_view of, uint64_t number,
                          IndexWriter* index) {
  INGOT_ASSIGN(const uint64_t largest, LargestNumber(*index, of));
  if (number <= largest) return {};
  std::vector<std::byte> value;
  ByteWriter(&value).WriteVarint(number);
  index->Put(LargestKey(of), AsText(value));
  return {};
}

}  // namespace ingot::store
