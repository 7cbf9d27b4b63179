// Any bytes as a pickle: what is found fits the storages that it describes.

#include <cstddef>
#include <cstdint>

#include "codec/source.h"
#include "formats/pytorch/pickle.h"
#include "formats/pytorch/storage.h"
#include "tests/fuzz/fuzz_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;
  const ByteSpan bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto source = MakeMemorySource(bytes, "fuzz");
  const Result<PickledTensors> tensors = ScanPickle(*source, 0, size);
  Check(tensors.ok());
  for (const auto& [key, storage] : tensors->storages) {
    for (const uint64_t length : {0u, 1u, 24u, 4096u}) {
      const auto region = StorageRegion(storage, 0, length, key);
      if (!region) continue;
      Check(region->length == length && region->columns > 0);
      Check(region->tensor->ByteSize() == length);
    }
  }
  return 0;
}
