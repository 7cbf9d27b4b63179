// Any bytes as a file and as the header of an NPY file.

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/formats/npy_writer.h"
#include "tests/fuzz/layout_fuzzer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ingot::ByteSpan bytes(reinterpret_cast<const std::byte*>(data), size);
  ingot::CheckLayoutOf(bytes);
  const std::string header(
      ingot::AsText(bytes.first(std::min<size_t>(size, 60000))));
  ingot::CheckLayoutOf(ingot::AsBytes(ingot::NpyWithHeader(header, 24)));
  return 0;
}
