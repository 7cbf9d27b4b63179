#include "tools/hub/repository_id.h"

#include <algorithm>

namespace ingot {
namespace {

// What the server allows, so that a name needs no escapes in a URL.
bool IsRepositoryNamePart(std::string_view part) {
  constexpr size_t kMaxBytes = 96;
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !part.empty() && part.size() <= kMaxBytes && part != "." &&
         part != ".." &&
         part.find_first_not_of(kAllowed) == std::string_view::npos;
}

// What is before the first slash; `*rest` becomes what is behind it.
std::string_view TakePart(std::string_view* rest) {
  const size_t slash = std::min(rest->find('/'), rest->size());
  const std::string_view part = rest->substr(0, slash);
  rest->remove_prefix(std::min(slash + 1, rest->size()));
  return part;
}

}  // namespace

std::string RepositoryId::Text() const {
  return kind == kRepositoryKinds.front() ? FullName()
                                          : kind + "/" + FullName();
}

Result<RepositoryPath> ParseRepositoryPath(std::string_view text) {
  RepositoryPath parsed;
  std::string_view rest = text;
  std::string_view part = TakePart(&rest);
  if (std::ranges::find(kRepositoryKinds, part) != kRepositoryKinds.end()) {
    parsed.repository.kind = part;
    part = TakePart(&rest);
  }
  parsed.repository.space = part;
  parsed.repository.name = TakePart(&rest);
  if (!IsRepositoryNamePart(parsed.repository.space) ||
      !IsRepositoryNamePart(parsed.repository.name)) {
    return InvalidArgument(
        std::string(text) +
        ": expected a repository, [models/|datasets/|spaces/]NAMESPACE/NAME");
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  parsed.path = rest;
  return parsed;
}

Result<RepositoryId> ParseRepositoryId(std::string_view text) {
  INGOT_ASSIGN(RepositoryPath parsed, ParseRepositoryPath(text));
  if (!parsed.path.empty()) {
    return InvalidArgument(std::string(text) +
                           ": expected a repository without a path behind it");
  }
  return std::move(parsed.repository);
}

}  // namespace ingot
