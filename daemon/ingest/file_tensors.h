// The tensors of a file: as a pack's manifest lists them, or as its format
// does.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_INGEST_FILE_TENSORS_H_
#define INGOT_DAEMON_INGEST_FILE_TENSORS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "codec/manifest.h"
#include "codec/result.h"
#include "codec/source.h"
#include "codec/tensor_view.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

struct FileTensor {
  TensorView view;
  uint64_t offset = 0;             // in the file
  uint64_t length = 0;             // bytes
  std::optional<ObjectId> object;  // what it is in a pack, if it is one there
};

// Which tensors are wanted: those of a page, or the first one of a name.
struct TensorQuery {
  size_t first = 0;
  size_t limit = std::numeric_limits<size_t>::max();
  std::optional<std::string> name = std::nullopt;
};

struct FileTensors {
  std::string format;
  size_t total = 0;  // in the file; with a name: looked at
  std::vector<FileTensor> tensors;
};

// Of a file that the store holds. kNotFound where it does not.
Result<FileTensors> ListTensors(store::Store* store, const StoredFiles& files,
                                const Digest& file, const TensorQuery& query);
// Of any bytes.
Result<FileTensors> ListTensors(const Source& source, const TensorQuery& query);

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_FILE_TENSORS_H_
