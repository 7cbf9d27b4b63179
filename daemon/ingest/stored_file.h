// OpenStoredFile: the bytes of a file, wherever the store holds it.
//
// Whether somebody may have the file is for the caller to say.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_INGEST_STORED_FILE_H_
#define INGOT_DAEMON_INGEST_STORED_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "codec/digest.h"
#include "codec/result.h"
#include "codec/source.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

// kNotFound where the store does not hold it, kCorruption where what it holds
// is damaged. `store` must outlive the Source.
Result<std::unique_ptr<Source>> OpenStoredFile(store::Store* store,
                                               const Digest& file);

// Its length; nothing where the store does not hold it.
Result<std::optional<uint64_t>> StoredLength(store::Store* store,
                                             const Digest& file);

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_STORED_FILE_H_
