// HeaderEvents: the grammar of a safetensors header as a state machine that a
// JSON parser drives with one call per event (the "SAX interface" of
// nlohmann::json, whose method names these are).
//
// A call that returns false stops the parser: rule() then says what was
// broken. Memory is bounded by the limits in safetensors.h. No event is
// accepted deeper than the third level, so nesting needs no limit of its own.

#ifndef INGOT_FORMATS_SAFETENSORS_HEADER_EVENTS_H_
#define INGOT_FORMATS_SAFETENSORS_HEADER_EVENTS_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "formats/layout.h"
#include "formats/safetensors/char_stream.h"
#include "formats/safetensors/header.h"

namespace ingot {

class HeaderEvents {
 public:
  // `stream` is what the parser reads; it must outlive this object.
  explicit HeaderEvents(CharStream* stream) : stream_(*stream) {}

  bool null() { return Unexpected("null"); }
  bool boolean(bool) { return Unexpected("a boolean"); }
  bool number_integer(int64_t) { return UnexpectedNumber("a negative number"); }
  bool number_unsigned(uint64_t value);
  bool number_float(double, const std::string&) {
    return UnexpectedNumber("a number that is no 64-bit integer");
  }
  bool string(std::string& value);
  bool binary(const std::vector<uint8_t>&) { return Unexpected("bytes"); }
  bool start_object(size_t);
  bool key(std::string& value);
  bool end_object();
  bool start_array(size_t);
  bool end_array();
  bool parse_error(size_t, const std::string&, const std::exception&);

  // After the parser accepted the header: checks what needs all entries.
  bool Finish();

  // The entries, after Finish() returned true.
  std::vector<SafetensorsEntry>& entries() { return entries_; }
  // What was broken, after a call that returned false.
  BrokenRule& rule() { return rule_; }

 private:
  // What is expected next.
  enum class State {
    kHeader,  // the header's object
    kTop,     // a tensor's name, "__metadata__" or the end
    kEntry,   // a tensor's object
    kField,   // a field of it or its end
    kDType,   // values of the fields
    kShape,
    kDimension,  // an element of the shape or its end
    kOffsets,
    kOffset,
    kMetadata,     // the metadata's object
    kMetadataKey,  // a key of it or its end
    kMetadataValue,
    kDone,
  };

  bool TopKey(const std::string& name);
  bool FieldKey(const std::string& name);
  bool MetadataKey(const std::string& name);
  bool EndEntry();
  bool EndMetadata();

  // Counts bytes that stay in memory.
  bool Spend(uint64_t bytes);
  // Sets rule() and returns false. The offset is that of the last character
  // of the token just read; behind a number the parser has read one more.
  bool Fail(std::string_view rule) {
    return FailAt(rule, stream_.position() - 1);
  }
  bool FailAt(std::string_view rule, uint64_t offset);
  bool Unexpected(std::string_view found) {
    return UnexpectedAt(found, stream_.position() - 1);
  }
  bool UnexpectedNumber(std::string_view found) {
    return UnexpectedAt(found, stream_.position() - 2);
  }
  bool UnexpectedAt(std::string_view found, uint64_t offset);

  // The current tensor for messages: its name; its dtype, shape and offsets.
  std::string Tensor() const;
  std::string TypedTensor() const;

  CharStream& stream_;
  State state_ = State::kHeader;
  BrokenRule rule_;
  std::vector<SafetensorsEntry> entries_;
  std::vector<uint64_t> shape_;    // of the current tensor
  std::vector<uint64_t> offsets_;  // of the current tensor
  uint64_t memory_ = 0;            // bytes of all names, keys and shapes
  unsigned fields_ = 0;            // seen in the current tensor: bits
  bool metadata_seen_ = false;
  std::vector<std::string> metadata_keys_;
};

}  // namespace ingot

#endif  // INGOT_FORMATS_SAFETENSORS_HEADER_EVENTS_H_
