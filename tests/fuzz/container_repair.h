// Makes the checksums of damaged containers right again, so that what a fuzzer
// changed gets past them and reaches the parsers and decoders behind.

#ifndef INGOT_TESTS_FUZZ_CONTAINER_REPAIR_H_
#define INGOT_TESTS_FUZZ_CONTAINER_REPAIR_H_

#include <cstddef>
#include <vector>

#include "codec/bytes.h"

namespace ingot {

// Walks the records of whatever `bytes` are, as far as they can be walked, and
// writes the checksums of the header, of every record, of every block's
// payload and of the footer in place. The footer gets the position of the
// last index record and the container's length.
void RepairChecksums(std::vector<std::byte>* bytes);

}  // namespace ingot

#endif  // INGOT_TESTS_FUZZ_CONTAINER_REPAIR_H_
