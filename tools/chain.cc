#include "tools/chain.h"

#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "codec/digest.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "codec/stream_encoder.h"
#include "formats/base_models.h"
#include "tools/chain_folder.h"
#include "tools/chain_manifest.h"
#include "tools/exit_code.h"
#include "tools/input_tree.h"
#include "tools/output_folder.h"
#include "tools/standard_streams.h"
#include "tools/text.h"

namespace ingot {
namespace {

class Chain {
 public:
  explicit Chain(const ChainOptions& options) : options_(options) {}

  Status Run();

 private:
  std::string PathOf(const std::string& name) const {
    return output_ + "/" + name;
  }
  Status ListCheckpoints();
  // Reads the manifest, or starts one in an empty folder, and removes what
  // interrupted processes left.
  Status OpenManifest();
  // Whether all containers are there.
  Status CheckContainers() const;
  // Whether a checkpoint is what its container was made from.
  Status CheckUnchangedSince(const ChainCheckpoint& checkpoint,
                             const InputTree& tree) const;
  Status Add(const std::string& name, const InputTree& tree);
  Status RemoveVerified(const ChainCheckpoint& checkpoint,
                        const InputTree& tree) const;
  Status Say(const ChainCheckpoint& checkpoint) const;
  Status SayTotals(size_t added) const;

