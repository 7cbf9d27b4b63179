// Contender: something that makes data smaller and brings it back, in memory,
// on one thread: Ingot at a level, or a peer.
//
// Contexts and scratch memory are kept between calls, for all contenders
// alike.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_BENCH_CONTENDER_H_
#define INGOT_BENCH_CONTENDER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/data_set.h"
#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/tensor_codec.h"

namespace ingot {

class Contender {
 public:
  explicit Contender(std::string name) : name_(std::move(name)) {}
  virtual ~Contender() = default;

  // "ingot-3", "zstd-19", "blosc-lz4-5+shuffle"
  const std::string& name() const { return name_; }
  virtual size_t MaxEncodedBytes(const DataSet& data) const = 0;
  // The size of what it wrote to `out`, which has MaxEncodedBytes.
  virtual Result<size_t> Encode(const DataSet& data, MutableByteSpan out) = 0;
  // Restores the bytes of `data`, of which it may use no others but dtype,
  // columns and size.
  virtual Status Decode(const DataSet& data, ByteSpan encoded,
                        MutableByteSpan out) = 0;

 private:
  const std::string name_;
};

// Ingot's codec for one tensor. REQUIRES: the data is of one dtype.
std::unique_ptr<Contender> MakeIngotTensor(int level,
                                           const TensorBase& base = {});
// A complete container of the data as a file, with its index and digests.
std::unique_ptr<Contender> MakeIngotContainer(
    int level, std::vector<std::string> bases = {});

// Another codec, and how it takes part.
struct Peer {
  std::unique_ptr<Contender> contender;
  // Too slow for a whole workload: measured on a sample.
  bool slow = false;
  // Knows tensors only: not measured on files.
  bool tensors_only = false;
};

std::vector<Peer> MakePeers();

// "zstd 1.5.4, liblzma 5.4.1, ...": the libraries behind the peers.
std::string PeerVersions();

}  // namespace ingot

#endif  // INGOT_BENCH_CONTENDER_H_
