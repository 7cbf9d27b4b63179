// Constants of the container format, read by its writer and its readers
// (codec/FORMAT.md, section 1).

#ifndef INGOT_CODEC_CONTAINER_FORMAT_H_
#define INGOT_CODEC_CONTAINER_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace ingot {

inline constexpr std::array<uint8_t, 8> kHeaderMagic = {
    0x89, 'I', 'N', 'G', 'O', 'T', 0x0D, 0x0A};
inline constexpr std::array<uint8_t, 8> kFooterMagic = {'I', 'N', 'G', 'O',
                                                        'T', 'E', 'N', 'D'};
inline constexpr uint16_t kFormatVersion = 1;
inline constexpr size_t kHeaderBytes = 24;
inline constexpr size_t kFooterBytes = 32;

enum class RecordType : uint8_t {
  kFileBegin = 1,
  kLiteral = 2,
  kObjectBegin = 3,
  kGroup = 4,
  kBlock = 5,
  kObjectEnd = 6,
  kReference = 7,
  kFileEnd = 8,
  kIndex = 9,
};
inline constexpr uint8_t kRecordTypeMask = 0x3F;
inline constexpr uint8_t kPayloadBit = 0x40;
inline constexpr uint8_t kCriticalBit = 0x80;
inline constexpr size_t kRecordCheckBytes = 4;

// Limits of record bodies; of unknown optional records, kMaxUnknownBody.
constexpr uint64_t MaxBodyBytes(RecordType type) {
  constexpr uint64_t kKiB = 1024;
  switch (type) {
    case RecordType::kFileBegin:
      return 129 * kKiB;
    case RecordType::kLiteral:
      return 256 * kKiB;
    case RecordType::kGroup:
      return 34 * kKiB * kKiB;
    case RecordType::kBlock:
      return 64 * kKiB;
    case RecordType::kObjectEnd:
      return kKiB;
    case RecordType::kObjectBegin:
    case RecordType::kReference:
    case RecordType::kFileEnd:
      return 128 * kKiB;
    case RecordType::kIndex:
      return 64 * kKiB * kKiB;
  }
  return 0;
}
inline constexpr uint64_t kMaxUnknownBody = uint64_t{1} << 20;

inline constexpr uint64_t kMaxLiteralBytes = 65536;
inline constexpr uint64_t kMaxStringBytes = 65535;
inline constexpr uint64_t kMaxDimensions = 64;
inline constexpr uint64_t kMaxIndexBytes = uint64_t{64} << 20;
// Objects, and segments of all files together: what an index may make its
// reader allocate.
inline constexpr uint64_t kMaxObjects = uint64_t{1} << 20;
inline constexpr uint64_t kMaxSegments = uint64_t{1} << 20;
inline constexpr uint64_t kMaxBaseFiles = 4096;

// Tensors smaller than this are literals rather than objects.
inline constexpr uint64_t kMinObjectBytes = 4096;

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_FORMAT_H_
