// ParallelFor: body(0) .. body(count - 1), spread over a pool.
//
// Returns when all have run. Without a pool, or with a pool of one thread,
// they run in order on the calling thread.

#ifndef INGOT_CODEC_BASE_PARALLEL_FOR_H_
#define INGOT_CODEC_BASE_PARALLEL_FOR_H_

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "codec/base/thread_pool.h"

namespace ingot {

template <typename Body>
void ParallelFor(ThreadPool* pool, size_t count, const Body& body) {
  const size_t tasks =
      pool == nullptr
          ? 1
          : std::min(count, static_cast<size_t>(pool->threads()));
  if (tasks <= 1) {
    for (size_t i = 0; i < count; ++i) body(i);
    return;
  }
  std::atomic<size_t> next{0};
  TaskGroup group(pool);
  for (size_t task = 0; task < tasks; ++task) {
    group.Submit([&] {
      for (size_t i = next++; i < count; i = next++) body(i);
    });
  }
  group.Wait();
}

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_PARALLEL_FOR_H_
