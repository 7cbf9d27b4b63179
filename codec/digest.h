// Digest: the address of an object or a file, the SHA-256 of its raw bytes.
//
// Formats carry an algorithm byte beside it, so that another algorithm can be
// added; this version knows SHA-256 (1) only. XXH3 guards encoded bytes
// against accidents and is never used as an address.

#ifndef INGOT_CODEC_DIGEST_H_
#define INGOT_CODEC_DIGEST_H_

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "codec/bytes.h"

namespace ingot {

inline constexpr uint8_t kSha256Algorithm = 1;

struct Digest {
  std::array<std::byte, 32> bytes{};
  auto operator<=>(const Digest&) const = default;
};

// Two lower-case hexadecimal digits for each byte.
std::string ToHex(ByteSpan bytes);
inline std::string ToHex(const Digest& digest) { return ToHex(digest.bytes); }
// Fills `bytes` the other way; false for anything but two such digits for each.
bool HexToBytes(std::string_view text, MutableByteSpan bytes);
// Nothing for anything but 64 such digits.
std::optional<Digest> DigestOfHex(std::string_view text);

// Computes a Digest over bytes that arrive in pieces. One thread at a time;
// may be moved between threads.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void Update(ByteSpan bytes);
  // The digest of all bytes so far; the Hasher then starts anew.
  Digest Finish();
  // The same, and the Hasher goes on.
  Digest Peek() const;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Digest HashBytes(ByteSpan bytes);

}  // namespace ingot

#endif  // INGOT_CODEC_DIGEST_H_
