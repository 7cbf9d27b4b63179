// TemporaryFolder: an empty folder that goes with the object.

#ifndef INGOT_TESTS_DAEMON_STORE_TEMPORARY_FOLDER_H_
#define INGOT_TESTS_DAEMON_STORE_TEMPORARY_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace ingot::store {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name =
        std::filesystem::temp_directory_path() / "ingot-store-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_TEMPORARY_FOLDER_H_
