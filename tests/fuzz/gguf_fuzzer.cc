// Any bytes as a file: GGUF, whole and as the beginning of a pipe.

#include <cstddef>
#include <cstdint>
#include <variant>

#include "formats/gguf.h"
#include "tests/fuzz/layout_fuzzer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;
  const ByteSpan bytes(reinterpret_cast<const std::byte*>(data), size);
  CheckLayoutOf(bytes);
  const auto source = MakeMemorySource(bytes, "fuzz");
  const Result<ParsedLayout> prefix = ParseGguf(*source, std::nullopt);
  Check(prefix.ok());
  if (const auto* layout = std::get_if<Layout>(&*prefix)) {
    Check(LayoutDefect(*layout, layout->size()).empty());
  }
  return 0;
}
