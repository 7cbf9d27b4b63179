// Reads hostile model cards: as they are, and as what stands between the two
// lines of one. What is returned are names that repositories may have.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/ingest/model_card.h"
#include "daemon/store/repository.h"

namespace {

using namespace ingot;

void Require(bool holds) {
  if (!holds) std::abort();
}

void Read(std::string_view card) {
  const std::vector<std::string> names = ingest::BaseModelsOf(card);
  Require(names.size() <= ingest::kMaxBaseModels);
  for (const std::string& name : names) {
    const size_t slash = name.find('/');
    const std::string_view text = name;
    Require(!name.empty() && slash != 0 && slash != name.size() - 1);
    if (slash == std::string::npos) {
      Require(store::IsNamePart(text));
    } else {
      Require(store::IsNamePart(text.substr(0, slash)));
      Require(store::IsNamePart(text.substr(slash + 1)));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Read(text);
  Read("---\n" + text + "\n---\n");
  return 0;
}
