// Whole text files: results and documents.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_BENCH_TEXT_FILES_H_
#define INGOT_BENCH_TEXT_FILES_H_

#include <string>
#include <string_view>

#include "codec/result.h"

namespace ingot {

Result<std::string> ReadText(const std::string& path);
// Replaces the file, whole or not at all.
Status WriteText(const std::string& path, std::string_view text);

}  // namespace ingot

#endif  // INGOT_BENCH_TEXT_FILES_H_
