// The region of a storage, seen as its pickle describes it.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_FORMATS_PYTORCH_STORAGE_H_
#define INGOT_FORMATS_PYTORCH_STORAGE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "formats/layout.h"
#include "formats/pytorch/pickle.h"

namespace ingot {

// The tensor that the `length` bytes at `offset` are, or nothing where they
// are none: the dtype is not known or does not divide them. It has the shape
// of the storage's view where that sees all of it in order, else a flat one;
// rows are those of the view as it lies in memory, whatever its strides.
// `name` is used where the view has none.
std::optional<Region> StorageRegion(const PickledStorage& storage,
                                    uint64_t offset, uint64_t length,
                                    std::string name);

}  // namespace ingot

#endif  // INGOT_FORMATS_PYTORCH_STORAGE_H_
