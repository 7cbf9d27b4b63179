#include "daemon/store/git_object.h"

#include <openssl/evp.h>

#include <new>
#include <string>

namespace ingot::store {

namespace {

// Fetched once: a fetch for each id costs as much as hashing a few kilobytes.
const EVP_MD* Sha1() {
  static const EVP_MD* const kAlgorithm =
      EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return kAlgorithm;
}

}  // namespace

std::optional<GitId> GitIdOfHex(std::string_view text) {
  GitId id;
  if (!HexToBytes(text, id.bytes)) return std::nullopt;
  return id;
}

GitId IdOf(GitType type, ByteSpan bytes) {
  std::string header = type == GitType::kCommit ? "commit"
                       : type == GitType::kTree ? "tree"
                                                : "blob";
  header += ' ';
  header += std::to_string(bytes.size());
  header += '\0';
  GitId id;
  unsigned size = 0;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool done =
      context != nullptr && Sha1() != nullptr &&
      EVP_DigestInit_ex(context, Sha1(), nullptr) == 1 &&
      EVP_DigestUpdate(context, header.data(), header.size()) == 1 &&
      EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1 &&
      EVP_DigestFinal_ex(context, AsU8(id.bytes.data()), &size) == 1;
  EVP_MD_CTX_free(context);
  // With a context and the algorithm at hand these calls cannot fail.
  if (!done) throw std::bad_alloc();
  return id;
}

}  // namespace ingot::store
