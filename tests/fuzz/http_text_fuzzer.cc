// Parses hostile pieces of requests: targets, Range and Authorization headers.
// The first byte says which.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/auth/credentials.h"
#include "daemon/http/ranges.h"
#include "daemon/http/target.h"

namespace {

using namespace ingot;
using namespace ingot::http;

void Require(bool holds) {
  if (!holds) std::abort();
}

bool IsPlain(std::string_view text) {
  return std::ranges::none_of(text, [](char byte) {
    return static_cast<unsigned char>(byte) < ' ' || byte == '\\' ||
           byte == 0x7F;
  });
}

void CheckTarget(std::string_view text) {
  const Result<Target> target = ParseTarget(text);
  if (!target.ok()) {
    Require(target.error().kind == ErrorKind::kInvalidArgument);
    return;
  }
  Require(text.starts_with('/'));
  for (const std::string& segment : target->segments) {
    Require(IsPlain(segment) && segment != "." && segment != "..");
    Require(!segment.empty() || &segment == &target->segments.back());
  }
  for (const auto& [key, value] : target->parameters) {
    Require(IsPlain(key) && IsPlain(value));
  }
}

void CheckRanges(std::string_view text, uint64_t size) {
  auto ranges = ParseRanges(text, size);
  if (!ranges) return;
  Require(ranges->size() <= kMaxRanges);
  std::ranges::sort(*ranges, {}, &ByteRange::begin);
  uint64_t end = 0;
  for (const ByteRange& range : *ranges) {
    Require(end <= range.begin && range.begin < range.end);
    end = range.end;
  }
  Require(end <= size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1,
                              size - 1);
  switch (data[0] % 3) {
    case 0:
      CheckTarget(text);
      break;
    case 1:
      CheckRanges(text, data[0] < 128 ? data[0] : UINT64_MAX);
      break;
    default: {
      const Result<std::string> secret = auth::SecretOf(text);
      Require(!secret.ok() || secret->size() <= text.size());
    }
  }
  return 0;
}
