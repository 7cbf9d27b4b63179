// Where a tensor that the command line names lies in a container.

#ifndef INGOT_TOOLS_TENSOR_PLACE_H_
#define INGOT_TOOLS_TENSOR_PLACE_H_

#include <cstddef>
#include <string>

#include "codec/container_reader.h"
#include "codec/result.h"

namespace ingot {

struct TensorPlace {
  size_t file = 0;
  size_t segment = 0;
};

// The tensor with that name in the file of path `file` or, where that is
// empty, in any file. kNotFound, or kInvalidArgument where several could be
// meant.
Result<TensorPlace> FindTensor(const ContainerReader& reader,
                               const std::string& name,
                               const std::string& file);

}  // namespace ingot

#endif  // INGOT_TOOLS_TENSOR_PLACE_H_
