// Results: what was measured, in memory, as JSON (everything) and as CSV (exact
// sizes only, so that a difference of two versions shows what became smaller
// or larger).
//
// Thread-safety: values.

#ifndef INGOT_BENCH_RESULTS_H_
#define INGOT_BENCH_RESULTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/result.h"

namespace ingot {

// One contender and one piece of data. Speeds are of one thread; "x memcpy"
// is the median over runs of the ratio to the memcpy beside each run.
struct Measurement {
  std::string codec;
  bool sample = false;     // of a sample of the data
  uint64_t raw_bytes = 0;  // of the data or of its sample
  uint64_t encoded_bytes = 0;
  double encode_gbps = 0;  // 1e9 raw bytes a second, medians
  double decode_gbps = 0;
  double encode_ratio = 0;  // x memcpy, medians
  double decode_ratio = 0;
  int encode_runs = 0;
  int decode_runs = 0;

  double size() const {
    return static_cast<double>(encoded_bytes) / static_cast<double>(raw_bytes);
  }
};

// Bits of an element, at level 3, which codes each field on its own. Elements
// that detectors took otherwise are not among `elements`.
struct FieldBits {
  uint64_t elements = 0;
  double exponent = 0;
  double remainder = 0;  // sign and mantissa
  double other = 0;      // scales, tables, headers
};

struct DataResult {
  std::string name;
  bool is_file = false;
  std::string dtype;  // of most of its bytes
  uint64_t raw_bytes = 0;
  uint64_t float_bytes = 0;  // coded as floats or packed blocks
  double memcpy_gbps = 0;
  FieldBits fields;
  std::vector<Measurement> measurements;

  // That of a codec, or null.
  const Measurement* Find(std::string_view codec) const;
  bool MostlyFloats() const { return float_bytes * 2 > raw_bytes; }
};

struct Results {
  std::string versions;  // of the peers' libraries
  std::string kernel;    // that Ingot ran on
  std::string processor;
  std::vector<DataResult> data;

  const DataResult* Find(std::string_view name) const;
};

std::string ResultsToJson(const Results& results);
Result<Results> ResultsFromJson(std::string_view json);

// Lines "data,codec,part,raw_bytes,encoded_bytes", in the order measured; part
// is "all" or "sample". Lines of "#" say with what it was made.
std::string ResultsToCsv(const Results& results);

struct SizeRow {
  std::string data;
  std::string codec;
  bool sample = false;
  uint64_t raw_bytes = 0;
  uint64_t encoded_bytes = 0;

  bool operator==(const SizeRow&) const = default;
};
// kCorruption names the line that is not as above.
Result<std::vector<SizeRow>> SizesFromCsv(std::string_view csv);

// What changed from `before` to `after`, a line each; rows that only one of
// them has are not listed.
std::vector<std::string> CompareSizes(const std::vector<SizeRow>& before,
                                      const std::vector<SizeRow>& after);

}  // namespace ingot

#endif  // INGOT_BENCH_RESULTS_H_
