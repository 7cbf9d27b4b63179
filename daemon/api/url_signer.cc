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

// What is signed; the two never have the same text.
std::string TextOf(const UploadPermit& permit) {
  return "upload " + std::to_string(permit.repository) + " " +
         ToHex(permit.file) + " " + std::to_string(permit.length) + " " +
         std::to_string(permit.expires);
}

std::string TextOf(const PartPermit& permit) {
  return "part " + std::to_string(permit.upload) + " " +
         std::to_string(permit.chunk) + " " + std::to_string(permit.part) +
         " of " + TextOf(permit.whole);
}

std::string QueryOf(const UploadPermit& permit) {
  return "size=" + std::to_string(permit.length) +
         "&expires=" + std::to_string(permit.expires);
}

}  // namespace

UrlSigner::UrlSigner() {
  if (RAND_bytes(AsU8(secret_.data()), static_cast<int>(secret_.size())) != 1) {
    throw std::bad_alloc();  // without a source of chance nothing can be signed
  }
}

std::string UrlSigner::Signature(const std::string& text) const {
  std::array<std::byte, 32> signature;
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           AsU8(AsBytes(text).data()), text.size(), AsU8(signature.data()),
           &size) == nullptr) {
    throw std::bad_alloc();
  }
  return ToHex(signature);
}

bool UrlSigner::IsSigned(const http::Target& target,
                         const std::string& text) const {
  const std::string expected = Signature(text);
  const auto given = target.Parameter("signature");
  return given && given->size() == expected.size() &&
         CRYPTO_memcmp(given->data(), expected.data(), expected.size()) == 0;
}

std::string UrlSigner::Sign(const UploadPermit& permit) const {
  return QueryOf(permit) + "&signature=" + Signature(TextOf(permit));
}

std::optional<UploadPermit> UrlSigner::Verify(const http::Target& target,
                                              uint64_t repository,
                                              const Digest& file,
                                              uint64_t now) const {
  const auto length = NumberOf(target, "size");
  const auto expires = NumberOf(target, "expires");
  if (!length || !expires) return std::nullopt;
  const UploadPermit permit = {.repository = repository,
                               .file = file,
                               .length = *length,
                               .expires = *expires};
  if (!IsSigned(target, TextOf(permit)) || now >= permit.expires) {
    return std::nullopt;
  }
  return permit;
}

std::string UrlSigner::Sign(const PartPermit& permit) const {
  return QueryOf(permit.whole) + "&upload=" + std::to_string(permit.upload) +
         "&chunk=" + std::to_string(permit.chunk) +
         "&signature=" + Signature(TextOf(permit));
}

std::optional<PartPermit> UrlSigner::VerifyPart(const http::Target& target,
                                                uint64_t repository,
                                                const Digest& file,
                                                uint64_t part,
                                                uint64_t now) const {
  const auto length = NumberOf(target, "size");
  const auto expires = NumberOf(target, "expires");
  const auto upload = NumberOf(target, "upload");
  const auto chunk = NumberOf(target, "chunk");
  if (!length || !expires || !upload || !chunk) return std::nullopt;
  const PartPermit permit = {.whole = {.repository = repository,
                                       .file = file,
                                       .length = *length,
                                       .expires = *expires},
                             .upload = *upload,
                             .chunk = *chunk,
                             .part = part};
  if (!IsSigned(target, TextOf(permit)) || now >= *expires) {
    return std::nullopt;
  }
  return permit;
}

}  // namespace ingot::api
