// Parses hostile commits, at once and in two pieces, which must agree. The
// first byte says where they are cut.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "daemon/api/commit_request.h"

namespace {

using namespace ingot;
using namespace ingot::api;

void Require(bool holds) {
  if (!holds) std::abort();
}

Result<CommitRequest> Parse(ByteSpan first, ByteSpan second) {
  CommitParser parser;
  INGOT_TRY(parser.Feed(first));
  INGOT_TRY(parser.Feed(second));
  return parser.Finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteSpan text(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  const size_t cut = std::min<size_t>(data[0], text.size());
  const Result<CommitRequest> whole = Parse(text, {});
  const Result<CommitRequest> parts = Parse(text.first(cut), text.subspan(cut));
  Require(whole.ok() == parts.ok());
  if (!whole.ok()) {
    Require(whole.error().kind == parts.error().kind);
    Require(whole.error().message == parts.error().message);
    return 0;
  }
  Require(whole->summary == parts->summary && whole->parent == parts->parent);
  Require(whole->operations.size() == parts->operations.size());
  size_t bytes = 0;
  for (size_t i = 0; i < whole->operations.size(); ++i) {
    const CommitOperation& one = whole->operations[i];
    Require(one.path == parts->operations[i].path &&
            one.content == parts->operations[i].content &&
            one.file == parts->operations[i].file &&
            one.length == parts->operations[i].length);
    bytes += one.path.size() + one.content.size();
  }
  Require(bytes <= text.size());
  return 0;
}
