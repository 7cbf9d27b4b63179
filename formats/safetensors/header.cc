#include "formats/safetensors/header.h"

#include <exception>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "formats/base/rule.h"
#include "formats/safetensors/char_stream.h"
#include "formats/safetensors/header_events.h"

namespace ingot {
namespace {

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

}  // namespace ingot
