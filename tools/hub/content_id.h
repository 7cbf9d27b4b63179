// ContentId: what the bytes of a file in a repository are: the SHA-256 of a
// large file, the blob's id in git of a small one, and their length.
//
// Thread-safety: values; a ContentHasher is one thread's at a time.

#ifndef INGOT_TOOLS_HUB_CONTENT_ID_H_
#define INGOT_TOOLS_HUB_CONTENT_ID_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"

namespace ingot {

struct ContentId {
  enum class Kind { kSha256, kGitBlob };
  Kind kind = Kind::kSha256;
  std::string hex;  // lower case
  uint64_t size = 0;

  auto operator<=>(const ContentId&) const = default;
};

// Whether `text` is `digits` lower-case hexadecimal digits.
bool IsLowerHex(std::string_view text, size_t digits);
// 64 digits are a SHA-256, 40 the id of a blob; kCorruption for all else.
Result<ContentId> ParseContentId(std::string_view hex, uint64_t size);

class ContentHasher {
 public:
  // A blob's id begins with its length.
  ContentHasher(ContentId::Kind kind, uint64_t size);
  ~ContentHasher();
  ContentHasher(ContentHasher&&) noexcept;
  ContentHasher& operator=(ContentHasher&&) noexcept;

  void Update(ByteSpan bytes);
  // To be called once, at the end.
  std::string Hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Reads all of it, a few MiB at a time.
Result<ContentId> IdentifyContent(const Source& source, ContentId::Kind kind);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_CONTENT_ID_H_
