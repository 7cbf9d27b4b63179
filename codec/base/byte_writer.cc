#include "codec/base/byte_writer.h"

#include <bit>

namespace ingot {

void ByteWriter::WriteBytes(ByteSpan bytes) {
  bytes_->insert(bytes_->end(), bytes.begin(), bytes.end());
}

void ByteWriter::WriteU8(uint8_t value) {
  bytes_->push_back(static_cast<std::byte>(value));
}

void ByteWriter::WriteU16(uint16_t value) {
  WriteBytes(std::as_bytes(std::span(&value, 1)));
}

void ByteWriter::WriteU32(uint32_t value) {
  WriteBytes(std::as_bytes(std::span(&value, 1)));
}

void ByteWriter::WriteU64(uint64_t value) {
  WriteBytes(std::as_bytes(std::span(&value, 1)));
}

void ByteWriter::WriteVarint(uint64_t value) {
  while (value >= 0x80) {
    WriteU8(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  WriteU8(static_cast<uint8_t>(value));
}

void ByteWriter::WriteString(std::string_view text) {
  WriteVarint(text.size());
  WriteBytes(AsBytes(text));
}

void ByteWriter::PadTo(uint64_t unit) {
  bytes_->resize(AlignUp(bytes_->size(), unit));
}

int VarintSize(uint64_t value) { return (std::bit_width(value | 1) + 6) / 7; }

}  // namespace ingot
