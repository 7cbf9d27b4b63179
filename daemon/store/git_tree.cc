#include "daemon/store/git_tree.h"

#include <algorithm>

namespace ingot::store {
namespace {

constexpr size_t kIdBytes = sizeof(GitId::bytes);

// As git writes them: no leading zero. 100644 and 100755 are files, then
// folders, links, and commits of other repositories.
std::optional<uint32_t> ModeOf(std::string_view text) {
  if (text == "100644") return kFileMode;
  if (text == "100755") return 0100755;
  if (text == "40000") return kTreeMode;
  if (text == "120000") return 0120000;
  if (text == "160000") return 0160000;
  return std::nullopt;
}

std::string ModeText(uint32_t mode) {
  std::string text;
  for (; mode > 0; mode /= 8) text.insert(text.begin(), '0' + mode % 8);
  return text;
}

// ".git" in any case would overwrite a client's own.
bool IsGitFolder(std::string_view part) {
  constexpr std::string_view kName = ".git";
  return std::ranges::equal(part, kName, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
  });
}

}  // namespace

Result<std::optional<TreeReader::View>> TreeReader::Next() {
  if (rest_.empty()) return std::optional<View>();
  const std::string_view text = AsText(rest_);
  const size_t space = text.find(' ');
  const size_t end = text.find('\0');
  if (space == std::string_view::npos || end == std::string_view::npos ||
      space + 1 >= end || text.size() - end - 1 < kIdBytes) {
    return Corruption("git tree: entry cut short");
  }
  const std::optional<uint32_t> mode = ModeOf(text.substr(0, space));
  if (!mode) return Corruption("git tree: unknown mode");
  View view = {
      .mode = *mode, .name = text.substr(space + 1, end - space - 1), .id = {}};
  if (view.name.find('/') != std::string_view::npos) {
    return Corruption("git tree: slash in a name");
  }
  std::ranges::copy(rest_.subspan(end + 1, kIdBytes), view.id.bytes.begin());
  rest_ = rest_.subspan(end + 1 + kIdBytes);
  return std::optional(view);
}

Result<std::vector<TreeEntry>> ParseTree(ByteSpan tree) {
  std::vector<TreeEntry> entries;
  TreeReader reader(tree);
  while (true) {
    INGOT_ASSIGN(const auto view, reader.Next());
    if (!view) return entries;
    TreeEntry entry = {
        .mode = view->mode, .name = std::string(view->name), .id = view->id};
    if (!entries.empty() && OrderOf(entries.back()) >= OrderOf(entry)) {
      return Corruption("git tree: entries out of order");
    }
    entries.push_back(std::move(entry));
  }
}

GitObject FormatTree(std::span<const TreeEntry> entries) {
  GitObject tree = {.type = GitType::kTree, .bytes = {}};
  const auto append = [&](ByteSpan bytes) {
    tree.bytes.insert(tree.bytes.end(), bytes.begin(), bytes.end());
  };
  for (const TreeEntry& entry : entries) {
    append(AsBytes(ModeText(entry.mode) + " " + entry.name));
    tree.bytes.push_back(std::byte{0});
    append(entry.id.bytes);
  }
  return tree;
}

Result<std::vector<std::string>> SplitPath(std::string_view path) {
  const auto refused = [&](const char* why) {
    return InvalidArgument("path '" + std::string(path) + "': " + why);
  };
  if (path.size() > kMaxPathBytes) {
    return InvalidArgument("path: longer than " +
                           std::to_string(kMaxPathBytes) + " bytes");
  }
  std::vector<std::string> parts;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty()) return refused("empty part");
    if (part == "." || part == "..") return refused("'.' or '..'");
    if (IsGitFolder(part)) return refused("'.git' is git's own");
    if (std::ranges::any_of(part, [](char c) {
          return static_cast<unsigned char>(c) < ' ' || c == 0x7F || c == '\\';
        })) {
      return refused("control character or backslash");
    }
    parts.emplace_back(part);
    at = end + 1;
  }
  if (parts.size() > kMaxPathParts) return refused("too many parts");
  return parts;
}

}  // namespace ingot::store
