#include "codec/base/byte_reader.h"

namespace ingot {
namespace {

std::string Plural(uint64_t bytes) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

}  // namespace

Error ByteReader::Corrupt(std::string_view message) const {
  std::string text;
  if (!name_.empty()) {
    text += name_;
    text += ": ";
  }
  text += "offset " + std::to_string(offset()) + ": ";
  text += message;
  return Corruption(std::move(text));
}

Result<ByteSpan> ByteReader::ReadBytes(uint64_t size) {
  if (size > remaining()) {
    return Corrupt("expected " + Plural(size) + ", " +
                   std::to_string(remaining()) + " left");
  }
  const ByteSpan bytes = bytes_.subspan(position_, size);
  position_ += size;
  return bytes;
}

Status ByteReader::Skip(uint64_t size) {
  INGOT_TRY(ReadBytes(size));
  return {};
}

template <typename T>
Result<T> ByteReader::ReadFixed(std::string_view what) {
  if (sizeof(T) > remaining()) {
    return Corrupt("expected " + std::string(what) + ", " +
                   Plural(remaining()) + " left");
  }
  const T value = LoadLittleEndian<T>(bytes_.data() + position_);
  position_ += sizeof(T);
  return value;
}

Result<uint8_t> ByteReader::ReadU8() { return ReadFixed<uint8_t>("a byte"); }

Result<uint16_t> ByteReader::ReadU16() {
  return ReadFixed<uint16_t>("a 16-bit number");
}

Result<uint32_t> ByteReader::ReadU32() {
  return ReadFixed<uint32_t>("a 32-bit number");
}

Result<uint64_t> ByteReader::ReadU64() {
  return ReadFixed<uint64_t>("a 64-bit number");
}

Result<uint64_t> ByteReader::ReadVarint() {
  uint64_t value = 0;
  for (size_t i = 0; i < 10; ++i) {
    if (i == remaining()) {
      return Corrupt("expected a varint, the bytes end within it");
    }
    const uint64_t byte = AsU8(bytes_.data())[position_ + i];
    // The tenth byte holds bit 63 alone and cannot be continued.
    if (i == 9 && byte > 1) return Corrupt("varint exceeds 64 bits");
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      if (byte == 0 && i > 0) {
        return Corrupt("varint is not in its shortest form");
      }
      position_ += i + 1;
      return value;
    }
  }
  return Corrupt("varint exceeds 64 bits");
}

Result<uint64_t> ByteReader::ReadVarint(uint64_t limit, std::string_view what) {
  const size_t start = position_;
  INGOT_ASSIGN(const uint64_t value, ReadVarint());
  if (value > limit) {
    position_ = start;
    return Corrupt(std::string(what) + " is " + std::to_string(value) +
                   ", expected at most " + std::to_string(limit));
  }
  return value;
}

Result<ByteReader> ByteReader::ReadPart(uint64_t size) {
  const uint64_t begin = offset();
  INGOT_ASSIGN(const ByteSpan bytes, ReadBytes(size));
  return ByteReader(bytes, name_, begin);
}

Result<std::string> ByteReader::ReadString(uint64_t limit) {
  const size_t start = position_;
  INGOT_ASSIGN(const uint64_t size, ReadVarint(limit, "length of a string"));
  Result<ByteSpan> bytes = ReadBytes(size);
  if (!bytes.ok()) {
    position_ = start;
    return std::move(bytes).error();
  }
  return std::string(AsText(*bytes));
}

Status ByteReader::ExpectDone() const {
  if (done()) return {};
  return Corrupt("expected the end, " + Plural(remaining()) + " left");
}

}  // namespace ingot
