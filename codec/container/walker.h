// WalkRecords: every record of a container in file order, checked.
//
// Random access trusts the index for positions; a walk proves that the records
// between header and index are exactly those, in a valid order. Payloads are
// skipped, so that a walk costs a small read for each record.
//
// Thread-safety: functions; the visitor is called on the caller's thread.

#ifndef INGOT_CODEC_CONTAINER_WALKER_H_
#define INGOT_CODEC_CONTAINER_WALKER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "codec/container/index.h"
#include "codec/container/record.h"
#include "codec/source.h"

namespace ingot {

// A record with its whole extent, padding and payload included.
using RecordVisitor =
    std::function<Status(const Record& record, uint64_t position,
                         uint64_t total_size)>;

// The record at `position`, without padding and payload, read into *bytes a
// little at first and the rest where it is longer. kCorruption where it does
// not end before `end`.
Result<Record> ReadRecord(const Source& source, uint64_t position, uint64_t end,
                          std::vector<std::byte>* bytes);

// Visits the records in [kHeaderBytes, index_position).
Status WalkRecords(const Source& source, uint64_t index_position,
                   const RecordVisitor& visitor);

// Checks that the records are in a valid order and agree with the index:
// positions, sizes, addresses.
Status CheckRecords(const Source& source, uint64_t index_position,
                    const Index& index);

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_WALKER_H_
