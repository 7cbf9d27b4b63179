// BenchRun: measures how fast one file is encoded and decoded in memory.
//
// Timed are block coding and block checksums of everything that a container
// holds as objects; what it holds as literals is copied. Each region begins at
// a multiple of 64 bytes, as tensors do in a runtime. Copies are measured
// between the same buffers and in turn with coding, so that whatever else the
// machine does meets all of them alike. Bases lie in memory too; what is copied
// is the new file alone, again and again up to 256 MiB, each copy with memory
// and bases of its own, so that caches help nobody.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_TOOLS_BENCH_RUN_H_
#define INGOT_TOOLS_BENCH_RUN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/result.h"
#include "codec/source.h"
#include "codec/tensor_codec.h"
#include "formats/encode_file.h"
#include "tools/bench_memory.h"
#include "tools/delta_entropy.h"

namespace ingot {

struct BenchSettings {
  std::optional<RawElements> raw;
  std::vector<std::string> bases;
  int threads = 1;
  int runs = 5;
  bool huge_pages = false;
};

struct BenchResult {
  std::string file;
  int level = 0;
  int threads = 1;
  std::string kernel;
  uint64_t raw_bytes = 0;
  uint64_t copies = 1;         // of them that were measured
  uint64_t encoded_bytes = 0;  // of the complete container
  // 1e9 raw bytes a second, medians.
  double encode_gbps = 0;
  double decode_gbps = 0;
  double memcpy_gbps = 0;
  double ntcopy_gbps = 0;
  bool roundtrip_ok = false;
  // With bases: of the objects that have one, and what they were encoded to.
  std::optional<DeltaEntropy> delta;
  uint64_t delta_bytes = 0;

  double size() const;
};

// A file in memory, to be measured at several levels.
class BenchFile {
 public:
  static Result<BenchFile> Load(const std::string& path,
                                const BenchSettings& settings);

  Result<BenchResult> Measure(int level);

 private:
  struct Piece {
    uint64_t offset = 0;  // in raw_ and decoded_
    uint64_t length = 0;
    DType dtype = DType::kBytes;
    uint64_t columns = 1;
    bool coded = false;
    uint64_t base_offset = 0;     // in base_
    uint64_t base_length = 0;     // 0: nothing predicts it
    uint64_t encoded_offset = 0;  // in encoded_
    uint64_t encoded_room = 0;
    uint64_t encoded_length = 0;
  };
  struct Codec;

  BenchFile(std::string path, const BenchSettings& settings, Layout layout,
            DeltaEntropy entropy, uint64_t copies, std::vector<Piece> pieces,
            BenchMemory raw, BenchMemory base, BenchMemory decoded,
            BenchMemory encoded);

  TensorBase BaseOf(const Piece& piece) const;
  Result<uint64_t> ContainerBytes(int level) const;
  Status Encode(Codec* codec);
  Status Decode(Codec* codec);

  std::string path_;
  BenchSettings settings_;
  Layout layout_;
  DeltaEntropy entropy_;
  uint64_t copies_;
  std::vector<Piece> pieces_;
  BenchMemory raw_;
  BenchMemory base_;
  BenchMemory decoded_;
  BenchMemory encoded_;
};

}  // namespace ingot

#endif  // INGOT_TOOLS_BENCH_RUN_H_
