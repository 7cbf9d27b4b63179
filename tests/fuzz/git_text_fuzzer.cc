// Parses hostile trees, commits, pointers and paths. What parses is written as
// it was, where there is one way to write it. The first byte says which.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/git_commit.h"
#include "daemon/store/git_tree.h"
#include "daemon/store/lfs_pointer.h"

namespace {

using namespace ingot;
using namespace ingot::store;

void Require(bool holds) {
  if (!holds) std::abort();
}

bool Same(const GitObject& object, ByteSpan bytes) {
  return AsText(object.bytes) == AsText(bytes);
}

void CheckCommit(ByteSpan bytes) {
  const Result<GitCommit> commit = ParseCommit(bytes);
  if (!commit.ok()) return;
  Require(commit->Title().size() + commit->Body().size() <=
          commit->message.size());
  // What is written has lost what is not kept, and nothing more.
  const Result<GitCommit> once = ParseCommit(FormatCommit(*commit).bytes);
  Require(once.ok() && once->tree == commit->tree &&
          once->parents == commit->parents &&
          once->seconds == commit->seconds && once->message == commit->message);
  const Result<GitCommit> twice = ParseCommit(FormatCommit(*once).bytes);
  Require(twice.ok() && *twice == *once);
}

void CheckPath(std::string_view text) {
  const auto parts = SplitPath(text);
  if (!parts.ok()) return;
  std::string joined;
  for (const std::string& part : *parts) {
    Require(!part.empty() && part != "." && part != "..");
    joined += (joined.empty() ? "" : "/") + part;
  }
  Require(joined == text && parts->size() <= kMaxPathParts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteSpan bytes(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      const auto entries = ParseTree(bytes);
      Require(!entries.ok() || Same(FormatTree(*entries), bytes));
      break;
    }
    case 1:
      CheckCommit(bytes);
      break;
    case 2: {
      const auto pointer = ParsePointer(bytes);
      Require(!pointer || Same(FormatPointer(*pointer), bytes));
      break;
    }
    default:
      CheckPath(AsText(bytes));
  }
  return 0;
}
