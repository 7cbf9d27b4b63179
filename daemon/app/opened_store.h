// OpenedStore: a store and what it lies on.
//
// Thread-safety: a value.

#ifndef INGOT_DAEMON_APP_OPENED_STORE_H_
#define INGOT_DAEMON_APP_OPENED_STORE_H_

#include <memory>
#include <string>

#include "codec/result.h"
#include "daemon/store/file_storage.h"
#include "daemon/store/index.h"
#include "daemon/store/keys.h"
#include "daemon/store/store.h"

namespace ingot::app {

struct OpenedStore {
  std::unique_ptr<store::Storage> storage;
  std::unique_ptr<store::Store> store;
};

// kConflict where another process has the store in `data` open.
inline Result<OpenedStore> OpenStore(const std::string& data) {
  OpenedStore opened;
  INGOT_ASSIGN(opened.storage, store::OpenFileStorage(data));
  INGOT_ASSIGN(
      opened.store,
      store::Store::Open(opened.storage.get(),
                         {.index = {.folder = store::IndexFolder(data)}}));
  return opened;
}

}  // namespace ingot::app

#endif  // INGOT_DAEMON_APP_OPENED_STORE_H_
