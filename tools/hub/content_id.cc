#include "tools/hub/content_id.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>
#include <vector>

#include "codec/digest.h"

namespace ingot {

struct ContentHasher::Context {
  Context() : context(EVP_MD_CTX_new()) {}
  ~Context() { EVP_MD_CTX_free(context); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  EVP_MD_CTX* const context;
};

bool IsLowerHex(std::string_view text, size_t digits) {
  return text.size() == digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<ContentId> ParseContentId(std::string_view hex, uint64_t size) {
  ContentId id = {
      .kind = ContentId::Kind::kSha256, .hex = std::string(hex), .size = size};
  if (IsLowerHex(hex, 64)) return id;
  id.kind = ContentId::Kind::kGitBlob;
  if (IsLowerHex(hex, 40)) return id;
  return Corruption("\"" + std::string(hex.substr(0, 100)) +
                    "\" is neither a SHA-256 nor the id of a blob");
}

ContentHasher::ContentHasher(ContentId::Kind kind, uint64_t size)
    : context_(std::make_unique<Context>()) {
  const bool git = kind == ContentId::Kind::kGitBlob;
  // With memory for a context these calls cannot fail.
  if (context_->context == nullptr ||
      EVP_DigestInit_ex(context_->context, git ? EVP_sha1() : EVP_sha256(),
                        nullptr) != 1) {
    throw std::bad_alloc();
  }
  if (!git) return;
  const std::string head = "blob " + std::to_string(size) + '\0';
  Update(AsBytes(head));
}

ContentHasher::~ContentHasher() = default;
ContentHasher::ContentHasher(ContentHasher&&) noexcept = default;
ContentHasher& ContentHasher::operator=(ContentHasher&&) noexcept = default;

void ContentHasher::Update(ByteSpan bytes) {
  EVP_DigestUpdate(context_->context, bytes.data(), bytes.size());
}

std::string ContentHasher::Hex() {
  std::array<std::byte, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context_->context, AsU8(digest.data()), &size);
  return ToHex(ByteSpan(digest).first(size));
}

Result<ContentId> IdentifyContent(const Source& source, ContentId::Kind kind) {
  constexpr uint64_t kPiece = uint64_t{4} << 20;
  ContentHasher hasher(kind, source.size());
  std::vector<std::byte> buffer(std::min(kPiece, source.size()));
  for (uint64_t at = 0; at < source.size();) {
    const MutableByteSpan piece =
        MutableByteSpan(buffer).first(std::min(kPiece, source.size() - at));
    INGOT_TRY(source.ReadAt(at, piece));
    hasher.Update(piece);
    at += piece.size();
  }
  return ContentId{.kind = kind, .hex = hasher.Hex(), .size = source.size()};
}

}  // namespace ingot
