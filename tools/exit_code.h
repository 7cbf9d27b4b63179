// What the ingot command says and returns when something fails.
//
//   0  done
//   1  error: reading or writing, not found, no permission, in the way
//   2  usage: the command line or INGOT_KERNEL asks for what has no meaning
//   3  the container is corrupt, or not for this version; the server sent what
//      is not what it promised
//   4  push, rm: somebody else committed first
//   5  the server cannot be reached, went away or is busy: trying again may help
//
// Messages are one line on stderr, "ingot: FILE: what".

#ifndef INGOT_TOOLS_EXIT_CODE_H_
#define INGOT_TOOLS_EXIT_CODE_H_

#include <string>
#include <string_view>

#include "codec/result.h"

namespace ingot {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCorrupt = 3;
inline constexpr int kExitConflict = 4;
inline constexpr int kExitUnavailable = 5;

int ExitCodeOf(ErrorKind kind);

// Prints "ingot: <text>" to stderr.
void PrintMessage(std::string_view text);

// Prints the error and returns its exit code; kExitOk for success.
int Report(const Status& status);
// The same of what has an exit code of its own.
int ReportCode(const Result<int>& code);

}  // namespace ingot

#endif  // INGOT_TOOLS_EXIT_CODE_H_
