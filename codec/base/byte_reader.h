// ByteReader: a cursor over bytes that came from outside.
//
// Every read checks what remains first, so a length from the input is never
// trusted; a failed read leaves the cursor where it was and reports
// kCorruption with the name of the input, the offset (counted from where the
// input begins in its file) and what was expected.
//
//   ByteReader reader(record, "model.ingot", record_offset);
//   INGOT_ASSIGN(const uint32_t count, reader.ReadU32());
//
// Thread-safety: one thread at a time.

#ifndef INGOT_CODEC_BASE_BYTE_READER_H_
#define INGOT_CODEC_BASE_BYTE_READER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/bytes.h"
#include "codec/result.h"

namespace ingot {

class ByteReader {
 public:
  // `bytes` and the characters of `name` must outlive the reader. `base` is
  // the offset of bytes[0] in the file that `name` names.
  explicit ByteReader(ByteSpan bytes, std::string_view name = {},
                      uint64_t base = 0)
      : bytes_(bytes), name_(name), base_(base) {}

  size_t remaining() const { return bytes_.size() - position_; }
  bool done() const { return remaining() == 0; }
  // Bytes consumed so far.
  size_t position() const { return position_; }
  // The same, counted as messages count.
  uint64_t offset() const { return base_ + position_; }

  Result<uint8_t> ReadU8();
  Result<uint16_t> ReadU16();
  Result<uint32_t> ReadU32();
  Result<uint64_t> ReadU64();

  // LEB128, at most 10 bytes. Every number has one encoding, the shortest:
  // longer ones are refused, so that equal contents have equal bytes.
  Result<uint64_t> ReadVarint();
  // A varint that must not exceed `limit`; `what` names it in the message.
  Result<uint64_t> ReadVarint(uint64_t limit, std::string_view what);

  // The next `size` bytes, as a view of the input.
  Result<ByteSpan> ReadBytes(uint64_t size);
  // The next `size` bytes as an input of their own, with the same name and
  // offsets.
  Result<ByteReader> ReadPart(uint64_t size);
  // A varint length, at most `limit`, and as many bytes.
  Result<std::string> ReadString(uint64_t limit);
  Status Skip(uint64_t size);

  // An error unless all bytes were consumed.
  Status ExpectDone() const;

  // kCorruption: "<name>: offset <offset()>: <message>".
  Error Corrupt(std::string_view message) const;

 private:
  template <typename T>
  Result<T> ReadFixed(std::string_view what);

  ByteSpan bytes_;
  std::string_view name_;
  uint64_t base_;
  size_t position_ = 0;
};

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_BYTE_READER_H_
