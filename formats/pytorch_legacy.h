// PyTorch's files from before version 1.6, which are no zip archives
// (torch/serialization.py, _legacy_save): pickles of a magic number, a version,
// facts about the machine, the object, and the list of the storages' keys; then
// for each key the storage: u64 elements, and their bytes.
//
// Each storage becomes one tensor, as in archives (formats/zip.h); everything
// before and between is literal. What a pickle does not tell, such as the dtype
// and so the size of a storage, breaks a rule in Ingot's sense, as do files of
// big-endian machines.
//
// Limits: those of formats/pytorch/pickle.h for the object.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_FORMATS_PYTORCH_LEGACY_H_
#define INGOT_FORMATS_PYTORCH_LEGACY_H_

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"
#include "formats/layout.h"

namespace ingot {

// Whether a file with these first bytes begins with the magic number.
bool LooksLikeLegacyPytorch(ByteSpan first_bytes);

// Errors: reading failed.
Result<ParsedLayout> ParseLegacyPytorch(const Source& source);

}  // namespace ingot

#endif  // INGOT_FORMATS_PYTORCH_LEGACY_H_
