// TensorEncoder and TensorDecoder: one tensor in memory to one buffer and
// back, without files, digests or an index.
//
// An encoded tensor is the sequence of group and block records that an object
// has in a container (codec/FORMAT.md), at positions counted from the buffer's
// start. Block checksums guard it; who needs an address computes a Digest.
//
//   TensorEncoder encoder(options);
//   std::vector<std::byte> out(MaxEncodedTensorBytes(spec, raw.size()));
//   Result<size_t> size = encoder.Encode(spec, raw, out);
//   TensorDecoder(options).Decode(spec, encoded, raw_out);
//
// Both keep scratch memory and threads between calls: reuse them. Fresh output
// memory costs more than decoding into it; reuse that too.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_CODEC_TENSOR_CODEC_H_
#define INGOT_CODEC_TENSOR_CODEC_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "codec/bytes.h"
#include "codec/dtype.h"
#include "codec/options.h"
#include "codec/result.h"

namespace ingot {

// What both sides must know of a tensor. Bytes are its little-endian elements
// in row-major order.
struct TensorSpec {
  DType dtype = DType::kBytes;  // not C64, F4, F6
  uint64_t columns = 1;         // elements of a row, >= 1
};

// Bytes that Encode may need for `raw_bytes` of input.
size_t MaxEncodedTensorBytes(const TensorSpec& spec, uint64_t raw_bytes);

class TensorEncoder {
 public:
  explicit TensorEncoder(const EncodeOptions& options);
  ~TensorEncoder();

  // The size of the encoded tensor. kInvalidArgument where `raw` is not whole
  // elements or `out` is smaller than MaxEncodedTensorBytes.
  Result<size_t> Encode(const TensorSpec& spec, ByteSpan raw,
                        MutableByteSpan out);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class TensorDecoder {
 public:
  explicit TensorDecoder(const DecodeOptions& options);
  ~TensorDecoder();

  // Restores exactly out.size() bytes. Large outputs that are aligned to 64
  // bytes are written past the caches.
  Status Decode(const TensorSpec& spec, ByteSpan encoded, MutableByteSpan out);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The kernel set in use ("avx512", "scalar"; see INGOT_KERNEL), or why the one
// asked for cannot be.
Result<std::string_view> ActiveKernelName();

}  // namespace ingot

#endif  // INGOT_CODEC_TENSOR_CODEC_H_
