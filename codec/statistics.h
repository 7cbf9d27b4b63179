// Statistics: where the encoded bytes of an object or a container go.
//
// Thread-safety: values.

#ifndef INGOT_CODEC_STATISTICS_H_
#define INGOT_CODEC_STATISTICS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ingot {

// Encoded bytes of an object by cause; they add up to all its records.
struct ObjectStatistics {
  uint64_t elements = 0;
  uint64_t blocks = 0;
  uint64_t groups = 0;
  uint64_t predicted_blocks = 0;  // from elements of other objects
  // Blocks by method name; only those that occur. "float/tiered" is the float
  // method with that coder for exponents, "bytes/zstd" bytes with that coder.
  std::vector<std::pair<std::string, uint64_t>> methods;
  // Exponent planes of the float method, symbol planes of the modelled one
  // (which hold the mantissa's upper bits too).
  uint64_t exponent_bytes = 0;
  uint64_t exponent_elements = 0;  // elements of those blocks
  uint64_t remainder_bytes = 0;    // other planes of those methods
  uint64_t byte_bytes = 0;         // planes of all other methods
  uint64_t side_bytes = 0;         // group records: scales and tables
  uint64_t overhead_bytes = 0;     // framing, block headers, padding
};

// Encoded bytes of a whole container by cause; they add up to its size.
struct ContainerStatistics {
  ObjectStatistics objects;    // sums over all objects
  uint64_t literal_bytes = 0;  // literal records
  uint64_t record_bytes = 0;   // file begin and end, references
  uint64_t index_bytes = 0;    // header, index and footer
};

}  // namespace ingot

#endif  // INGOT_CODEC_STATISTICS_H_
