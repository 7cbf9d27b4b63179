#include "codec/dtype.h"

#include <array>
#include <cctype>

namespace ingot {
namespace {

constexpr std::array<DTypeInfo, 31> kDTypes = {{
    {DType::kBytes, "BYTES", "", 8},
    {DType::kBool, "BOOL", "", 8},
    {DType::kU8, "U8", "uint8", 8},
    {DType::kI8, "I8", "int8", 8},
    {DType::kU16, "U16", "uint16", 16},
    {DType::kI16, "I16", "int16", 16},
    {DType::kU32, "U32", "uint32", 32},
    {DType::kI32, "I32", "int32", 32},
    {DType::kU64, "U64", "uint64", 64},
    {DType::kI64, "I64", "int64", 64},
    {DType::kF16, "F16", "float16", 16},
    {DType::kBf16, "BF16", "bfloat16", 16},
    {DType::kF32, "F32", "float32", 32},
    {DType::kF64, "F64", "float64", 64},
    {DType::kF8E4m3, "F8_E4M3", "float8_e4m3fn", 8},
    {DType::kF8E5m2, "F8_E5M2", "float8_e5m2", 8},
    {DType::kF8E8m0, "F8_E8M0", "float8_e8m0fnu", 8},
    {DType::kF4, "F4", "float4_e2m1fn_x2", 4},
    {DType::kF6E2m3, "F6_E2M3", "", 6},
    {DType::kF6E3m2, "F6_E3M2", "", 6},
    {DType::kC64, "C64", "complex64", 64},
    {DType::kQ4_0, "Q4_0", "", 8 * 18, 32},
    {DType::kQ4_1, "Q4_1", "", 8 * 20, 32},
    {DType::kQ5_0, "Q5_0", "", 8 * 22, 32},
    {DType::kQ5_1, "Q5_1", "", 8 * 24, 32},
    {DType::kQ8_0, "Q8_0", "", 8 * 34, 32},
    {DType::kQ2K, "Q2_K", "", 8 * 84, 256},
    {DType::kQ3K, "Q3_K", "", 8 * 110, 256},
    {DType::kQ4K, "Q4_K", "", 8 * 144, 256},
    {DType::kQ5K, "Q5_K", "", 8 * 176, 256},
    {DType::kQ6K, "Q6_K", "", 8 * 210, 256},
}};

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(a[i])) !=
        std::tolower(static_cast<unsigned char>(b[i]))) {
      return false;
    }
  }
  return true;
}

std::optional<uint64_t> Multiply(uint64_t a, uint64_t b) {
  uint64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

}  // namespace

std::span<const DTypeInfo> AllDTypes() { return kDTypes; }

const DTypeInfo& GetDTypeInfo(DType dtype) {
  return kDTypes[static_cast<size_t>(dtype)];
}

std::optional<DType> DTypeFromNumber(uint8_t number) {
  if (number >= kDTypes.size()) return std::nullopt;
  return kDTypes[number].dtype;
}

std::optional<DType> ParseDType(std::string_view name) {
  for (const DTypeInfo& info : kDTypes) {
    if (EqualIgnoringCase(name, info.name) ||
        (!info.alias.empty() && EqualIgnoringCase(name, info.alias))) {
      return info.dtype;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> DTypeByteSize(DType dtype, uint64_t elements) {
  const DTypeInfo& info = GetDTypeInfo(dtype);
  if (elements % info.block_elements != 0) return std::nullopt;
  const std::optional<uint64_t> bits =
      Multiply(elements / info.block_elements, info.bits);
  if (!bits || *bits % 8 != 0) return std::nullopt;
  return *bits / 8;
}

std::optional<uint64_t> ElementCount(std::span<const uint64_t> shape) {
  // A zero anywhere makes the product zero, also beside huge dimensions.
  for (uint64_t dimension : shape) {
    if (dimension == 0) return 0;
  }
  std::optional<uint64_t> count = 1;
  for (uint64_t dimension : shape) {
    count = Multiply(*count, dimension);
    if (!count) return std::nullopt;
  }
  return count;
}

}  // namespace ingot
