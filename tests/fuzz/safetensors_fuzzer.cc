// Any bytes as a file: detection, the safetensors parser on the whole file and
// on a prefix of it, and the raw layout must partition what they were given.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <variant>

#include "codec/dtype.h"
#include "codec/source.h"
#include "formats/format_table.h"
#include "formats/safetensors.h"
#include "tests/formats/layout_checks.h"

namespace ingot {
namespace {

void Check(bool condition) {
  if (!condition) std::abort();
}

void CheckDetect(ByteSpan bytes) {
  const auto source = MakeMemorySource(bytes, "fuzz.safetensors");
  const Result<Layout> layout = DetectLayout(*source);
  Check(layout.ok());
  Check(LayoutDefect(*layout, bytes.size()).empty());
  const bool opaque = layout->format() == "opaque";
  Check(opaque || layout->format() == "safetensors");
  // Under this name an opaque file always has a reason.
  Check(opaque != layout->note().empty());

  // What is valid as a file is valid as the beginning of a pipe, and the same.
  const Result<ParsedLayout> prefix = ParseSafetensors(*source, std::nullopt);
  if (opaque) {
    if (!prefix.ok()) {
      Check(prefix.error().kind == ErrorKind::kInvalidArgument);
    } else if (const auto* implied = std::get_if<Layout>(&*prefix)) {
      Check(LayoutDefect(*implied, implied->size()).empty());
      Check(implied->size() != bytes.size());
    }
    return;
  }
  Check(prefix.ok());
  Check(std::get<Layout>(*prefix).regions() == layout->regions());
}

void CheckRaw(uint64_t size, uint64_t random) {
  for (const DTypeInfo& info : AllDTypes()) {
    const Result<Layout> layout = RawLayout(size, info.dtype, random);
    Check(layout.ok());
    Check(LayoutDefect(*layout, size).empty());
  }
}

}  // namespace
}  // namespace ingot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ingot::ByteSpan bytes(reinterpret_cast<const std::byte*>(data), size);
  ingot::CheckDetect(bytes);
  uint64_t random = 0;
  if (size >= 8) random = ingot::LoadLittleEndian<uint64_t>(data);
  ingot::CheckRaw(size, random);

  // The input as the text of a header, with a length that is right.
  std::string file(8, '\0');
  ingot::StoreLittleEndian<uint64_t>(file.data(), size);
  file.append(reinterpret_cast<const char*>(data), size);
  ingot::CheckDetect(ingot::AsBytes(file));
  return 0;
}
