#include "daemon/store/journal_format.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/base/checksum.h"

namespace ingot::store {
namespace {

constexpr std::string_view kMagic = "INGOTJNL";
constexpr uint32_t kVersion = 1;
constexpr size_t kSegmentChecksumOffset = 56;

Error HeaderError(std::string_view name, std::string_view what) {
  return Corruption(std::string(name) + ": offset 0: segment header: " +
                    std::string(what));
}

}  // namespace

SegmentHeaderBytes EncodeSegmentHeader(const SegmentHeader& header) {
  std::vector<std::byte> bytes;
  bytes.reserve(kSegmentHeaderBytes);
  ByteWriter writer(&bytes);
  writer.WriteBytes(AsBytes(kMagic));
  writer.WriteU32(kVersion);
  writer.WriteU32(0);
  writer.WriteU64(header.number);
  writer.WriteU64(header.previous.number);
  writer.WriteU64(header.previous.length);
  writer.WriteU64(header.first_position);
  writer.WriteU64(header.previous.checksum);
  writer.WriteU64(Checksum(bytes));
  SegmentHeaderBytes encoded;
  std::memcpy(encoded.data(), bytes.data(), encoded.size());
  return encoded;
}

uint64_t SegmentChecksum(const SegmentHeaderBytes& bytes) {
  return LoadLittleEndian<uint64_t>(bytes.data() + kSegmentChecksumOffset);
}

Result<SegmentHeader> DecodeSegmentHeader(const SegmentHeaderBytes& bytes,
                                          std::string_view name) {
  if (!std::equal(bytes.begin(), bytes.begin() + kMagic.size(),
                  AsBytes(kMagic).begin())) {
    return HeaderError(name, "expected INGOTJNL");
  }
  if (Checksum(ByteSpan(bytes).first(kSegmentChecksumOffset)) !=
      SegmentChecksum(bytes)) {
    return HeaderError(name, "its checksum does not match");
  }
  const auto number_at = [&bytes](size_t offset) {
    return LoadLittleEndian<uint64_t>(bytes.data() + offset);
  };
  const uint64_t version = number_at(8);
  if (version != kVersion) {
    return Unsupported(std::string(name) + ": journal version " +
                       std::to_string(static_cast<uint32_t>(version)) +
                       ", this program knows version 1");
  }
  return SegmentHeader{.number = number_at(16),
                       .previous = {.number = number_at(24),
                                    .length = number_at(32),
                                    .checksum = number_at(48)},
                       .first_position = number_at(40)};
}

GroupHeader LoadGroupHeader(ByteSpan bytes) {
  return {.body_bytes = LoadLittleEndian<uint32_t>(bytes.data()),
          .batches = LoadLittleEndian<uint32_t>(bytes.data() + 4),
          .first_position = LoadLittleEndian<uint64_t>(bytes.data() + 8),
          .time = LoadLittleEndian<uint64_t>(bytes.data() + 16),
          .checksum = LoadLittleEndian<uint64_t>(bytes.data() + 24)};
}

uint64_t GroupBytes(const GroupHeader& header) {
  return AlignUp(kGroupHeaderBytes + uint64_t{header.body_bytes},
                 kGroupAlignment);
}

uint64_t GroupChecksum(ByteSpan group) {
  const ByteSpan pieces[] = {
      group.first(kGroupChecksumOffset),
      group.subspan(kGroupHeaderBytes, LoadGroupHeader(group).body_bytes)};
  return ChecksumOfPieces(pieces);
}

bool IsValidGroup(ByteSpan group) {
  if (group.size() < kGroupHeaderBytes) return false;
  const GroupHeader header = LoadGroupHeader(group);
  return header.batches > 0 && header.body_bytes <= kMaxBatchBytes &&
         GroupBytes(header) <= group.size() &&
         GroupChecksum(group) == header.checksum;
}

Result<std::vector<std::byte>> EncodeBatch(
    std::span<const JournalRecord> records) {
  if (records.empty()) {
    return InvalidArgument("journal: a batch needs at least one record");
  }
  std::vector<std::byte> bytes;
  ByteWriter writer(&bytes);
  writer.WriteVarint(records.size());
  for (const JournalRecord& record : records) {
    writer.WriteVarint(record.type);
    writer.WriteVarint(record.payload.size());
    if (bytes.size() + record.payload.size() > kMaxBatchBytes) {
      return Error{ErrorKind::kResourceExhausted,
                   "journal: a batch of records is larger than 16 MiB"};
    }
    writer.WriteBytes(record.payload);
  }
  return bytes;
}

std::vector<std::byte> EncodeGroup(std::span<const ByteSpan> batches,
                                   uint64_t first_position, uint64_t time) {
  size_t body_bytes = 0;
  for (const ByteSpan batch : batches) body_bytes += batch.size();
  std::vector<std::byte> group;
  group.reserve(AlignUp(kGroupHeaderBytes + body_bytes, kGroupAlignment));
  ByteWriter writer(&group);
  writer.WriteU32(static_cast<uint32_t>(body_bytes));
  writer.WriteU32(static_cast<uint32_t>(batches.size()));
  writer.WriteU64(first_position);
  writer.WriteU64(time);
  writer.WriteU64(0);
  for (const ByteSpan batch : batches) writer.WriteBytes(batch);
  StoreLittleEndian(group.data() + kGroupChecksumOffset,
                    GroupChecksum(group));
  writer.PadTo(kGroupAlignment);
  return group;
}

}  // namespace ingot::store
