#include "formats/format_table.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <variant>

#include "formats/npy.h"
#include "formats/safetensors.h"
#include "formats/zip.h"

namespace ingot {
namespace {

bool ProbeSafetensors(const FormatProbe& probe) {
  return probe.name.ends_with(".safetensors") ||
         LooksLikeSafetensors(probe.first_bytes);
}

Result<ParsedLayout> ParseSafetensorsFile(const Source& source) {
  return ParseSafetensors(source, source.size());
}

bool ProbeNpy(const FormatProbe& probe) {
  return LooksLikeNpy(probe.first_bytes);
}

Result<ParsedLayout> ParseNpyFile(const Source& source) {
  return ParseNpy(source, source.size());
}

bool ProbeZip(const FormatProbe& probe) {
  return LooksLikeZip(probe.first_bytes);
}

constexpr std::array<Format, 3> kFormats = {{
    {.name = "safetensors",
     .probe = ProbeSafetensors,
     .parse = ParseSafetensorsFile},
    {.name = "npy", .probe = ProbeNpy, .parse = ParseNpyFile},
    {.name = "zip", .probe = ProbeZip, .parse = ParseZip},
}};

}  // namespace

std::span<const Format> AllFormats() { return kFormats; }

Result<Layout> DetectLayout(const Source& source) {
  std::array<std::byte, kProbeLength> buffer;
  const MutableByteSpan first_bytes(
      buffer.data(), std::min<uint64_t>(buffer.size(), source.size()));
  INGOT_TRY(source.ReadAt(0, first_bytes));
  const FormatProbe probe = {.first_bytes = first_bytes, .name = source.name()};
  std::string note;
  for (const Format& format : kFormats) {
    if (!format.probe(probe)) continue;
    INGOT_ASSIGN(ParsedLayout parsed, format.parse(source));
    if (auto* layout = std::get_if<Layout>(&parsed)) return std::move(*layout);
    if (note.empty()) {
      note =
          std::string(format.name) + ": " + std::get<BrokenRule>(parsed).text;
    }
  }
  Result<Layout> layout = OpaqueLayout(source.size(), std::move(note));
  if (layout.ok()) return layout;
  return WithContext(source.name() + ": ", std::move(layout).error());
}

}  // namespace ingot
