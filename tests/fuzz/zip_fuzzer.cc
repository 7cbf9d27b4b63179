// Any bytes as a file, and as the entry of an archive: zip archives with
// PyTorch checkpoints and arrays in them, and PyTorch's files of old.

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/formats/zip_writer.h"
#include "tests/fuzz/layout_fuzzer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ingot::ByteSpan bytes(reinterpret_cast<const std::byte*>(data), size);
  ingot::CheckLayoutOf(bytes);
  ingot::ZipWriter zip;
  zip.Add("inner.zip", ingot::AsText(bytes));
  ingot::CheckLayoutOf(ingot::AsBytes(zip.Finish()));
  return 0;
}
