// A Storage in memory, for tests and for programs that need no store on disk.
// All of it is lost with the object; Sync has nothing to do.

#ifndef INGOT_DAEMON_STORE_MEMORY_STORAGE_H_
#define INGOT_DAEMON_STORE_MEMORY_STORAGE_H_

#include <memory>

#include "daemon/store/storage.h"

namespace ingot::store {

std::unique_ptr<Storage> MakeMemoryStorage();

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_MEMORY_STORAGE_H_
