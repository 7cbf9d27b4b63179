// Options that several subcommands share.

#ifndef INGOT_TOOLS_COMMON_OPTIONS_H_
#define INGOT_TOOLS_COMMON_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "formats/encode_file.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ingot {

// -T, --threads: 0 to 256.
CLI::Option* AddThreadsOption(CLI::App* command, int* threads);

// --dtype D and --columns N.
struct RawOption {
  std::string dtype;
  uint64_t columns = 0;

  // What they say, after parsing; nothing where --dtype was not given.
  std::optional<RawElements> Get() const;
};
void AddRawOption(CLI::App* command, RawOption* raw);

}  // namespace ingot

#endif  // INGOT_TOOLS_COMMON_OPTIONS_H_
