// RunCrew: the same work on several threads, while the calling thread, which
// signals run on, shows how far it is.
//
// Thread-safety: a function without state.

#ifndef INGOT_TOOLS_HUB_CREW_H_
#define INGOT_TOOLS_HUB_CREW_H_

#include <atomic>
#include <functional>

#include "codec/result.h"

namespace ingot {

// Runs work() on `threads` threads until all have returned, and tick() on the
// calling thread about ten times a second. The first error sets *cancelled,
// which whoever works is to look at, and is returned.
Status RunCrew(int threads, std::atomic<bool>* cancelled,
               const std::function<Status()>& work,
               const std::function<void()>& tick);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_CREW_H_
