#include "tools/hub/push_input.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "tools/hub/repository_file_name.h"

namespace ingot {
namespace {

std::string WhyLeftOut(std::string_view name, bool hidden) {
  if (name == ".git") return "git's own";
  if (name == kPullFolder) return "what a pull keeps";
  const bool plain = !name.starts_with('.') || name == ".gitattributes" ||
                     name == ".gitignore";
  return plain || hidden ? "" : "hidden (--hidden takes it)";
}

}  // namespace

Result<InputTree> GatherInput(const std::vector<std::string>& paths,
                              const PushInputOptions& options) {
  InputTree all;
  for (const std::string& path : paths) {
    INGOT_ASSIGN(InputTree tree,
                 ScanInput(path, {}, [&](std::string_view name) {
                   return WhyLeftOut(name, options.hidden);
                 }));
    for (InputFile& file : tree.files) {
      if (!options.into.empty()) file.name = options.into + "/" + file.name;
      if (const std::string why = WhyNoFileName(file.name); !why.empty()) {
        return InvalidArgument(
            file.path + ": cannot have its name in a repository: " + why);
      }
      all.files.push_back(std::move(file));
    }
    std::ranges::move(tree.skipped, std::back_inserter(all.skipped));
  }
  std::ranges::sort(all.files, {}, &InputFile::name);
  const auto twice =
      std::ranges::adjacent_find(all.files, {}, &InputFile::name);
  if (twice != all.files.end()) {
    return InvalidArgument(twice->path + " and " + std::next(twice)->path +
                           ": both would be " + twice->name);
  }
  return all;
}

}  // namespace ingot
