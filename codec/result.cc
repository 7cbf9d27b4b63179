#include "codec/result.h"

#include <cerrno>
#include <cstring>

namespace ingot {

std::string_view ErrorKindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return "invalid argument";
    case ErrorKind::kCorruption:
      return "corruption";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kNotFound:
      return "not found";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kPermissionDenied:
      return "permission denied";
    case ErrorKind::kResourceExhausted:
      return "resource exhausted";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kDeadlineExceeded:
      return "deadline exceeded";
    case ErrorKind::kIo:
      return "input/output error";
  }
  return "unknown";
}

Error ErrnoError(std::string_view what, int errno_value) {
  ErrorKind kind = ErrorKind::kIo;
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
      kind = ErrorKind::kNotFound;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      kind = ErrorKind::kPermissionDenied;
      break;
    case EEXIST:
      kind = ErrorKind::kConflict;
      break;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
      kind = ErrorKind::kResourceExhausted;
      break;
    default:
      break;
  }
  std::string message(what);
  message += ": ";
  message += std::strerror(errno_value);
  return {kind, std::move(message)};
}

}  // namespace ingot
