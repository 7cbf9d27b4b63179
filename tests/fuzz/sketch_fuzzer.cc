// Any bytes as two sketches: what parses can be written again to the same
// bytes, and compared with the other and with itself.

#include <cmath>

#include "codec/base_search.h"
#include "tests/fuzz/fuzz_checks.h"

namespace ingot {
namespace {

void CheckMatch(const Sketch& object, const Sketch& base) {
  const uint64_t unit = object.dtype == base.dtype &&
                                GetDTypeInfo(object.dtype).block_elements > 1
                            ? GetDTypeInfo(object.dtype).bits / 8
                            : 1;
  const std::optional<BaseMatch> match = MatchBase(object, base);
  if (!match) return;
  Check(match->first_element + match->elements <= object.elements / unit);
  Check(match->base_first_element + match->elements <= base.elements / unit);
  Check(std::isfinite(match->distance) && match->distance >= 0);
  Check(match->distance <= 1 && match->delta_size >= 0);
}

}  // namespace
}  // namespace ingot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;  // NOLINT
  const ByteSpan bytes(reinterpret_cast<const std::byte*>(data), size);
  std::optional<Sketch> first;
  for (size_t at = 0; at <= size; at += kSketchBytes) {
    const ByteSpan part = bytes.subspan(at, std::min(size - at, kSketchBytes));
    const Result<Sketch> sketch = ParseSketch(part);
    if (!sketch.ok()) {
      CheckRefusal(sketch.error());
      continue;
    }
    const auto again = SerializeSketch(*sketch);
    Check(std::equal(again.begin(), again.end(), part.begin(), part.end()));
    CheckMatch(*sketch, *sketch);
    if (!first) first = *sketch;
    CheckMatch(*first, *sketch);
    CheckMatch(*sketch, *first);
  }
  return 0;
}
