#include "codec/method/kernels.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "codec/method/kernel_sets.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ingot {
namespace {

#if defined(__x86_64__)
// clang 14 does not know the feature by its name.
bool HasLzcnt() {
  constexpr unsigned kExtendedFeatures = 0x80000001;
  unsigned a, b, c, d;
  return __get_cpuid(kExtendedFeatures, &a, &b, &c, &d) != 0 &&
         (c & bit_LZCNT) != 0;
}
#endif

std::vector<const Kernels*> FindAvailable() {
  std::vector<const Kernels*> available = {&kScalarKernels};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
      __builtin_cpu_supports("bmi2") && HasLzcnt() &&
      __builtin_cpu_supports("popcnt")) {
    available.push_back(&kAvx2Kernels);
    if (__builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vbmi") &&
        __builtin_cpu_supports("avx512vbmi2") &&
        __builtin_cpu_supports("avx512bitalg") &&
        __builtin_cpu_supports("gfni")) {
      available.push_back(&kAvx512Kernels);
    }
  }
#elif defined(__aarch64__)
  available.push_back(&kNeonKernels);
#endif
  return available;
}

Result<const Kernels*> Select() {
  const char* forced = std::getenv("INGOT_KERNEL");
  const std::span<const Kernels* const> available = AvailableKernels();
  if (forced == nullptr || *forced == '\0') return available.back();
  std::string names;
  for (const Kernels* kernels : available) {
    if (kernels->name == forced) return kernels;
    names += names.empty() ? "" : ", ";
    names += kernels->name;
  }
  return InvalidArgument("INGOT_KERNEL=" + std::string(forced) +
                         ": expected one that this machine has: " + names);
}

}  // namespace

std::span<const Kernels* const> AvailableKernels() {
  static const std::vector<const Kernels*> available = FindAvailable();
  return available;
}

Result<const Kernels*> SelectKernels() {
  static const Result<const Kernels*> selected = Select();
  return selected;
}

const Kernels& ActiveKernels() {
  const Result<const Kernels*> selected = SelectKernels();
  return selected.ok() ? **selected : *AvailableKernels().back();
}

}  // namespace ingot
