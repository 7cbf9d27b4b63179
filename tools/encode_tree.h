// The files of an InputTree through their layouts into a container, and the
// proof that a container holds them.

#ifndef INGOT_TOOLS_ENCODE_TREE_H_
#define INGOT_TOOLS_ENCODE_TREE_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/manifest.h"
#include "codec/result.h"
#include "codec/stream_encoder.h"
#include "formats/base_models.h"
#include "formats/encode_file.h"
#include "tools/input_tree.h"
#include "tools/progress.h"

namespace ingot {

struct EncodeTreeOptions {
  std::optional<RawElements> raw = std::nullopt;
  bool metadata = true;  // record permissions and times
};

// Each file of `tree` becomes a file of `encoder`'s container. `bases`, if not
// null, are the encoder's references. Returns what was read.
Result<std::vector<ObjectId>> EncodeTree(const InputTree& tree,
                                         const EncodeTreeOptions& options,
                                         StreamEncoder* encoder,
                                         BaseModels* bases, Progress* progress);

// Reads the container back: kCorruption unless it restores just `ids`, with
// `bases` and what it names itself to refer to.
Status CheckHolds(const std::string& container, std::span<const ObjectId> ids,
                  int threads, BaseModels* bases, bool quiet);

}  // namespace ingot

#endif  // INGOT_TOOLS_ENCODE_TREE_H_
