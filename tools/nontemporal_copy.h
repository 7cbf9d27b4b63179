// NontemporalCopy: memcpy with stores that go past the caches, the fastest way
// to move a large buffer on one core of most machines.

#ifndef INGOT_TOOLS_NONTEMPORAL_COPY_H_
#define INGOT_TOOLS_NONTEMPORAL_COPY_H_

#include <cstddef>

namespace ingot {

// REQUIRES: `to` is aligned to 64 bytes; no overlap. Plain memcpy on machines
// other than x86-64.
void NontemporalCopy(void* to, const void* from, size_t size);

}  // namespace ingot

#endif  // INGOT_TOOLS_NONTEMPORAL_COPY_H_
