// Row shifts of differences: how much more or less than others a row of a
// tensor has changed, in half octaves (codec/FORMAT.md, section 10).
//
// Optimizers move rows by different amounts: the embedding of a rare token
// hardly at all. A row's shift is the one under which its differences are
// cheapest given what all rows look like under theirs; a few rounds of that
// settle.
//
// Thread-safety: a function without state.

#ifndef INGOT_CODEC_METHOD_DELTA_ROWS_H_
#define INGOT_CODEC_METHOD_DELTA_ROWS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/method/group_data.h"

namespace ingot {

struct RowShifts {
  uint8_t origin = 0;           // of classes, which the shifts go with
  std::vector<uint8_t> shifts;  // one for each row that the group touches
};

// Nothing where shifts would gain less than they take. `origin` is that of
// classes without shifts. REQUIRES: group.base is not empty.
std::optional<RowShifts> ChooseRowShifts(const GroupData& group,
                                         uint8_t origin);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_DELTA_ROWS_H_
