#include "tools/encode_tree.h"

#include <memory>
#include <utility>

#include "codec/container_reader.h"
#include "codec/source.h"

namespace ingot {

Result<std::vector<ObjectId>> EncodeTree(const InputTree& tree,
                                         const EncodeTreeOptions& options,
                                         StreamEncoder* encoder,
                                         BaseModels* bases,
                                         Progress* progress) {
  std::vector<ObjectId> ids;
  for (const InputFile& file : tree.files) {
    INGOT_ASSIGN(const std::unique_ptr<Source> source,
                 OpenFileSource(file.path));
    INGOT_ASSIGN(const Layout layout, ChooseLayout(*source, options.raw));
    FileInfo info;
    info.path = file.name;
    if (options.metadata) {
      info.mode = file.mode;
      info.mtime = file.mtime;
    }
    INGOT_ASSIGN(
        const ObjectId id,
        EncodeFile(
            *source, layout, std::move(info), encoder,
            [progress](uint64_t bytes) { progress->Add(bytes); }, bases));
    ids.push_back(id);
  }
  return ids;
}

Status CheckHolds(const std::string& container, std::span<const ObjectId> ids,
                  int threads, BaseModels* bases, bool quiet) {
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(container));
  INGOT_ASSIGN(const std::unique_ptr<ContainerReader> reader,
               ContainerReader::Open(std::move(source), {.threads = threads,
                                                         .verify_digests = true,
                                                         .references = bases}));
  if (bases != nullptr) bases->AddHints(container, reader->base_files());
  uint64_t total = 0;
  for (const ObjectId& id : ids) total += id.length;
  Progress progress(container, total, quiet);
  reader->SetProgress([&progress](uint64_t bytes) { progress.Set(bytes); });
  uint64_t incomplete = 0;
  INGOT_TRY(reader->Verify(&incomplete));
  bool same = incomplete == 0 && reader->files().size() == ids.size();
  for (size_t i = 0; same && i < ids.size(); ++i) {
    same = reader->files()[i].id == ids[i];
  }
  if (same) return {};
  return Corruption(container + ": does not hold what was read; input kept");
}

}  // namespace ingot
