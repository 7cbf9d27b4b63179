// Result<T>: the one way in which the library reports failure.
//
// A Result holds a value or an Error. An Error has a kind, which a program
// acts on, and a message, which a person reads: it names the file, the offset
// and what was expected. "Need more input" is not an error; streaming classes
// report it as a status of their own. Nothing in the library throws across a
// public boundary, prints or aborts.
//
// Thread-safety: as a value type; distinct objects are independent.

#ifndef INGOT_CODEC_RESULT_H_
#define INGOT_CODEC_RESULT_H_

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace ingot {

enum class ErrorKind {
  kInvalidArgument,    // the caller asked for something that has no meaning
  kCorruption,         // bytes contradict the format or their checksum
  kUnsupported,        // valid, but not for this reader or this machine
  kNotFound,           // no such file, tensor or object
  kConflict,           // the target exists or changed meanwhile
  kPermissionDenied,   // the operating system or the daemon refuses
  kResourceExhausted,  // a stated limit, memory or disk space
  kUnavailable,        // try again later
  kCancelled,          // the caller gave up
  kDeadlineExceeded,   // took longer than allowed
  kIo,                 // reading or writing failed
};

// "corruption", "unsupported", ...: stable, lower case, for messages and logs.
std::string_view ErrorKindName(ErrorKind kind);

struct Error {
  ErrorKind kind;
  std::string message;
};

// Error{kIo, "<what>: <strerror(errno_value)>"}, or a finer kind where errno
// tells one (ENOENT, EACCES, ENOSPC, EEXIST).
Error ErrnoError(std::string_view what, int errno_value);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}       // NOLINT: implicit
  Result(Error error) : state_(std::move(error)) {}   // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  // REQUIRES: ok()
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  // REQUIRES: !ok()
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return !error_.has_value(); }
  // REQUIRES: !ok()
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

// Shorthands for the kinds that the library itself reports most.
inline Error Corruption(std::string message) {
  return {ErrorKind::kCorruption, std::move(message)};
}
inline Error Unsupported(std::string message) {
  return {ErrorKind::kUnsupported, std::move(message)};
}
inline Error InvalidArgument(std::string message) {
  return {ErrorKind::kInvalidArgument, std::move(message)};
}

// The same error with `context` ("model.ingot: ") put before its message.
inline Error WithContext(std::string_view context, Error error) {
  error.message.insert(0, context);
  return error;
}

}  // namespace ingot

// Returns from the enclosing function when `expression` (a Result) failed.
#define INGOT_TRY(expression)                                     \
  do {                                                            \
    if (auto ingot_try_ = (expression); !ingot_try_.ok())         \
      return std::move(ingot_try_).error();                       \
  } while (false)

// INGOT_ASSIGN(auto x, F()): x = F()'s value, or returns its error.
#define INGOT_ASSIGN(declaration, expression) \
  INGOT_ASSIGN_(INGOT_CONCAT_(ingot_result_, __LINE__), declaration, expression)
#define INGOT_ASSIGN_(result, declaration, expression)    \
  auto result = (expression);                             \
  if (!result.ok()) return std::move(result).error();     \
  declaration = std::move(result).value()
#define INGOT_CONCAT_(a, b) INGOT_CONCAT_INNER_(a, b)
#define INGOT_CONCAT_INNER_(a, b) a##b

#endif  // INGOT_CODEC_RESULT_H_
