// What a file in a repository may be called, so that every client can write it
// down as it is.
//
// Thread-safety: functions without state.

#ifndef INGOT_TOOLS_HUB_REPOSITORY_FILE_NAME_H_
#define INGOT_TOOLS_HUB_REPOSITORY_FILE_NAME_H_

#include <string>
#include <string_view>

namespace ingot {

// Where a pull keeps what it has of files; no repository may have it.
inline constexpr std::string_view kPullFolder = ".ingot-pull";

// Why `path` is no such name; empty where it is one: UTF-8, relative, parts
// that are not empty, ".", "..", ".git" in any case or the first of them
// kPullFolder, no control characters or backslashes, at most 1,024 bytes.
std::string WhyNoFileName(std::string_view path);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_REPOSITORY_FILE_NAME_H_
