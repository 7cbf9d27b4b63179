#include "tools/tensor_place.h"

#include <optional>
#include <vector>

namespace ingot {

Result<TensorPlace> FindTensor(const ContainerReader& reader,
                               const std::string& name,
                               const std::string& file) {
  std::optional<size_t> only;
  if (!file.empty()) {
    INGOT_ASSIGN(only, reader.FindFile(file));
  }
  std::optional<TensorPlace> found;
  for (size_t i = 0; i < reader.files().size(); ++i) {
    if (only && i != *only) continue;
    const std::vector<Segment>& segments = reader.files()[i].segments;
    for (size_t j = 0; j < segments.size(); ++j) {
      if (!segments[j].view || segments[j].view->name != name) continue;
      if (found) {
        return InvalidArgument(reader.name() + ": several tensors \"" + name +
                               "\": say which file's (--file PATH)");
      }
      found = TensorPlace{.file = i, .segment = j};
    }
  }
  if (found) return *found;
  return Error{ErrorKind::kNotFound,
               reader.name() + ": no tensor \"" + name + "\""};
}

}  // namespace ingot
