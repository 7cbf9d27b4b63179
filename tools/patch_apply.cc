// OpenPatch and ApplyPatch, for whole files.

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "codec/digest.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "formats/base_models.h"
#include "tools/input_tree.h"
#include "tools/output_folder.h"
#include "tools/patch.h"
#include "tools/patch_shard.h"
#include "tools/progress.h"

namespace ingot {
namespace {

Status CheckWritable(const std::string& path, const InputFile& file) {
  // The superuser could, but whoever made it read-only meant something.
  if ((file.mode & 0222) == 0 || access(path.c_str(), W_OK) != 0) {
    return Error{ErrorKind::kPermissionDenied,
                 path + ": read-only; not replaced (-o OUT writes elsewhere)"};
  }
  return {};
}

// Where the result goes: in the target's place, or elsewhere.
Result<std::unique_ptr<Sink>> OpenOutput(const ApplyPatchOptions& options,
                                         const InputFile& target) {
  if (options.output.empty()) {
    return CreateFileSink(
        options.target,
        {.overwrite = true, .mode = 0600, .keep_permissions = true});
  }
  return CreateOutputFile(
      options.output, {.overwrite = options.force, .mode = target.mode & 0666});
}

Result<bool> ApplyToFile(const ApplyPatchOptions& options,
                         const InputTree& target) {
  BaseModels bases({.threads = options.threads});
  INGOT_ASSIGN(const std::unique_ptr<ContainerReader> patch,
               OpenPatch(options.patch, options.threads, &bases));
  const Manifest& file = patch->files()[0];
  const ObjectId& base = patch->base_files()[0].id;
  INGOT_TRY(bases.Add(options.target));
  INGOT_ASSIGN(const BaseFile found, bases.OnlyFile());
  if (found.id == file.id) return false;
  if (found.id != base) {
    return Error{ErrorKind::kConflict,
                 options.target + ": has SHA-256 " + ToHex(found.id.digest) +
                     ", expected " + ToHex(base.digest) + " ('" +
                     patch->base_files()[0].name +
                     "', which the patch was made from); nothing changed"};
  }
  INGOT_ASSIGN(const std::unique_ptr<Sink> sink,
               OpenOutput(options, target.files[0]));
  {
    Progress progress(options.target, file.id.length, options.quiet);
    // Compares the whole with the target's SHA-256.
    INGOT_TRY(patch->ReadFile(0, 0, file.id.length, [&](ByteSpan bytes) {
      progress.Add(bytes.size());
      return sink->Write(bytes);
    }));
  }
  INGOT_TRY(CheckUnchanged(target));
  INGOT_TRY(sink->Commit());
  return true;
}

Result<bool> ApplyToShard(const ApplyPatchOptions& options,
                          const InputTree& target) {
  INGOT_ASSIGN(const std::unique_ptr<ShardPatch> shard,
               ShardPatch::Open(options.patch, options.target, options.shard,
                                options.threads));
  INGOT_ASSIGN(const bool needed, shard->IsNeeded());
  if (!needed) return false;
  INGOT_ASSIGN(const std::unique_ptr<Sink> sink,
               OpenOutput(options, target.files[0]));
  {
    Progress progress(options.target, target.files[0].size, options.quiet);
    INGOT_TRY(shard->Write([&](ByteSpan bytes) {
      progress.Add(bytes.size());
      return sink->Write(bytes);
    }));
  }
  INGOT_TRY(CheckUnchanged(target));
  INGOT_TRY(sink->Commit());
  return true;
}

}  // namespace

Result<std::unique_ptr<ContainerReader>> OpenPatch(
    const std::string& path, int threads, ReferenceSource* references) {
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(path));
  INGOT_ASSIGN(
      std::unique_ptr<ContainerReader> reader,
      ContainerReader::Open(std::move(source), {.threads = threads,
                                                .verify_digests = true,
                                                .references = references}));
  if (reader->files().size() != 1 || reader->base_files().size() != 1) {
    return InvalidArgument(
        path + ": no patch: expected one file and one base, found " +
        std::to_string(reader->files().size()) + " and " +
        std::to_string(reader->base_files().size()));
  }
  return reader;
}

Result<bool> ApplyPatch(const ApplyPatchOptions& options) {
  INGOT_ASSIGN(const InputTree target, ScanInput(options.target, {}));
  if (target.is_folder) {
    return InvalidArgument(options.target + ": a folder, expected a file");
  }
  if (options.output.empty()) {
    INGOT_TRY(CheckWritable(options.target, target.files[0]));
  } else if (IdentityOf(options.output) == target.files[0].identity) {
    return InvalidArgument(options.output + ": is the target itself");
  }
  return options.shard.empty() ? ApplyToFile(options, target)
                               : ApplyToShard(options, target);
}

}  // namespace ingot
