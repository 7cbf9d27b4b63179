// A chain: the checkpoints of a training run, each compressed into a container
// of its own, most of them coded against the one before (tools/CHAIN.md).
//
// A chain lies in a folder that holds nothing else and grows at its end. What
// is in it is complete at any moment: a process that ends while it adds a
// checkpoint leaves a file at most that the next one replaces or removes.

#ifndef INGOT_TOOLS_CHAIN_H_
#define INGOT_TOOLS_CHAIN_H_

#include <optional>
#include <string>

#include "codec/options.h"
#include "codec/reference_source.h"
#include "codec/result.h"
#include "tools/encode_tree.h"

namespace ingot {

inline constexpr unsigned kDefaultKeyframe = 4;
// A chain of containers that need each other is no longer than kMaxDepth.
inline constexpr unsigned kMaxKeyframe = kMaxDepth + 1;

struct ChainOptions {
  std::string checkpoints;  // a folder; every file and folder in it is one
  std::string match;        // only such names, as a shell matches; empty: all
  std::string output;       // the chain's folder; empty: checkpoints + ".chain"
  // A full checkpoint every so many; nothing: as the chain has it.
  std::optional<unsigned> keyframe;
  EncodeOptions encode;
  EncodeTreeOptions tree;
  bool remove = false;  // checkpoints, once their containers are verified
  bool quiet = false;
};

// Compresses what the chain does not hold yet, in the order of numbers in
// names, and says so on stdout. kConflict where another process works on the
// chain, where a checkpoint in it has changed since, and where the folder holds
// something else.
Status CompressChain(const ChainOptions& options);

}  // namespace ingot

#endif  // INGOT_TOOLS_CHAIN_H_
