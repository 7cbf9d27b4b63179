// Dtypes: how an element's bits divide into sign, exponent and mantissa, or
// into an integer, or into a packed block that Ingot codes as bytes.
//
// The numeric values are written into containers (codec/FORMAT.md, "Dtypes")
// and never change. Names are those of safetensors and, of packed blocks, of
// GGUF, matched without regard to case; the command line accepts the aliases in
// the table too (bfloat16, ...).

#ifndef INGOT_CODEC_DTYPE_H_
#define INGOT_CODEC_DTYPE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ingot {

enum class DType : uint8_t {
  kBytes = 0,  // no element structure: opaque bytes
  kBool = 1,
  kU8 = 2,
  kI8 = 3,
  kU16 = 4,
  kI16 = 5,
  kU32 = 6,
  kI32 = 7,
  kU64 = 8,
  kI64 = 9,
  kF16 = 10,
  kBf16 = 11,
  kF32 = 12,
  kF64 = 13,
  kF8E4m3 = 14,
  kF8E5m2 = 15,
  kF8E8m0 = 16,  // shared exponents of MX formats: a byte
  kF4 = 17,      // two elements in a byte
  kF6E2m3 = 18,  // four elements in three bytes
  kF6E3m2 = 19,
  kC64 = 20,  // two fp32: real, imaginary
  // Packed blocks of GGUF: scales and quantized weights in one record.
  kQ4_0 = 21,
  kQ4_1 = 22,
  kQ5_0 = 23,
  kQ5_1 = 24,
  kQ8_0 = 25,
  kQ2K = 26,
  kQ3K = 27,
  kQ4K = 28,
  kQ5K = 29,
  kQ6K = 30,
};

struct DTypeInfo {
  DType dtype;
  std::string_view name;   // "BF16"
  std::string_view alias;  // "bfloat16", or empty
  uint16_t bits;           // of one element; of packed dtypes, of one block
  uint16_t block_elements = 1;  // of a packed block; 1 for other dtypes
};

// All dtypes in numeric order.
std::span<const DTypeInfo> AllDTypes();

// REQUIRES: `dtype` is one of the enumerators.
const DTypeInfo& GetDTypeInfo(DType dtype);

// The dtype with that number in a container, or nothing.
std::optional<DType> DTypeFromNumber(uint8_t number);

// The dtype with that name or alias in any case, or nothing.
std::optional<DType> ParseDType(std::string_view name);

// Bytes of `elements` elements; nothing where they do not fill whole bytes and
// blocks or where the product does not fit 64 bits.
std::optional<uint64_t> DTypeByteSize(DType dtype, uint64_t elements);

// The product of a shape's dimensions (1 for a scalar, whose shape is empty);
// nothing where it does not fit 64 bits.
std::optional<uint64_t> ElementCount(std::span<const uint64_t> shape);

}  // namespace ingot

#endif  // INGOT_CODEC_DTYPE_H_
