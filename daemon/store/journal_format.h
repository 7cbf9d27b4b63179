// The bytes of the journal, shared by its writer and its reader: STORE.md,
// "Journal", is the specification. Pure functions.

#ifndef INGOT_DAEMON_STORE_JOURNAL_FORMAT_H_
#define INGOT_DAEMON_STORE_JOURNAL_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"

namespace ingot::store {

inline constexpr size_t kSegmentHeaderBytes = 64;
inline constexpr size_t kGroupHeaderBytes = 32;
inline constexpr size_t kGroupChecksumOffset = 24;
inline constexpr size_t kGroupAlignment = 8;
inline constexpr size_t kMaxBatchBytes = 16 << 20;
inline constexpr uint64_t kMaxGroupBytes = kGroupHeaderBytes + kMaxBatchBytes;

struct JournalRecord {
  uint16_t type;
  std::vector<std::byte> payload;
  bool operator==(const JournalRecord&) const = default;
};

// Where a segment ends, as the next one's header states it.
struct SegmentEnd {
  uint64_t number = 0;    // 0: there is no segment
  uint64_t length = 0;    // bytes
  uint64_t checksum = 0;  // the header's
  bool operator==(const SegmentEnd&) const = default;
};

struct SegmentHeader {
  uint64_t number;
  SegmentEnd previous;
  uint64_t first_position;
};

using SegmentHeaderBytes = std::array<std::byte, kSegmentHeaderBytes>;
SegmentHeaderBytes EncodeSegmentHeader(const SegmentHeader& header);
// The checksum field of encoded bytes.
uint64_t SegmentChecksum(const SegmentHeaderBytes& bytes);
// kCorruption, or kUnsupported for a later version; `name` is the segment's.
Result<SegmentHeader> DecodeSegmentHeader(const SegmentHeaderBytes& bytes,
                                          std::string_view name);

struct GroupHeader {
  uint32_t body_bytes;
  uint32_t batches;
  uint64_t first_position;
  uint64_t time;  // milliseconds since 1970
  uint64_t checksum;
};

// REQUIRES: kGroupHeaderBytes bytes. Their checksum is not looked at.
GroupHeader LoadGroupHeader(ByteSpan bytes);
// Of header, body and padding.
uint64_t GroupBytes(const GroupHeader& header);
// What a group's checksum field must hold. REQUIRES: the header and as many
// bytes of body as it states.
uint64_t GroupChecksum(ByteSpan group);
// `group` begins with the header; false also where it is cut short or a
// number in the header is outside its limits.
bool IsValidGroup(ByteSpan group);

// The bytes of one batch in a group's body. kInvalidArgument where there is
// no record; kResourceExhausted beyond kMaxBatchBytes.
Result<std::vector<std::byte>> EncodeBatch(
    std::span<const JournalRecord> records);
// A group of encoded batches. REQUIRES: at least one, together at most
// kMaxBatchBytes.
std::vector<std::byte> EncodeGroup(std::span<const ByteSpan> batches,
                                   uint64_t first_position, uint64_t time);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_JOURNAL_FORMAT_H_
