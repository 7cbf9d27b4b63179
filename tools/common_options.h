// Options that several subcommands share.

#ifndef INGOT_TOOLS_COMMON_OPTIONS_H_
#define INGOT_TOOLS_COMMON_OPTIONS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/container_reader.h"
#include "codec/options.h"
#include "formats/base_models.h"
#include "formats/encode_file.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ingot {

// -T, --threads: 0 to 256.
CLI::Option* AddThreadsOption(CLI::App* command, int* threads);

// -1 ... -9 and --level L.
struct LevelOption {
  int level = kDefaultLevel;
  int digit = 0;  // where given

  int Get() const { return digit > 0 ? digit : level; }
};
void AddLevelOption(CLI::App* command, LevelOption* level);

// --dtype D and --columns N.
struct RawOption {
  std::string dtype;
  uint64_t columns = 0;

  // What they say, after parsing; nothing where --dtype was not given.
  std::optional<RawElements> Get() const;
};
void AddRawOption(CLI::App* command, RawOption* raw);

// --base BASE, any number of times.
inline constexpr char kBaseHelp[] =
    "Model file, container or folder with what FILE refers to, looked at "
    "before the places that FILE names; may be repeated";
void AddBaseOption(CLI::App* command, const std::string& description,
                   std::vector<std::string>* bases);

// For decoding: models at `paths`.
Result<std::unique_ptr<BaseModels>> OpenBases(
    const std::vector<std::string>& paths, int threads);

// A container at `path` (empty: stdin) that finds what it needs elsewhere in
// `bases`, which outlive it, and where it says itself.
Result<std::unique_ptr<ContainerReader>> OpenContainer(
    std::unique_ptr<Source> source, const std::string& path,
    DecodeOptions options, BaseModels* bases);

}  // namespace ingot

#endif  // INGOT_TOOLS_COMMON_OPTIONS_H_
