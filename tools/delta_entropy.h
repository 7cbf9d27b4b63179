// DeltaEntropy: what the differences between a model file and its bases hold,
// beside which the size of a delta shows how much it could still shrink.
//
// Of all elements of each object that has a base, the order-0 entropy of the
// differences given the base's exponent, as codec/delta_estimate.h counts it:
// within some percent, from above. Coders that know more, such as how the steps
// of rows differ, may come below it. Objects count apart from each other, each
// without its base where that takes fewer bits.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_TOOLS_DELTA_ENTROPY_H_
#define INGOT_TOOLS_DELTA_ENTROPY_H_

#include <cstdint>

#include "codec/result.h"
#include "codec/source.h"
#include "formats/base_models.h"
#include "formats/layout.h"

namespace ingot {

struct DeltaEntropy {
  uint64_t raw_bytes = 0;  // of the objects that have a base
  uint64_t elements = 0;   // of them
  uint64_t changed = 0;    // of them; those without a base too
  double bits = 0;

  // Encoded / raw; 1 where nothing has a base.
  double size() const;
};

// Whether a container keeps a region as an object rather than as a literal:
// only these have bases.
bool IsObject(const Region& region);

// Reads all of `source`'s objects that have a base, and these.
Result<DeltaEntropy> MeasureDeltaEntropy(const Source& source,
                                         const Layout& layout,
                                         BaseModels* bases);

}  // namespace ingot

#endif  // INGOT_TOOLS_DELTA_ENTROPY_H_
