#include "formats/safetensors/header.h"

#include <exception>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "formats/safetensors/char_stream.h"
#include "formats/safetensors/header_events.h"

namespace ingot {
namespace {

constexpr size_t kQuotedLength = 60;

// Only spaces may follow the JSON object.
Result<SafetensorsHeader> CheckPadding(CharStream* stream,
                                       HeaderEvents* events) {
  for (; !stream->AtEnd(); stream->Advance()) {
    if (stream->Peek() != ' ') {
      return SafetensorsHeader(
          RuleAt("the header's JSON is followed by other bytes than spaces",
                 stream->position()));
    }
    stream->Mark();
  }
  if (stream->error()) return *stream->error();
  if (!events->Finish()) return SafetensorsHeader(std::move(events->rule()));
  return SafetensorsHeader(std::move(events->entries()));
}

}  // namespace

Result<SafetensorsHeader> ReadSafetensorsHeader(const Source& source,
                                                uint64_t begin, uint64_t end) {
  try {
    CharStream stream(source, begin, end);
    if (stream.AtEnd() || stream.Peek() != '{') {
      if (stream.error()) return *stream.error();
      return SafetensorsHeader(RuleAt("the header must begin with '{'", begin));
    }
    HeaderEvents events(&stream);
    const bool accepted = nlohmann::json::sax_parse(
        stream.begin(), stream.end(), &events,
        nlohmann::json::input_format_t::json, /*strict=*/false);
    if (stream.error()) return *stream.error();
    if (!accepted) return SafetensorsHeader(std::move(events.rule()));
    return CheckPadding(&stream, &events);
  } catch (const std::bad_alloc&) {
    return Error{ErrorKind::kResourceExhausted,
                 source.name() + ": no memory to read the header"};
  } catch (const std::exception&) {
    return SafetensorsHeader(
        RuleAt("the header is not readable as JSON", begin));
  }
}

BrokenRule RuleAt(std::string_view rule, uint64_t offset) {
  return {std::string(rule) + " (offset " + std::to_string(offset) + ")"};
}

std::string Quote(std::string_view text) {
  size_t length = text.size();
  if (length > kQuotedLength) {
    length = kQuotedLength;
    // Not in the middle of a UTF-8 sequence.
    while (length > 0 && (text[length] & 0xC0) == 0x80) --length;
  }
  std::string quoted = "\"";
  for (const char c : text.substr(0, length)) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      constexpr char kHex[] = "0123456789abcdef";
      quoted += "\\x";
      quoted += kHex[(c >> 4) & 15];
      quoted += kHex[c & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + (length < text.size() ? "...\"" : "\"");
}

}  // namespace ingot
