// WalkRecords: every record of a container in file order, checked.
//
// Random access trusts the index for positions; a walk proves that the records
// between header and index are exactly those, in a valid order. Payloads are
// skipped, so that a walk costs a small read for each record.
//
// Thread-safety: a function; the visitor is called on the caller's thread.

#ifndef INGOT_CODEC_CONTAINER_WALKER_H_
#define INGOT_CODEC_CONTAINER_WALKER_H_

#include <cstdint>
#include <functional>

#include "codec/container/index.h"
#include "codec/container/record.h"
#include "codec/source.h"

namespace ingot {

// A record with its whole extent, padding and payload included.
using RecordVisitor =
    std::function<Status(const Record& record, uint64_t position,
                         uint64_t total_size)>;

// Visits the records in [kHeaderBytes, index_position).
Status WalkRecords(const Source& source, uint64_t index_position,
                   const RecordVisitor& visitor);

// Checks that the records are in a valid order and agree with the index:
// positions, sizes, addresses.
Status CheckRecords(const Source& source, uint64_t index_position,
                    const Index& index);

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_WALKER_H_
