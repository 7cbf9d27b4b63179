#include "daemon/store/git_commit.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace ingot::store {
namespace {

// A name or an address as git's ident lines can hold it.
std::string Plain(std::string_view text, std::string_view fallback) {
  std::string plain;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= ' ' && c != '<' && c != '>') {
      plain += c;
    }
  }
  const size_t first = plain.find_first_not_of(" .,:;\"'");
  const size_t last = plain.find_last_not_of(" .,:;\"'");
  if (first == std::string::npos) return std::string(fallback);
  return plain.substr(first, last - first + 1);
}

// "name <email> seconds zone".
Status ParseIdent(std::string_view text, GitCommit* commit) {
  const size_t open = text.find('<');
  const size_t close = text.find("> ", open);
  if (open == std::string_view::npos || close == std::string_view::npos) {
    return Corruption("git commit: author without an address");
  }
  commit->author = text.substr(0, open == 0 ? 0 : open - 1);
  commit->email = text.substr(open + 1, close - open - 1);
  const std::string_view time = text.substr(close + 2);
  const auto [end, code] =
      std::from_chars(time.data(), time.data() + time.size(), commit->seconds);
  if (code != std::errc() || end == time.data() + time.size() || *end != ' ') {
    return Corruption("git commit: author without a time");
  }
  return {};
}

// The id on a line "tree ID" or "parent ID".
Result<GitId> ParseId(std::string_view text) {
  const std::optional<GitId> id = GitIdOfHex(text);
  if (!id) return Corruption("git commit: expected an id");
  return *id;
}

}  // namespace

std::string_view GitCommit::Title() const {
  return std::string_view(message).substr(0, message.find('\n'));
}

std::string_view GitCommit::Body() const {
  std::string_view rest = std::string_view(message).substr(Title().size());
  rest.remove_prefix(std::min(rest.find_first_not_of('\n'), rest.size()));
  return rest.substr(0, rest.find_last_not_of('\n') + 1);
}

GitObject FormatCommit(const GitCommit& commit) {
  const std::string ident = Plain(commit.author, "unknown") + " <" +
                            Plain(commit.email, "unknown") + "> " +
                            std::to_string(commit.seconds) + " +0000\n";
  std::string text = "tree " + ToHex(commit.tree) + "\n";
  for (const GitId& parent : commit.parents) {
    text += "parent " + ToHex(parent) + "\n";
  }
  text += "author " + ident + "committer " + ident + "\n" + commit.message;
  const ByteSpan bytes = AsBytes(text);
  return {.type = GitType::kCommit, .bytes = {bytes.begin(), bytes.end()}};
}

Result<GitCommit> ParseCommit(ByteSpan bytes) {
  GitCommit commit;
  bool has_tree = false;
  bool has_author = false;
  std::string_view rest = AsText(bytes);
  while (true) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      return Corruption("git commit: cut short");
    }
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.empty()) break;
    if (line.starts_with("tree ")) {
      INGOT_ASSIGN(commit.tree, ParseId(line.substr(5)));
      has_tree = true;
    } else if (line.starts_with("parent ")) {
      INGOT_ASSIGN(const GitId parent, ParseId(line.substr(7)));
      commit.parents.push_back(parent);
    } else if (line.starts_with("author ")) {
      INGOT_TRY(ParseIdent(line.substr(7), &commit));
      has_author = true;
    }
  }
  if (!has_tree || !has_author) {
    return Corruption("git commit: no tree or no author");
  }
  commit.message = rest;
  return commit;
}

}  // namespace ingot::store
