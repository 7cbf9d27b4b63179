// A Storage of local files, below one folder that one process at a time has
// open (STORE.md, "Opening a store's folder").

#ifndef INGOT_DAEMON_STORE_FILE_STORAGE_H_
#define INGOT_DAEMON_STORE_FILE_STORAGE_H_

#include <memory>
#include <string>

#include "codec/result.h"
#include "daemon/store/storage.h"

namespace ingot::store {

// Creates `folder` where it does not exist; its parent must. kConflict, at
// once, while another FileStorage, in this process or another, has it open.
Result<std::unique_ptr<Storage>> OpenFileStorage(const std::string& folder);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_FILE_STORAGE_H_
