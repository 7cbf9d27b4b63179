// Fields of lines of CSV, for results that are committed.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_BENCH_CSV_H_
#define INGOT_BENCH_CSV_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace ingot {

// Names of files may hold anything; fields that need it are quoted.
std::string CsvField(const std::string& text);

// Takes one field and the comma or end behind it; false where it is broken.
bool TakeCsvField(std::string_view* line, std::string* field);

// A whole number and nothing else.
bool ParseCsvNumber(const std::string& text, uint64_t* number);

}  // namespace ingot

#endif  // INGOT_BENCH_CSV_H_
