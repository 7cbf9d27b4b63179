#include "codec/options.h"

#include <sched.h>

#include <algorithm>

namespace ingot {

int ResolveThreads(int threads) {
  constexpr int kMaxThreads = 256;
  if (threads <= 0) {
    // The cores that this process may use, which a container or taskset may
    // have made fewer than the machine has.
    cpu_set_t set;
    CPU_ZERO(&set);
    threads = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set)
                                                           : 1;
  }
  return std::clamp(threads, 1, kMaxThreads);
}

int ResolveStreamThreads(int threads) {
  const int resolved = ResolveThreads(threads);
  return resolved == 1 ? 1 : resolved + 1;
}

}  // namespace ingot
