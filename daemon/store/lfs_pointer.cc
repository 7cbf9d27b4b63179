#include "daemon/store/lfs_pointer.h"

#include <charconv>
#include <string>
#include <string_view>

namespace ingot::store {
namespace {

constexpr std::string_view kBegin =
    "version https://git-lfs.github.com/spec/v1\noid sha256:";
constexpr std::string_view kSize = "\nsize ";
constexpr size_t kHexDigits = 64;

}  // namespace

GitObject FormatPointer(const LfsPointer& pointer) {
  const std::string text = std::string(kBegin) + ToHex(pointer.file) +
                           std::string(kSize) + std::to_string(pointer.length) +
                           "\n";
  const ByteSpan bytes = AsBytes(text);
  return {.type = GitType::kBlob, .bytes = {bytes.begin(), bytes.end()}};
}

std::optional<LfsPointer> ParsePointer(ByteSpan blob) {
  const std::string_view text = AsText(blob);
  constexpr size_t kDigits = kBegin.size() + kHexDigits;
  if (!text.starts_with(kBegin) || text.size() < kDigits + kSize.size() ||
      text.substr(kDigits, kSize.size()) != kSize) {
    return std::nullopt;
  }
  const auto file = DigestOfHex(text.substr(kBegin.size(), kHexDigits));
  if (!file) return std::nullopt;
  LfsPointer pointer = {.file = *file, .length = 0};
  const std::string_view size = text.substr(kDigits + kSize.size());
  std::from_chars(size.data(), size.data() + size.size(), pointer.length);
  // Whatever has another form would have another id.
  const GitObject again = FormatPointer(pointer);
  if (AsText(again.bytes) != text) return std::nullopt;
  return pointer;
}

}  // namespace ingot::store
