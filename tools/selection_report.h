// SelectionReport: what ingot inspect --explain tells of a tensor, as text or
// JSON.
//
// The tensor is decoded and the encoder's choice runs again on it. A container
// does not say at which level it was written: where none is given, the one that
// gives the same bytes is looked for among those that use its methods.

#ifndef INGOT_TOOLS_SELECTION_REPORT_H_
#define INGOT_TOOLS_SELECTION_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/container_reader.h"
#include "codec/result.h"
#include "codec/selection.h"
#include "tools/tensor_place.h"

namespace ingot {

struct SelectionReport {
  std::string path;  // of the container
  std::string tensor;
  std::string dtype;
  std::vector<uint64_t> shape;
  uint64_t raw_bytes = 0;
  // Empty for a tensor so small that it is a literal: nothing is chosen.
  std::optional<Selection> selection;
  // What the container holds of it.
  ObjectStatistics held;
  bool same_bytes = false;  // as many side and plane bytes as held
};

Result<SelectionReport> MakeSelectionReport(ContainerReader* reader,
                                            const TensorPlace& place,
                                            std::optional<int> level);

std::string SelectionAsText(const SelectionReport& report);
std::string SelectionAsJson(const SelectionReport& report);

}  // namespace ingot

#endif  // INGOT_TOOLS_SELECTION_REPORT_H_
