// SmallDisk: a tmpfs of a few megabytes, mounted in a mount namespace of this
// process, so that it ends with it.

#ifndef INGOT_TESTS_DAEMON_STORE_SMALL_DISK_H_
#define INGOT_TESTS_DAEMON_STORE_SMALL_DISK_H_

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include "tests/daemon/store/temporary_folder.h"

namespace ingot::store {

class SmallDisk {
 public:
  // `size` as tmpfs has it: "4m". Whether it is there says `why_not`.
  explicit SmallDisk(const std::string& size) : folder_(temporary_ / "disk") {
    std::filesystem::create_directory(folder_);
    // Once: threads of RocksDB outlive a test, and see the namespace in which
    // they began.
    static const int alone_error =
        unshare(CLONE_NEWNS) == 0 &&
                mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0
            ? 0
            : errno;
    errno = alone_error;
    is_mounted_ = alone_error == 0 && mount("none", folder_.c_str(), "tmpfs", 0,
                                            ("size=" + size).c_str()) == 0;
    if (!is_mounted_) {
      why_not_ =
          std::string("mounting a tmpfs needs root: ") + std::strerror(errno);
    }
  }
  ~SmallDisk() {
    if (is_mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Empty: it is there.
  const std::string& why_not() const { return why_not_; }
  std::string operator/(const std::string& name) const {
    return folder_ + "/" + name;
  }

 private:
  const TemporaryFolder temporary_;
  const std::string folder_;
  bool is_mounted_ = false;
  std::string why_not_;
};

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_SMALL_DISK_H_
