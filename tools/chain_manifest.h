// ChainManifest: chain.json, which says what checkpoints a chain holds
// (tools/CHAIN.md).
//
// The file is written whole or not at all; a chain grows by writing it anew.
//
// Thread-safety: values.

#ifndef INGOT_TOOLS_CHAIN_MANIFEST_H_
#define INGOT_TOOLS_CHAIN_MANIFEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/manifest.h"
#include "codec/result.h"

namespace ingot {

inline constexpr char kChainManifestName[] = "chain.json";

struct ChainFile {
  std::string path;  // below the checkpoint; of a lone file its name
  ObjectId id;
  FileTime mtime;
};

struct ChainCheckpoint {
  std::string name;  // in the folder of checkpoints
  uint64_t container_bytes = 0;
  unsigned depth = 0;  // containers before it that it needs
  std::vector<ChainFile> files;

  std::string Container() const { return name + ".ingot"; }
  uint64_t RawBytes() const;
  std::vector<ObjectId> Ids() const;
};

struct ChainManifest {
  unsigned keyframe = 0;  // a full checkpoint every so many
  // In order: one of depth d > 0 is coded against the one before it, whose
  // depth is d - 1.
  std::vector<ChainCheckpoint> checkpoints;
};

// Nothing where there is no such file; kCorruption for one that is no manifest
// or contradicts itself, kUnsupported for one of a later version.
Result<std::optional<ChainManifest>> ReadChainManifest(const std::string& path);

// kInvalidArgument for names that are no UTF-8.
Status WriteChainManifest(const ChainManifest& manifest,
                          const std::string& path);

}  // namespace ingot

#endif  // INGOT_TOOLS_CHAIN_MANIFEST_H_
