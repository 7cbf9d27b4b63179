#include "daemon/observe/process.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace ingot::observe {
namespace {

// The fields of /proc/self/stat from the third on: the second may hold
// anything.
std::istringstream StatFields() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const size_t name_end = text.rfind(") ");
  return std::istringstream(
      name_end == std::string::npos ? "" : text.substr(name_end + 2));
}

// In seconds since 1970.
double BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return 0;
}

size_t OpenDescriptors() {
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  size_t count = 0;
  while (const dirent* const entry = readdir(folder)) {
    if (entry->d_name[0] != '.') ++count;
  }
  closedir(folder);
  // One of them is the folder's.
  return count - 1;
}

}  // namespace

std::vector<Reading> ProcessReadings() {
  std::vector<Reading> readings;
  timespec used = {};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0) {
    readings.push_back({.name = "process_cpu_seconds_total",
                        .help = "Processor time used.",
                        .value = static_cast<double>(used.tv_sec) +
                                 static_cast<double>(used.tv_nsec) * 1e-9,
                        .is_counter = true});
  }
  std::istringstream fields = StatFields();
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  double start = 0;
  double virtual_bytes = 0;
  double resident_pages = 0;
  if (fields >> start >> virtual_bytes >> resident_pages) {
    readings.push_back(
        {.name = "process_start_time_seconds",
         .help = "When the process began, in seconds since 1970.",
         .value =
             BootTime() + start / static_cast<double>(sysconf(_SC_CLK_TCK))});
    readings.push_back({.name = "process_virtual_memory_bytes",
                        .help = "Address space.",
                        .value = virtual_bytes});
    readings.push_back(
        {.name = "process_resident_memory_bytes",
         .help = "Memory in use.",
         .value = resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE))});
  }
  readings.push_back({.name = "process_open_fds",
                      .help = "Open descriptors.",
                      .value = static_cast<double>(OpenDescriptors())});
  rlimit most = {};
  if (getrlimit(RLIMIT_NOFILE, &most) == 0) {
    readings.push_back({.name = "process_max_fds",
                        .help = "As many descriptors may be open.",
                        .value = static_cast<double>(most.rlim_cur)});
  }
  return readings;
}

}  // namespace ingot::observe
