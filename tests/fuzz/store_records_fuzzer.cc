// Parses hostile records as the store does, and applies those that parse:
// two bytes of type, one of length, payload, again and again. What parses is
// written as it was, and an index that took records agrees with itself.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "daemon/store/index.h"
#include "daemon/store/keys.h"
#include "daemon/store/largest_number.h"
#include "daemon/store/lock_table.h"
#include "daemon/store/pack_table.h"
#include "daemon/store/records.h"
#include "daemon/store/repository_table.h"
#include "daemon/store/staged_table.h"
#include "daemon/store/state.h"
#include "daemon/store/token_table.h"

namespace {

using namespace ingot;
using namespace ingot::store;

void Require(bool holds) {
  if (!holds) std::abort();
}

Status ApplyAndCheck(const JournalBatch& batch, IndexWriter* index) {
  INGOT_TRY(ApplyRecords(batch, index));
  const uint64_t largest = *LargestNumber(*index, kStagedFolder);
  const auto records = ListStaged(*index);
  for (const StagedRecord& record : *records) {
    Require(*FindStaged(*index, record.digest) == record);
    Require(*FindStaged(*index, record.number) == record);
    Require(record.number <= largest);
  }
  const auto packs = ListPacks(*index);
  for (const PackInfo& pack : *packs) {
    Require(*FindPack(*index, pack.number) == pack);
    const auto contents = ListPackContents(*index, pack.number);
    Require(contents->files.size() == pack.files);
    Require(contents->objects.size() == pack.objects);
    for (const PackEntry& object : contents->objects) {
      for (const Digest& needed : object.needs) {
        const auto copies = FindPackObject(*index, needed);
        Require(!copies->empty() && copies->front().depth < object.depth);
      }
    }
  }
  for (const RepositoryKind kind :
       {RepositoryKind::kModel, RepositoryKind::kDataset,
        RepositoryKind::kSpace}) {
    const auto repositories =
        ListRepositories(*index, kind, {}, {kind, "", ""}, 1000);
    for (const RepositoryInfo& info : *repositories) {
      Require(*FindRepository(*index, info.number) == info);
      Require(*FindRepository(*index, info.repository.name) == info);
      const auto refs = ListRefs(*index, info.number);
      for (const auto& [name, id] : *refs) {
        const auto commit = FindGitObject(*index, info.number, id);
        Require(*commit && IdOf(**commit) == id &&
                (*commit)->type == GitType::kCommit);
      }
      const auto locks = ListLocks(*index, info.number, 0, 1000);
      for (const LockInfo& lock : *locks) {
        Require(*FindLock(*index, info.number, lock.number) == lock);
        Require(*FindLock(*index, info.number, lock.lock.path) == lock);
        Require(lock.number <= *LargestNumber(*index, kLockNumbers));
      }
    }
  }
  const auto tokens = ListTokens(*index);
  for (const TokenInfo& token : *tokens) {
    Require(*FindToken(*index, token.token.secret) == token);
  }
  return {};
}

// Opened once: that takes longer than all else.
Index& TheIndex() {
  static const std::unique_ptr<Index> index =
      Index::Open({}, ApplyAndCheck).value();
  return *index;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSpan rest(reinterpret_cast<const std::byte*>(data), size);
  uint64_t position = 0;
  while (rest.size() >= 3) {
    const auto type = LoadLittleEndian<uint16_t>(rest.data());
    const size_t length =
        std::min(static_cast<size_t>(rest[2]), rest.size() - 3);
    const JournalRecordView view = {type, rest.subspan(3, length)};
    rest = rest.subspan(3 + length);
    const Result<Record> record = ParseRecord(view, "input");
    if (!record.ok()) {
      Require(record.error().kind == ErrorKind::kCorruption ||
              record.error().kind == ErrorKind::kUnsupported);
      continue;
    }
    const JournalRecord again = EncodeRecord(*record);
    Require(again.type == type);
    Require(std::ranges::equal(again.payload, view.payload));
    const Status staged =
        TheIndex().Stage({++position, 0, std::span(&view, 1)});
    Require(staged.ok() || staged.error().kind == ErrorKind::kConflict ||
            staged.error().kind == ErrorKind::kNotFound);
  }
  TheIndex().Drop();
  return 0;
}
