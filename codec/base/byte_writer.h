// ByteWriter: appends what a ByteReader reads to a vector of bytes.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_CODEC_BASE_BYTE_WRITER_H_
#define INGOT_CODEC_BASE_BYTE_WRITER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/bytes.h"

namespace ingot {

class ByteWriter {
 public:
  // Appends to `*bytes`, which must outlive the writer.
  explicit ByteWriter(std::vector<std::byte>* bytes) : bytes_(bytes) {}

  // Of the vector, with what it held before.
  size_t size() const { return bytes_->size(); }

  void WriteU8(uint8_t value);
  void WriteU16(uint16_t value);
  void WriteU32(uint32_t value);
  void WriteU64(uint64_t value);
  // LEB128 in its shortest form.
  void WriteVarint(uint64_t value);
  void WriteBytes(ByteSpan bytes);
  // A varint length, then the bytes.
  void WriteString(std::string_view text);
  // Zero bytes up to the next multiple of `unit`, a power of two, of size().
  void PadTo(uint64_t unit);

 private:
  std::vector<std::byte>* bytes_;
};

// Bytes that WriteVarint(value) appends: 1 to 10.
int VarintSize(uint64_t value);

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_BYTE_WRITER_H_
