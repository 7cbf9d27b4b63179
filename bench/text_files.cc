#include "bench/text_files.h"

#include <span>

#include "codec/sink.h"
#include "codec/source.h"

namespace ingot {

Result<std::string> ReadText(const std::string& path) {
  INGOT_ASSIGN(const auto source, OpenFileSource(path));
  std::string text(source->size(), '\0');
  INGOT_TRY(source->ReadAt(0, std::as_writable_bytes(std::span(text))));
  return text;
}

Status WriteText(const std::string& path, std::string_view text) {
  INGOT_ASSIGN(const auto sink, CreateFileSink(path, {.overwrite = true}));
  INGOT_TRY(sink->Write(AsBytes(text)));
  return sink->Commit();
}

}  // namespace ingot
