// RepositoryId: which repository of a server a command is about, as people
// write it: [models/|datasets/|spaces/]NAMESPACE/NAME.
//
// Thread-safety: values.

#ifndef INGOT_TOOLS_HUB_REPOSITORY_ID_H_
#define INGOT_TOOLS_HUB_REPOSITORY_ID_H_

#include <array>
#include <string>
#include <string_view>

#include "codec/result.h"

namespace ingot {

// The kinds of repositories as paths of the API call them; of models first.
inline constexpr std::array<std::string_view, 3> kRepositoryKinds = {
    "models", "datasets", "spaces"};

struct RepositoryId {
  std::string kind = "models";
  std::string space;
  std::string name;

  // "NAMESPACE/NAME".
  std::string FullName() const { return space + "/" + name; }
  // As people write it: "datasets/NAMESPACE/NAME", of a model without its kind.
  std::string Text() const;
  // "model", "dataset", "space": how bodies call the kind.
  std::string Type() const { return kind.substr(0, kind.size() - 1); }
  // "/api/datasets/NAMESPACE/NAME".
  std::string ApiPath() const { return "/api/" + kind + "/" + FullName(); }
  // "/datasets/NAMESPACE/NAME"; of a model "/NAMESPACE/NAME".
  std::string PagePath() const { return "/" + Text(); }
};

// A repository and what stands behind it.
struct RepositoryPath {
  RepositoryId repository;
  std::string path;  // without slashes at its ends; may be empty
};

// kInvalidArgument for what is no such name.
Result<RepositoryId> ParseRepositoryId(std::string_view text);
// The same with /PATH behind it.
Result<RepositoryPath> ParseRepositoryPath(std::string_view text);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_REPOSITORY_ID_H_
