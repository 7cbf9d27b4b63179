#include "codec/digest.h"

#include <openssl/evp.h>

#include <new>
#include <string_view>

namespace ingot {
namespace {

// Fetched once: a fetch per digest costs as much as hashing a few kilobytes.
const EVP_MD* Sha256() {
  static const EVP_MD* const kAlgorithm =
      EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kAlgorithm;
}

}  // namespace

struct Hasher::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();

  Context() = default;
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // With a context and the algorithm at hand these calls cannot fail; without
  // them, memory has run out.
  void Require(bool done) {
    if (!done) throw std::bad_alloc();
  }
  void Start() {
    const EVP_MD* algorithm = Sha256();
    Require(evp != nullptr && algorithm != nullptr &&
            EVP_DigestInit_ex(evp, algorithm, nullptr) == 1);
  }
};

std::string ToHex(ByteSpan bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

bool HexToBytes(std::string_view text, MutableByteSpan bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    int value = -1;
    if (c >= '0' && c <= '9') value = c - '0';
    if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
    if (value < 0) return false;
    bytes[i / 2] = bytes[i / 2] << 4 | static_cast<std::byte>(value);
  }
  return true;
}

std::optional<Digest> DigestOfHex(std::string_view text) {
  Digest digest;
  if (!HexToBytes(text, digest.bytes)) return std::nullopt;
  return digest;
}

Hasher::Hasher() : context_(std::make_unique<Context>()) { context_->Start(); }
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::Update(ByteSpan bytes) {
  context_->Require(
      EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

Digest Hasher::Finish() {
  Digest digest;
  unsigned size = 0;
  context_->Require(EVP_DigestFinal_ex(context_->evp, AsU8(digest.bytes.data()),
                                       &size) == 1 &&
                    size == digest.bytes.size());
  context_->Start();
  return digest;
}

Digest Hasher::Peek() const {
  Context copy;
  context_->Require(copy.evp != nullptr &&
                    EVP_MD_CTX_copy_ex(copy.evp, context_->evp) == 1);
  Digest digest;
  unsigned size = 0;
  context_->Require(
      EVP_DigestFinal_ex(copy.evp, AsU8(digest.bytes.data()), &size) == 1);
  return digest;
}

Digest HashBytes(ByteSpan bytes) {
  Hasher hasher;
  hasher.Update(bytes);
  return hasher.Finish();
}

}  // namespace ingot
