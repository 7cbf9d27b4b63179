#include "daemon/api/url_signer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <new>
#include <string>

namespace ingot::api {
namespace {

std::optional<uint64_t> NumberOf(const http::Target& target,
                                 std::string_view name) {
  const auto text = target.Parameter(name);
  if (!text) return std::nullopt;
  return http::ParseNumber(*text);
}

}  // namespace

UrlSigner::UrlSigner() {
  if (RAND_bytes(AsU8(secret_.data()), static_cast<int>(secret_.size())) != 1) {
    throw std::bad_alloc();  // without a source of chance nothing can be signed
  }
}

std::string UrlSigner::Signature(const UploadPermit& permit) const {
  const std::string text = "upload " + std::to_string(permit.repository) + " " +
                           ToHex(permit.file) + " " +
                           std::to_string(permit.length) + " " +
                           std::to_string(permit.expires);
  std::array<std::byte, 32> signature;
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           AsU8(AsBytes(text).data()), text.size(), AsU8(signature.data()),
           &size) == nullptr) {
    throw std::bad_alloc();
  }
  return ToHex(signature);
}

std::string UrlSigner::Sign(const UploadPermit& permit) const {
  return "size=" + std::to_string(permit.length) +
         "&expires=" + std::to_string(permit.expires) +
         "&signature=" + Signature(permit);
}

std::optional<UploadPermit> UrlSigner::Verify(const http::Target& target,
                                              uint64_t repository,
                                              const Digest& file,
                                              uint64_t now) const {
  const auto length = NumberOf(target, "size");
  const auto expires = NumberOf(target, "expires");
  const auto given = target.Parameter("signature");
  if (!length || !expires || !given) return std::nullopt;
  const UploadPermit permit = {.repository = repository,
                               .file = file,
                               .length = *length,
                               .expires = *expires};
  const std::string expected = Signature(permit);
  if (given->size() != expected.size() ||
      CRYPTO_memcmp(given->data(), expected.data(), expected.size()) != 0 ||
      now >= permit.expires) {
    return std::nullopt;
  }
  return permit;
}

}  // namespace ingot::api