  const ChainOptions& options_;
  std::string output_;
  ChainFolder folder_;
  std::vector<std::string> names_;  // of checkpoints, in order
  ChainManifest manifest_;
};

Status Chain::ListCheckpoints() {
  const std::optional<FileIdentity> output = IdentityOf(output_);
  if (output && output == IdentityOf(options_.checkpoints)) {
    return InvalidArgument(output_ + ": is the folder of checkpoints itself");
  }
  INGOT_ASSIGN(const std::vector<std::string> entries,
               ListFolder(options_.checkpoints));
  for (const std::string& name : entries) {
    const std::string path = options_.checkpoints + "/" + name;
    if (name.starts_with('.') || (output && output == IdentityOf(path))) {
      continue;
    }
    if (!options_.match.empty() &&
        fnmatch(options_.match.c_str(), name.c_str(), 0) != 0) {
      continue;
    }
    if (name.ends_with(kContainerSuffix)) {
      PrintMessage(path + ": skipped: has the suffix .ingot already");
      continue;
    }
    names_.push_back(name);
  }
  std::ranges::sort(names_, NaturalLess);
  return {};
}

Status Chain::OpenManifest() {
  const std::string path = PathOf(kChainManifestName);
  INGOT_ASSIGN(std::optional<ChainManifest> found, ReadChainManifest(path));
  INGOT_ASSIGN(const std::optional<std::string> other,
               folder_.RemoveLeftovers(found.has_value()));
  if (found) {
    manifest_ = std::move(*found);
    if (options_.keyframe) manifest_.keyframe = *options_.keyframe;
    return CheckContainers();
  }
  if (other) {
    return Error{ErrorKind::kConflict,
                 output_ + ": holds '" + *other +
                     "' and no chain: expected an empty folder, or one with "
                     "a " +
                     kChainManifestName};
  }
  manifest_.keyframe = options_.keyframe.value_or(kDefaultKeyframe);
  return WriteChainManifest(manifest_, path);
}

Status Chain::CheckContainers() const {
  for (const ChainCheckpoint& checkpoint : manifest_.checkpoints) {
    const std::string path = PathOf(checkpoint.Container());
    struct stat info;
    if (stat(path.c_str(), &info) != 0) {
      return ErrnoError(path + ": of the chain", errno);
    }
    if (!S_ISREG(info.st_mode) ||
        static_cast<uint64_t>(info.st_size) != checkpoint.container_bytes) {
      return Corruption(path + ": of " + std::to_string(info.st_size) +
                        " bytes, " + kChainManifestName + " says " +
                        std::to_string(checkpoint.container_bytes));
    }
  }
  return {};
}

Status Chain::CheckUnchangedSince(const ChainCheckpoint& checkpoint,
                                  const InputTree& tree) const {
  const auto changed = [&](const std::string& what) {
    return Error{ErrorKind::kConflict,
                 options_.checkpoints + "/" + checkpoint.name +
                     ": changed since it became part of " + output_ + ": " +
                     what + " (give the new one another name)"};
  };
  if (tree.files.size() != checkpoint.files.size()) {
    return changed("has " + Count(tree.files.size(), "file") + ", had " +
                   std::to_string(checkpoint.files.size()));
  }
  for (size_t i = 0; i < tree.files.size(); ++i) {
    const InputFile& now = tree.files[i];
    const ChainFile& then = checkpoint.files[i];
    if (now.name != then.path) return changed("'" + now.name + "' is new");
    if (now.size != then.id.length) {
      return changed("'" + now.name + "' has " + std::to_string(now.size) +
                     " bytes, had " + std::to_string(then.id.length));
    }
    if (now.mtime == then.mtime) continue;
    INGOT_ASSIGN(const std::unique_ptr<Source> source,
                 OpenFileSource(now.path));
    INGOT_ASSIGN(const Digest digest, HashRange(*source, 0, source->size()));
    if (digest != then.id.digest) {
      return changed("'" + now.name + "' has SHA-256 " + ToHex(digest) +
                     ", had " + ToHex(then.id.digest));
    }
  }
  return {};
}

Status Chain::Add(const std::string& name, const InputTree& tree) {
  const std::vector<ChainCheckpoint>& known = manifest_.checkpoints;
  ChainCheckpoint checkpoint;
  checkpoint.name = name;
  std::unique_ptr<BaseModels> bases;
  if (!known.empty() && known.back().depth + 1 < manifest_.keyframe) {
    checkpoint.depth = known.back().depth + 1;
    bases = std::make_unique<BaseModels>(
        BaseOptions{.raw = options_.tree.raw,
                    .max_depth = checkpoint.depth,
                    .threads = options_.encode.threads,
                    .folder = output_});
    INGOT_TRY(bases->Add(PathOf(known.back().Container())));
  }
  EncodeOptions encode = options_.encode;
  encode.references = bases.get();
  // What an interrupted process left under that name is replaced.
  INGOT_ASSIGN(
      const std::unique_ptr<Sink> sink,
      CreateFileSink(
          PathOf(checkpoint.Container()),
          {.overwrite = true,
           .mode = tree.is_folder ? 0666 : tree.files[0].mode & 0666}));
  INGOT_ASSIGN(const std::unique_ptr<StreamEncoder> encoder,
               StreamEncoder::Create(sink.get(), encode));
  std::vector<ObjectId> ids;
  {
    Progress progress(options_.checkpoints + "/" + name, tree.TotalBytes(),
                      options_.quiet);
    INGOT_ASSIGN(ids, EncodeTree(tree, options_.tree, encoder.get(),
                                 bases.get(), &progress));
  }
  INGOT_TRY(encoder->Finish());
  INGOT_TRY(CheckUnchanged(tree));
  INGOT_TRY(sink->Commit());
  checkpoint.container_bytes = encoder->encoded_bytes();
  for (size_t i = 0; i < ids.size(); ++i) {
    checkpoint.files.push_back(
        {.path = tree.files[i].name,
         .id = ids[i],
         .mtime = options_.tree.metadata ? tree.files[i].mtime : FileTime{}});
  }
  manifest_.checkpoints.push_back(std::move(checkpoint));
  INGOT_TRY(WriteChainManifest(manifest_, PathOf(kChainManifestName)));
  return Say(manifest_.checkpoints.back());
}

Status Chain::RemoveVerified(const ChainCheckpoint& checkpoint,
                             const InputTree& tree) const {
  BaseModels bases({.threads = options_.encode.threads});
  const std::vector<ObjectId> ids = checkpoint.Ids();
  INGOT_TRY(CheckHolds(PathOf(checkpoint.Container()), ids,
                       options_.encode.threads, &bases, options_.quiet));
  return RemoveInput(tree);
}

Status Chain::Say(const ChainCheckpoint& checkpoint) const {
  if (options_.quiet) return {};
  return Print(Printable(PathOf(checkpoint.Container())) + ": " +
               (checkpoint.depth == 0
                    ? std::string("full")
                    : "depth " + std::to_string(checkpoint.depth)) +
               ", " + std::to_string(checkpoint.container_bytes) + " of " +
               Count(checkpoint.RawBytes(), "byte") + ", size " +
               Ratio(checkpoint.container_bytes, checkpoint.RawBytes()) + "\n");
}

Status Chain::SayTotals(size_t added) const {
  if (options_.quiet) return {};
  uint64_t encoded = 0;
  uint64_t raw = 0;
  for (const ChainCheckpoint& checkpoint : manifest_.checkpoints) {
    encoded += checkpoint.container_bytes;
    raw += checkpoint.RawBytes();
  }
  return Print(Printable(output_) + ": " +
               Count(manifest_.checkpoints.size(), "checkpoint") + ", " +
               std::to_string(added) + " of them new, " +
               std::to_string(encoded) + " of " + Count(raw, "byte") +
               ", size " + Ratio(encoded, raw) + "\n");
}

Status Chain::Run() {
  output_ = options_.output;
  if (output_.empty()) {
    output_ = options_.checkpoints;
    while (output_.size() > 1 && output_.ends_with('/')) output_.pop_back();
    output_ += ".chain";
  }
  INGOT_TRY(ListCheckpoints());
  if (names_.empty() && !IdentityOf(PathOf(kChainManifestName))) {
    return Error{ErrorKind::kNotFound,
                 options_.checkpoints + ": no checkpoints in it"};
  }
  INGOT_TRY(folder_.Open(output_));
  INGOT_TRY(OpenManifest());
  size_t added = 0;
  for (const std::string& name : names_) {
    INGOT_ASSIGN(const InputTree tree,
                 ScanInput(options_.checkpoints + "/" + name, {}));
    for (const std::string& line : tree.skipped) PrintMessage(line);
    const auto known =
        std::ranges::find(manifest_.checkpoints, name, &ChainCheckpoint::name);
    if (known != manifest_.checkpoints.end()) {
      INGOT_TRY(CheckUnchangedSince(*known, tree));
      if (options_.remove) INGOT_TRY(RemoveVerified(*known, tree));
      continue;
    }
    if (tree.files.empty()) {
      PrintMessage(options_.checkpoints + "/" + name +
                   ": skipped: a folder without files");
      continue;
    }
    INGOT_TRY(Add(name, tree));
    ++added;
    if (options_.remove) {
      INGOT_TRY(RemoveVerified(manifest_.checkpoints.back(), tree));
    }
  }
  return SayTotals(added);
}

}  // namespace

Status CompressChain(const ChainOptions& options) {
  return Chain(options).Run();
}

}  // namespace ingot
