// stdin and stdout of the ingot command.

#ifndef INGOT_TOOLS_STANDARD_STREAMS_H_
#define INGOT_TOOLS_STANDARD_STREAMS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "codec/bytes.h"
#include "codec/result.h"

namespace ingot {

// How messages call them.
inline constexpr std::string_view kStdinName = "(stdin)";
inline constexpr std::string_view kStdoutName = "(stdout)";

// kInvalidArgument where stdout is a terminal, which binary bytes would upset.
Status RefuseTerminal();

// Reads some bytes of an open descriptor; 0 at its end.
Result<size_t> ReadSome(int fd, const std::string& name, MutableByteSpan out);

// Writes text to stdout, all of it or an error.
Status Print(std::string_view text);

}  // namespace ingot

#endif  // INGOT_TOOLS_STANDARD_STREAMS_H_
