#include "tools/exit_code.h"

#include <cstdio>

#include "tools/text.h"

namespace ingot {

int ExitCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return kExitUsage;
    case ErrorKind::kCorruption:
    case ErrorKind::kUnsupported:
      return kExitCorrupt;
    case ErrorKind::kUnavailable:
    case ErrorKind::kDeadlineExceeded:
      return kExitUnavailable;
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kPermissionDenied:
    case ErrorKind::kResourceExhausted:
    case ErrorKind::kCancelled:
    case ErrorKind::kIo:
      break;
  }
  return kExitError;
}

void PrintMessage(std::string_view text) {
  const std::string line = "ingot: " + Printable(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int Report(const Status& status) {
  if (status.ok()) return kExitOk;
  PrintMessage(status.error().message);
  return ExitCodeOf(status.error().kind);
}

int ReportCode(const Result<int>& code) {
  return code.ok() ? *code : Report(code.error());
}

}  // namespace ingot
