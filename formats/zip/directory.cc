#include "formats/zip/directory.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "formats/base/rule.h"
#include "formats/base/source_cursor.h"

namespace ingot {
namespace {

using Found = std::variant<ZipDirectory, BrokenRule>;

constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kLocatorSignature = 0x07064b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint64_t kLocalBytes = 30;
constexpr uint64_t kCentralBytes = 46;
constexpr uint64_t kEndBytes = 22;
constexpr uint64_t kLocatorBytes = 20;
constexpr uint64_t kEnd64Bytes = 56;
constexpr uint64_t kMaxComment = 65535;
constexpr uint64_t kMaxDirectory = uint64_t{64} << 20;
constexpr uint16_t kZip64Extra = 1;
constexpr uint16_t kStored = 0;
constexpr uint16_t kEncrypted = 1;

// Where the central directory lies.
struct Extent {
  uint64_t begin = 0;
  uint64_t size = 0;
  uint64_t entries = 0;
};
using FoundExtent = std::variant<Extent, BrokenRule>;

// The offset of the record that ends the archive: its comment fills the file.
Result<std::optional<uint64_t>> FindEnd(const Source& source) {
  const uint64_t length = std::min(source.size(), kEndBytes + kMaxComment);
  if (length < kEndBytes) return std::optional<uint64_t>();
  std::vector<std::byte> tail(length);
  const uint64_t begin = source.size() - length;
  INGOT_TRY(source.ReadAt(begin, tail));
  for (uint64_t at = length - kEndBytes;; --at) {
    if (LoadLittleEndian<uint32_t>(&tail[at]) == kEndSignature &&
        LoadLittleEndian<uint16_t>(&tail[at + 20]) == length - kEndBytes - at) {
      return std::optional(begin + at);
    }
    if (at == 0) return std::optional<uint64_t>();
  }
}

Result<FoundExtent> ReadEnd64(const Source& source, uint64_t end) {
  SourceCursor locator(source, end - kLocatorBytes + 8, end);
  const auto end64 = locator.Read<uint64_t>();
  if (locator.error()) return *locator.error();
  if (end64 > end - kLocatorBytes ||
      end - kLocatorBytes - end64 < kEnd64Bytes) {
    return FoundExtent(
        RuleAt("the ZIP64 locator points outside", end - kLocatorBytes));
  }
  SourceCursor cursor(source, end64, end);
  const bool known = cursor.Read<uint32_t>() == kEnd64Signature;
  cursor.Skip(20);
  const auto on_this_disk = cursor.Read<uint64_t>();
  const auto entries = cursor.Read<uint64_t>();
  const auto size = cursor.Read<uint64_t>();
  const auto begin = cursor.Read<uint64_t>();
  if (cursor.error()) return *cursor.error();
  if (!known || on_this_disk != entries) {
    return FoundExtent(RuleAt("the ZIP64 end record is not one", end64));
  }
  if (begin > end64 || size != end64 - begin) {
    return FoundExtent(RuleAt(
        "the central directory does not end at its ZIP64 end record", end64));
  }
  return FoundExtent(Extent{begin, size, entries});
}

Result<FoundExtent> ReadEnd(const Source& source) {
  INGOT_ASSIGN(const std::optional<uint64_t> end, FindEnd(source));
  if (!end) {
    return FoundExtent(RuleAt("the end record is missing", source.size()));
  }
  if (*end >= kLocatorBytes + kEnd64Bytes) {
    std::array<std::byte, 4> signature;
    INGOT_TRY(source.ReadAt(*end - kLocatorBytes, signature));
    if (LoadLittleEndian<uint32_t>(signature.data()) == kLocatorSignature) {
      return ReadEnd64(source, *end);
    }
  }
  SourceCursor cursor(source, *end, source.size());
  cursor.Skip(8);
  const auto on_this_disk = cursor.Read<uint16_t>();
  const auto entries = cursor.Read<uint16_t>();
  const auto size = cursor.Read<uint32_t>();
  const auto begin = cursor.Read<uint32_t>();
  if (cursor.error()) return *cursor.error();
  if (on_this_disk != entries) {
    return FoundExtent(RuleAt("the archive has several parts", *end));
  }
  if (begin > *end || size != *end - begin) {
    return FoundExtent(
        RuleAt("the central directory does not end at its end record", *end));
  }
  return FoundExtent(Extent{begin, size, entries});
}

// Sizes and offset of 64 bits, in place of those that are saturated.
bool ReadZip64Extra(SourceCursor* cursor, uint64_t length, uint64_t* size,
                    ZipEntry* entry) {
  while (length >= 4) {
    const auto id = cursor->Read<uint16_t>();
    uint64_t field = cursor->Read<uint16_t>();
    length -= 4;
    if (cursor->failed() || field > length) return false;
    length -= field;
    if (id == kZip64Extra) {
      for (uint64_t* const value : {size, &entry->data_size, &entry->header}) {
        if (*value != UINT32_MAX) continue;
        if (field < 8) return false;
        *value = cursor->Read<uint64_t>();
        field -= 8;
      }
    }
    cursor->Skip(field);
  }
  return cursor->Skip(length);
}

// The next entry of the central directory, all but where its data begins.
bool ReadCentral(SourceCursor* cursor, ZipEntry* entry) {
  const bool known = cursor->Read<uint32_t>() == kCentralSignature;
  cursor->Skip(4);
  const auto flags = cursor->Read<uint16_t>();
  const auto method = cursor->Read<uint16_t>();
  cursor->Skip(8);
  entry->data_size = cursor->Read<uint32_t>();
  uint64_t size = cursor->Read<uint32_t>();
  const auto name_length = cursor->Read<uint16_t>();
  const auto extra_length = cursor->Read<uint16_t>();
  const auto comment_length = cursor->Read<uint16_t>();
  cursor->Skip(8);
  entry->header = cursor->Read<uint32_t>();
  if (!known || cursor->failed()) return false;
  entry->name = cursor->ReadString(name_length);
  if (!ReadZip64Extra(cursor, extra_length, &size, entry)) return false;
  entry->readable = method == kStored && (flags & kEncrypted) == 0;
  return cursor->Skip(comment_length) &&
         (!entry->readable || size == entry->data_size);
}

// Finds where the data begins; the rule that is broken, if one is.
Result<std::optional<BrokenRule>> PlaceData(const Source& source,
                                            uint64_t limit, ZipEntry* entry) {
  const auto broken = [entry](std::string_view what) {
    return std::optional(
        RuleAt("entry " + Quote(entry->name) + ' ' + std::string(what),
               entry->header));
  };
  if (entry->header > limit || limit - entry->header < kLocalBytes) {
    return broken("lies outside the archive");
  }
  std::array<std::byte, kLocalBytes> local;
  INGOT_TRY(source.ReadAt(entry->header, local));
  if (LoadLittleEndian<uint32_t>(local.data()) != kLocalSignature) {
    return broken("has no local header");
  }
  const uint64_t length = kLocalBytes + LoadLittleEndian<uint16_t>(&local[26]) +
                          LoadLittleEndian<uint16_t>(&local[28]);
  if (length > limit - entry->header) return broken("has no end");
  entry->data = entry->header + length;
  if (entry->data_size > limit - entry->data) {
    return broken("reaches into the central directory");
  }
  return std::optional<BrokenRule>();
}

}  // namespace

Result<Found> ReadZipDirectory(const Source& source, size_t max_entries) {
  INGOT_ASSIGN(const FoundExtent found, ReadEnd(source));
  if (const auto* rule = std::get_if<BrokenRule>(&found)) return Found(*rule);
  const Extent& extent = std::get<Extent>(found);
  if (extent.size > kMaxDirectory || extent.entries > max_entries ||
      extent.entries > extent.size / kCentralBytes) {
    return Found(RuleAt("a central directory of " +
                            std::to_string(extent.size) + " bytes for " +
                            std::to_string(extent.entries) + " entries",
                        extent.begin));
  }
  ZipDirectory directory;
  SourceCursor cursor(source, extent.begin, extent.begin + extent.size);
  for (uint64_t i = 0; i < extent.entries; ++i) {
    const uint64_t position = cursor.position();
    ZipEntry entry;
    const bool valid = ReadCentral(&cursor, &entry);
    if (cursor.error()) return *cursor.error();
    if (!valid) {
      return Found(RuleAt(
          "entry " + std::to_string(i) + " of the central directory is broken",
          position));
    }
    directory.push_back(std::move(entry));
  }
  if (cursor.remaining() != 0) {
    return Found(RuleAt("the central directory holds more than its entries",
                        cursor.position()));
  }
  std::stable_sort(
      directory.begin(), directory.end(),
      [](const ZipEntry& a, const ZipEntry& b) { return a.header < b.header; });
  uint64_t end = 0;
  for (ZipEntry& entry : directory) {
    if (entry.header < end) {
      return Found(RuleAt("entry " + Quote(entry.name) + " overlaps another",
                          entry.header));
    }
    INGOT_ASSIGN(std::optional<BrokenRule> rule,
                 PlaceData(source, extent.begin, &entry));
    if (rule) return Found(*std::move(rule));
    end = entry.end();
  }
  return Found(std::move(directory));
}

}  // namespace ingot
