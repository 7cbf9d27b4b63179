// ExponentSource: the exponent plane of a block as the float method's decoder
// walks it, sub-block by sub-block. One class for each way in which exponents
// are coded. Internal to codec/method.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_CODEC_METHOD_EXPONENT_SOURCE_H_
#define INGOT_CODEC_METHOD_EXPONENT_SOURCE_H_

#include <memory>

#include "codec/method/block.h"
#include "codec/method/float_method.h"
#include "codec/method/kernels.h"

namespace ingot {

// A sub-block to be restored.
struct SubBlockTask {
  uint64_t first;  // element of the block
  uint32_t elements;
  std::span<const ScaleRun> runs;
  std::array<const uint8_t*, kMaxRemainderPlanes> planes;
  std::span<const uint8_t> ahead;  // as in SubBlockDecode
  uint8_t* out;
  bool stream;
};

class ExponentSource {
 public:
  virtual ~ExponentSource() = default;
  // Every sub-block in turn is either skipped or decoded.
  virtual Status Skip(uint32_t elements) = 0;
  virtual Status Decode(const SubBlockTask& task) = 0;
};

// What sources are opened on. All of it outlives them.
struct ExponentPlane {
  const Kernels& kernels;
  const FloatKernels& float_kernels;
  const GroupSide& side;
  FloatLayout layout;
  const PlaneHeader& header;
  const uint8_t* bytes;     // of the plane
  const uint8_t* readable;  // end of the payload and its slack
  uint32_t elements;
  FloatDecodeScratch* scratch;
};

// Checks a list of `count` exceptions: ascending, below `elements`, values of
// `value_bits` bits.
Status CheckExceptions(const uint8_t* exceptions, uint32_t count,
                       uint32_t elements, unsigned value_bits);

// REQUIRES: the plane's coder is joined, and the group's joined code is for it.
Result<std::unique_ptr<ExponentSource>> OpenJoinedExponents(
    const ExponentPlane& plane);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_EXPONENT_SOURCE_H_
