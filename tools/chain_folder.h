// ChainFolder: the folder of a chain, locked while a process adds to it.

#ifndef INGOT_TOOLS_CHAIN_FOLDER_H_
#define INGOT_TOOLS_CHAIN_FOLDER_H_

#include <optional>
#include <string>

#include "codec/result.h"

namespace ingot {

inline constexpr char kContainerSuffix[] = ".ingot";

class ChainFolder {
 public:
  ChainFolder() = default;
  ~ChainFolder();
  ChainFolder(const ChainFolder&) = delete;
  ChainFolder& operator=(const ChainFolder&) = delete;

  // Makes it where it does not exist, for good. kConflict where another process
  // has it open.
  Status Open(const std::string& path);

  // Removes the temporary files that interrupted processes left; containers'
  // only where the folder is a chain already. Returns a name of what else is
  // there, if anything is.
  Result<std::optional<std::string>> RemoveLeftovers(bool is_chain) const;

 private:
  Status SyncParent() const;

  std::string path_;
  int fd_ = -1;
};

}  // namespace ingot

#endif  // INGOT_TOOLS_CHAIN_FOLDER_H_
