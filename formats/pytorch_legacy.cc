#include "formats/pytorch_legacy.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "formats/base/rule.h"
#include "formats/pytorch/pickle.h"
#include "formats/pytorch/storage.h"

namespace ingot {
namespace {

// PROTO 2, LONG1 of 10 bytes 0x1950a86a20f9469cfc6c, STOP.
constexpr std::string_view kLegacyMagic =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
constexpr uint64_t kVersion = 1001;

// A pickle whose end is known, or the rule that it breaks.
Result<std::optional<BrokenRule>> ScanNext(const Source& source,
                                           std::string_view what,
                                           uint64_t* position,
                                           PickledTensors* pickled) {
  const uint64_t begin = *position;
  const uint64_t end =
      begin + std::min(kMaxPickleLength, source.size() - begin);
  INGOT_ASSIGN(*pickled, ScanPickle(source, begin, end));
  *position = pickled->end;
  if (pickled->problem.empty()) return std::optional<BrokenRule>();
  return std::optional(RuleAt(
      "the pickle of " + std::string(what) + ": " + pickled->problem, begin));
}

// The region of the storage whose length stands at `position`.
Result<std::variant<Region, BrokenRule>> ReadStorage(
    const Source& source, const PickledStorage& storage, uint64_t position,
    const std::string& key) {
  using Found = std::variant<Region, BrokenRule>;
  const std::string name = "storage " + Quote(key);
  std::array<std::byte, 8> bytes;
  if (source.size() - position < bytes.size()) {
    return Found(RuleAt(name + " has no length", position));
  }
  INGOT_TRY(source.ReadAt(position, bytes));
  const auto elements = LoadLittleEndian<uint64_t>(bytes.data());
  position += bytes.size();
  if (storage.dtype == DType::kBytes) {
    return Found(RuleAt(name + " has an unknown dtype", position));
  }
  const std::optional<uint64_t> length = DTypeByteSize(storage.dtype, elements);
  if (!length || *length > source.size() - position) {
    return Found(RuleAt(name + " of " + std::to_string(elements) +
                            " elements reaches beyond the file's end",
                        position));
  }
  std::optional<Region> region =
      StorageRegion(storage, position, *length, ToUtf8(key));
  if (region) return Found(*std::move(region));
  Region empty;
  empty.offset = position;
  return Found(std::move(empty));
}

}  // namespace

bool LooksLikeLegacyPytorch(ByteSpan first_bytes) {
  return AsText(first_bytes).starts_with(kLegacyMagic);
}

Result<ParsedLayout> ParseLegacyPytorch(const Source& source) {
  if (source.size() > kMaxFileSize) {
    return ParsedLayout(RuleAt("beyond the limit of files", kMaxFileSize));
  }
  uint64_t position = std::min<uint64_t>(kLegacyMagic.size(), source.size());
  PickledTensors version;
  PickledTensors machine;
  PickledTensors object;
  PickledTensors keys;
  for (const auto& [what, pickled] :
       {std::pair("the version", &version), std::pair("the machine", &machine),
        std::pair("the object", &object), std::pair("the keys", &keys)}) {
    INGOT_ASSIGN(std::optional<BrokenRule> rule,
                 ScanNext(source, what, &position, pickled));
    if (rule) return ParsedLayout(*std::move(rule));
  }
  if (version.integers[""] != kVersion) {
    return ParsedLayout(RuleAt("the version is not 1001", kLegacyMagic.size()));
  }
  if (machine.integers["little_endian"] != 1) {
    return ParsedLayout(RuleAt("not of a little-endian machine", version.end));
  }
  std::vector<Region> regions;
  uint64_t literal = 0;  // up to which there are regions
  std::unordered_set<std::string> names;
  for (const std::string& key : keys.strings) {
    const auto storage = object.storages.find(key);
    if (storage == object.storages.end()) {
      return ParsedLayout(
          RuleAt("storage " + Quote(key) + " is unknown", position));
    }
    INGOT_ASSIGN(auto found,
                 ReadStorage(source, storage->second, position, key));
    if (auto* rule = std::get_if<BrokenRule>(&found)) {
      return ParsedLayout(std::move(*rule));
    }
    Region& region = std::get<Region>(found);
    position = region.offset + region.length;
    if (region.length == 0) continue;
    if (!names.insert(region.tensor->name).second) {
      region.tensor->name = ToUtf8(key);
    }
    AppendLiterals(literal, region.offset - literal, &regions);
    literal = position;
    regions.push_back(std::move(region));
  }
  if (position != source.size()) {
    return ParsedLayout(RuleAt("bytes follow the last storage", position));
  }
  AppendLiterals(literal, position - literal, &regions);
  INGOT_ASSIGN(Layout layout,
               Layout::Create("pytorch", source.size(), std::move(regions)));
  return ParsedLayout(std::move(layout));
}

}  // namespace ingot
