// The largest number that a folder's files, the repositories, the tokens or the
// locks had in any record, so that none is given twice.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_LARGEST_NUMBER_H_
#define INGOT_DAEMON_STORE_LARGEST_NUMBER_H_

#include <cstdint>
#include <string_view>

#include "codec/result.h"
#include "daemon/store/index.h"

namespace ingot::store {

inline constexpr std::string_view kRepositoryNumbers = "repository";
inline constexpr std::string_view kTokenNumbers = "token";
inline constexpr std::string_view kLockNumbers = "lock";

// Of the files in a folder, or one of those above; 0 where there was none.
Result<uint64_t> LargestNumber(const IndexReader& index, std::string_view of);
Status RaiseLargestNumber(std::string_view of, uint64_t number,
                          IndexWriter* index);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_LARGEST_NUMBER_H_
