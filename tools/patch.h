// Patches: containers that make one file out of another (codec/FORMAT.md,
// section 12).

#ifndef INGOT_TOOLS_PATCH_H_
#define INGOT_TOOLS_PATCH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/container_reader.h"
#include "codec/manifest.h"
#include "codec/options.h"
#include "codec/result.h"
#include "formats/encode_file.h"
#include "tools/index_range.h"

namespace ingot {

struct MakePatchOptions {
  std::string base;
  std::string target;
  std::string output;
  std::optional<RawElements> raw;
  EncodeOptions encode;
  uint64_t shards = 0;  // that tensors are cut into; 0: for whole files only
  bool force = false;
  bool quiet = false;
};

// kConflict where one of the files changes meanwhile.
Status MakePatch(const MakePatchOptions& options);

// A tensor of which a shard holds some rows.
struct ShardTensor {
  std::string name;
  IndexRange rows;  // of the whole tensor
};

struct ApplyPatchOptions {
  std::string patch;
  std::string target;
  std::string output;              // empty: the result takes the target's place
  std::vector<ShardTensor> shard;  // empty: the target is the whole base
  int threads = 0;
  bool force = false;
  bool quiet = false;
};

// Whether there was anything to do: false where the target is already what it
// would become, and nothing is written. kConflict where it is neither that nor
// what the patch was made from. The target is replaced in one step, and never
// by what has not been compared with the patch's digests.
Result<bool> ApplyPatch(const ApplyPatchOptions& options);

// kInvalidArgument for a container that is no patch. `references` as in
// DecodeOptions.
Result<std::unique_ptr<ContainerReader>> OpenPatch(const std::string& path,
                                                   int threads,
                                                   ReferenceSource* references);

}  // namespace ingot

#endif  // INGOT_TOOLS_PATCH_H_
