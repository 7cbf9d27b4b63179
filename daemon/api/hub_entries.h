// What the Hub's face says of files and folders.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_API_HUB_ENTRIES_H_
#define INGOT_DAEMON_API_HUB_ENTRIES_H_

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "codec/result.h"
#include "codec/source.h"
#include "daemon/store/history.h"
#include "daemon/store/lfs_pointer.h"
#include "daemon/store/store.h"

namespace ingot::api {

struct HubEntry {
  std::string path;
  store::TreeEntry entry;
  // The rest is of files alone.
  uint64_t size = 0;  // of what a download gets
  std::optional<store::LfsPointer> lfs;
  store::GitObject blob;  // the file, or its pointer
};

// A blob is a pointer only if the repository is granted the file: one that
// somebody made up is the small file that it is.
Result<HubEntry> DescribeEntry(store::Store* store, uint64_t repository,
                               const std::string& path,
                               const store::TreeEntry& entry);

// As `tree` and `paths-info` answer.
nlohmann::json ToJson(const HubEntry& entry);

// What is said of a repository wherever it is listed, before it has a commit.
nlohmann::json RepositoryJson(const store::RepositoryInfo& info);

// {"id", "title", "date"}.
Result<nlohmann::json> CommitJson(const store::History& history,
                                  const store::GitId& commit);

// "2026-01-31T23:59:59.000Z".
std::string DateText(uint64_t seconds);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_HUB_ENTRIES_H_
