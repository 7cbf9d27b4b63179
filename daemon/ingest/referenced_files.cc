#include "daemon/ingest/referenced_files.h"

#include <vector>

#include "daemon/ingest/stop.h"
#include "daemon/store/git_commit.h"
#include "daemon/store/git_tree.h"
#include "daemon/store/history.h"
#include "daemon/store/lfs_pointer.h"

namespace ingot::ingest {
namespace {

using store::GitId;
using store::GitObject;
using store::GitType;

}  // namespace

Result<std::set<Digest>> FindReferencedFiles(
    const store::Repositories& repositories, uint64_t repository,
    const std::atomic<bool>* stop) {
  const store::History history(&repositories, repository);
  INGOT_ASSIGN(const auto refs, repositories.ListRefs(repository));
  std::set<Digest> files;
  std::set<GitId> seen;
  std::vector<GitId> open;
  const auto add = [&](const GitId& id) {
    if (seen.insert(id).second) open.push_back(id);
  };
  for (const auto& [name, id] : refs) add(id);
  while (!open.empty()) {
    INGOT_TRY(CheckStop(stop, "collecting"));
    const GitId id = open.back();
    open.pop_back();
    INGOT_ASSIGN(const std::optional<GitObject> object,
                 repositories.FindObject(repository, id));
    // The repository was deleted meanwhile, or lost it: nothing ends then.
    if (!object) return Corruption("git object " + ToHex(id) + ": missing");
    switch (object->type) {
      case GitType::kCommit: {
        INGOT_ASSIGN(const store::GitCommit commit,
                     store::ParseCommit(object->bytes));
        add(commit.tree);
        for (const GitId& parent : commit.parents) add(parent);
        break;
      }
      case GitType::kTree: {
        store::TreeReader reader(object->bytes);
        while (true) {
          INGOT_ASSIGN(const auto entry, reader.Next());
          if (!entry) break;
          add(entry->id);
        }
        break;
      }
      case GitType::kBlob: {
        const auto pointer = store::ParsePointer(object->bytes);
        if (pointer) files.insert(pointer->file);
        break;
      }
    }
  }
  return files;
}

}  // namespace ingot::ingest
