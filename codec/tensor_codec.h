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
// A tensor may be predicted from another that both sides have in memory
// (TensorBase).
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
#include "codec/digest.h"
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

// Elements in memory that resemble those of the tensor, from its first one on.
// Those behind the tensor's end are not used, and there may be fewer than the
// tensor has. Where 128 bytes of `bytes` follow the last one that is used,
// nothing of it is copied.
struct TensorBase {
  ByteSpan bytes;
  // Stands in the encoded tensor for the base: the decoder must be given the
  // same. Who does not need that leaves it as zeros.
  Digest digest = {};
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
                        MutableByteSpan out, const TensorBase& base = {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class TensorDecoder {
 public:
  explicit TensorDecoder(const DecodeOptions& options);
  ~TensorDecoder();

  // Restores exactly out.size() bytes. Large outputs that are aligned to 64
  // bytes are written past the caches. Without `base`, bases come from
  // DecodeOptions::references. A base of other bytes than the encoder's gives
  // other elements or an error.
  Status Decode(const TensorSpec& spec, ByteSpan encoded, MutableByteSpan out,
                const TensorBase& base = {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The kernel set in use ("avx512", "scalar"; see INGOT_KERNEL), or why the one
// asked for cannot be.
Result<std::string_view> ActiveKernelName();

}  // namespace ingot

#endif  // INGOT_CODEC_TENSOR_CODEC_H_
