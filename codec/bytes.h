// Views of bytes and little-endian access to them.
//
// Every multi-byte number in a container or a model file that Ingot knows is
// little-endian; these functions are the only place where that is spelled out.
// They accept any alignment.

#ifndef INGOT_CODEC_BYTES_H_
#define INGOT_CODEC_BYTES_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace ingot {

static_assert(std::endian::native == std::endian::little,
              "Ingot runs on little-endian machines only");

using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;

template <typename T>
T LoadLittleEndian(const void* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

template <typename T>
void StoreLittleEndian(void* bytes, T value) {
  std::memcpy(bytes, &value, sizeof(T));
}

inline const uint8_t* AsU8(const std::byte* bytes) {
  return reinterpret_cast<const uint8_t*>(bytes);
}
inline uint8_t* AsU8(std::byte* bytes) {
  return reinterpret_cast<uint8_t*>(bytes);
}
inline ByteSpan AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Rounds up to a multiple of `unit`, a power of two.
constexpr uint64_t AlignUp(uint64_t value, uint64_t unit) {
  return (value + unit - 1) & ~(unit - 1);
}

constexpr uint64_t DivideRoundingUp(uint64_t a, uint64_t b) {
  return a / b + (a % b != 0);
}

}  // namespace ingot

#endif  // INGOT_CODEC_BYTES_H_
