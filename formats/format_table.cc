#include "formats/format_table.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <variant>

#include "formats/find_floats.h"
#include "formats/gguf.h"
#include "formats/npy.h"
#include "formats/pytorch_legacy.h"
#include "formats/safetensors.h"
#include "formats/zip.h"

namespace ingot {
namespace {

bool ProbeSafetensors(const FormatProbe& probe) {
  return probe.name.ends_with(".safetensors") ||
         LooksLikeSafetensors(probe.first_bytes);
}

bool ProbeNpy(const FormatProbe& probe) {
  return LooksLikeNpy(probe.first_bytes);
}

bool ProbeGguf(const FormatProbe& probe) {
  return LooksLikeGguf(probe.first_bytes);
}

bool ProbeZip(const FormatProbe& probe) {
  return LooksLikeZip(probe.first_bytes);
}

bool ProbePytorch(const FormatProbe& probe) {
  return LooksLikeLegacyPytorch(probe.first_bytes);
}

// The lengths of storages stand between them.
Result<ParsedLayout> ParsePytorchFile(const Source& source,
                                      std::optional<uint64_t> file_size) {
  if (file_size) return ParseLegacyPytorch(source);
  return ParsedLayout(BrokenRule{"the stream cannot be read ahead"});
}

// The directory of an archive is its last part.
Result<ParsedLayout> ParseZipFile(const Source& source,
                                  std::optional<uint64_t> file_size) {
  if (file_size) return ParseZip(source);
  return ParsedLayout(BrokenRule{"the stream cannot be read from its end"});
}

constexpr std::array<Format, 5> kFormats = {{
    {.name = "safetensors",
     .probe = ProbeSafetensors,
     .parse = ParseSafetensors,
     .header_first = true},
    {.name = "gguf",
     .probe = ProbeGguf,
     .parse = ParseGguf,
     .header_first = true,
     .open_end = true},
    {.name = "npy", .probe = ProbeNpy, .parse = ParseNpy, .header_first = true},
    {.name = "pytorch", .probe = ProbePytorch, .parse = ParsePytorchFile},
    {.name = "zip", .probe = ProbeZip, .parse = ParseZipFile},
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
    INGOT_ASSIGN(ParsedLayout parsed, format.parse(source, source.size()));
    if (auto* layout = std::get_if<Layout>(&parsed)) {
      return FindFloats(source, std::move(*layout));
    }
    if (note.empty()) {
      note =
          std::string(format.name) + ": " + std::get<BrokenRule>(parsed).text;
    }
  }
  Result<Layout> layout = OpaqueLayout(source.size(), std::move(note));
  if (layout.ok()) return FindFloats(source, std::move(*layout));
  return WithContext(source.name() + ": ", std::move(layout).error());
}

}  // namespace ingot
