#include "formats/safetensors.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "formats/base/rule.h"
#include "formats/safetensors/header.h"

namespace ingot {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderLength = 100'000'000;

bool IsText(ByteSpan bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) {
    const auto c = std::to_integer<unsigned char>(b);
    return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\r' || c == '\t';
  });
}

// kInvalidArgument where a prefix of a file is too short a prefix.
Status CheckAvailable(const Source& source, uint64_t needed) {
  if (source.size() >= needed) return {};
  return InvalidArgument(source.name() + ": " + std::to_string(source.size()) +
                         " bytes of a safetensors file, expected the first " +
                         std::to_string(needed));
}

// The tensors in file order behind the literals of the first `data_offset`
// bytes, or the rule that their offsets break.
Result<ParsedLayout> PlaceTensors(std::vector<SafetensorsEntry> entries,
                                  uint64_t data_offset,
                                  std::optional<uint64_t> file_size) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
                     return std::pair(a.begin, a.end) <
                            std::pair(b.begin, b.end);
                   });
  uint64_t position = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != position) {
      return ParsedLayout(
          RuleAt("tensor " + Quote(entry.view.name) + " begins at byte " +
                     std::to_string(entry.begin) + " of the data, expected " +
                     std::to_string(position) +
                     (entry.begin > position ? ": a hole" : ": an overlap"),
                 entry.key_offset));
    }
    position = entry.end;
  }
  if (position > kMaxFileSize - data_offset) {
    return ParsedLayout(RuleAt("the tensors end at byte " +
                                   std::to_string(position) +
                                   " of the data, beyond the limit of files",
                               data_offset));
  }
  const uint64_t size = data_offset + position;
  if (file_size && *file_size != size) {
    return ParsedLayout(RuleAt("the file has " + std::to_string(*file_size) +
                                   " bytes, expected " + std::to_string(size) +
                                   ", where its last tensor ends",
                               std::min(*file_size, size)));
  }
  std::vector<Region> regions;
  regions.reserve(entries.size() + 2);
  AppendLiterals(0, data_offset, &regions);
  for (SafetensorsEntry& entry : entries) {
    regions.push_back(
        TensorRegion(data_offset + entry.begin, std::move(entry.view)));
  }
  INGOT_ASSIGN(Layout layout,
               Layout::Create("safetensors", size, std::move(regions)));
  return ParsedLayout(std::move(layout));
}

}  // namespace

bool LooksLikeSafetensors(ByteSpan first_bytes) {
  return first_bytes.size() >= kSafetensorsProbeLength &&
         first_bytes[kLengthBytes] == std::byte{'{'} &&
         LoadLittleEndian<uint64_t>(first_bytes.data()) > 0 &&
         !IsText(first_bytes.first(kLengthBytes));
}

std::optional<uint64_t> SafetensorsDataOffset(ByteSpan first_bytes) {
  if (!LooksLikeSafetensors(first_bytes)) return std::nullopt;
  const auto length = LoadLittleEndian<uint64_t>(first_bytes.data());
  if (length > kMaxHeaderLength) return std::nullopt;
  return kLengthBytes + length;
}

Result<ParsedLayout> ParseSafetensors(const Source& source,
                                      std::optional<uint64_t> file_size) {
  if (file_size && *file_size < kLengthBytes) {
    return ParsedLayout(RuleAt("the file has " + std::to_string(*file_size) +
                                   " bytes, expected 8 for the length of the "
                                   "header",
                               0));
  }
  INGOT_TRY(CheckAvailable(source, kLengthBytes));
  std::array<std::byte, kLengthBytes> length_bytes;
  INGOT_TRY(source.ReadAt(0, length_bytes));
  const auto length = LoadLittleEndian<uint64_t>(length_bytes.data());
  if (length > kMaxHeaderLength) {
    return ParsedLayout(
        RuleAt("the header's length is " + std::to_string(length) +
                   ", expected at most " + std::to_string(kMaxHeaderLength),
               0));
  }
  const uint64_t data_offset = kLengthBytes + length;
  if (file_size && *file_size < data_offset) {
    return ParsedLayout(
        RuleAt("the header ends at " + std::to_string(data_offset) +
                   ", the file at " + std::to_string(*file_size),
               *file_size));
  }
  INGOT_TRY(CheckAvailable(source, data_offset));
  INGOT_ASSIGN(SafetensorsHeader header,
               ReadSafetensorsHeader(source, kLengthBytes, data_offset));
  if (auto* rule = std::get_if<BrokenRule>(&header)) {
    return ParsedLayout(std::move(*rule));
  }
  return PlaceTensors(
      std::get<std::vector<SafetensorsEntry>>(std::move(header)), data_offset,
      file_size);
}

}  // namespace ingot
