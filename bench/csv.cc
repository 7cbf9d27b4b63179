#include "bench/csv.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace ingot {

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\n\r#") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

bool TakeCsvField(std::string_view* line, std::string* field) {
  field->clear();
  if (!line->starts_with('"')) {
    const size_t end = std::min(line->find(','), line->size());
    *field = line->substr(0, end);
    line->remove_prefix(std::min(end + 1, line->size()));
    return true;
  }
  for (size_t i = 1; i < line->size(); ++i) {
    if ((*line)[i] != '"') {
      *field += (*line)[i];
    } else if (i + 1 < line->size() && (*line)[i + 1] == '"') {
      *field += (*line)[i++];
    } else {
      line->remove_prefix(i + 1);
      if (line->empty()) return true;
      if (line->front() != ',') return false;
      line->remove_prefix(1);
      return true;
    }
  }
  return false;
}

bool ParseCsvNumber(const std::string& text, uint64_t* number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && stop == end;
}

}  // namespace ingot
