// DataSet: bytes to measure contenders with: a workload or a model file, in
// memory.
//
// Buffer: memory for measurements: aligned, and present before the clock
// starts, since first touches cost page faults that have nothing to do with
// coding. All buffers of a comparison are of this one kind.
//
// Thread-safety: as values.

#ifndef INGOT_BENCH_DATA_SET_H_
#define INGOT_BENCH_DATA_SET_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/workloads.h"
#include "codec/bytes.h"
#include "codec/dtype.h"
#include "codec/result.h"
#include "formats/layout.h"

namespace ingot {

class Buffer {
 public:
  Buffer() = default;
  // Zero bytes, aligned to 2 MiB, in plain pages of 4 KiB.
  explicit Buffer(size_t size);

  MutableByteSpan span() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::byte[], Free> data_;
  size_t size_ = 0;
};

struct DataSet {
  std::string name;  // "W1", or a path below the corpus
  bool is_file = false;
  Buffer raw;
  Layout layout;
  // Of most of the bytes, and its elements in a row.
  DType dtype = DType::kBytes;
  uint64_t columns = 1;
  // Bytes that Ingot codes as floats or as packed blocks of them.
  uint64_t float_bytes = 0;

  ByteSpan bytes() const { return raw.span(); }
};

Result<DataSet> MakeWorkload(const Workload& workload, uint64_t mebibytes);

// `sample_bytes` of a workload: the same share of the beginning of each of
// its matrices, for contenders that are too slow for all of it.
Result<DataSet> MakeSample(const Workload& workload, const DataSet& whole,
                           uint64_t sample_bytes);

// A file below `corpus`.
Result<DataSet> LoadFile(const std::string& corpus, const std::string& name);

// Names of all files below `corpus` that have at least `bytes`, sorted.
Result<std::vector<std::string>> ListFiles(const std::string& corpus,
                                           uint64_t bytes);

}  // namespace ingot

#endif  // INGOT_BENCH_DATA_SET_H_
