#include "daemon/store/repositories.h"

#include <utility>

#include "daemon/store/append.h"
#include "daemon/store/grant_table.h"
#include "daemon/store/largest_number.h"

namespace ingot::store {
namespace {

Status CheckName(const RepositoryName& name) {
  if (IsNamePart(name.space) && IsNamePart(name.name) && !name.name.empty()) {
    return {};
  }
  return InvalidArgument(
      "repository '" + name.space + "/" + name.name + "': expected at most " +
      std::to_string(kMaxNameBytes) + " of A-Z a-z 0-9 . _ - in each part");
}

// What Commit makes true.
Result<std::vector<Record>> CommitRecords(uint64_t number,
                                          std::span<const GitObject> objects,
                                          std::span<const RefChange> refs) {
  std::vector<Record> records;
  records.reserve(objects.size() + refs.size());
  for (const GitObject& object : objects) {
    if (object.bytes.size() > kMaxGitObjectBytes) {
      return InvalidArgument(
          "git object of " + std::to_string(object.bytes.size()) +
          " bytes: expected at most " + std::to_string(kMaxGitObjectBytes));
    }
    records.push_back(GitObjectRecord{number, object});
  }
  for (const RefChange& ref : refs) {
    if (!IsRefName(ref.name)) {
      return InvalidArgument("ref '" + ref.name + "': not a name of a ref");
    }
    records.push_back(
        RefChangedRecord{number, ref.name, ref.before, ref.after});
  }
  return records;
}

}  // namespace

Result<std::unique_ptr<Repositories>> Repositories::Open(Journal* journal,
                                                         const Index* index) {
  INGOT_ASSIGN(const uint64_t largest,
               LargestNumber(*index, kRepositoryNumbers));
  return std::unique_ptr<Repositories>(
      new Repositories(journal, index, largest + 1));
}

Result<uint64_t> Repositories::Create(const Repository& repository,
                                      std::span<const GitObject> objects,
                                      std::span<const RefChange> refs) {
  INGOT_TRY(CheckName(repository.name));
  const uint64_t number = next_number_++;
  INGOT_ASSIGN(std::vector<Record> records,
               CommitRecords(number, objects, refs));
  records.insert(records.begin(), RepositoryCreatedRecord{number, repository});
  INGOT_TRY(AppendRecords(journal_, records));
  return number;
}

Result<std::optional<RepositoryInfo>> Repositories::Find(
    const RepositoryName& name) const {
  return FindRepository(*index_, name);
}

Result<std::optional<RepositoryInfo>> Repositories::Find(
    uint64_t number) const {
  return FindRepository(*index_, number);
}

Result<std::vector<RepositoryInfo>> Repositories::List(
    RepositoryKind kind, const std::optional<std::string>& space,
    const RepositoryName& after, size_t limit) const {
  return ListRepositories(*index_, kind, space, after, limit);
}

Status Repositories::Change(uint64_t number, const Repository& repository) {
  INGOT_TRY(CheckName(repository.name));
  return AppendRecord(journal_, RepositoryChangedRecord{number, repository});
}

Status Repositories::Delete(uint64_t number) {
  return AppendRecord(journal_, RepositoryDeletedRecord{number});
}

Status Repositories::Grant(uint64_t number, const Digest& file) {
  return AppendRecord(journal_, GrantedRecord{number, file});
}

Status Repositories::EndGrant(uint64_t number, const Digest& file,
                              std::optional<uint64_t> granted_by) {
  return AppendRecord(journal_, GrantEndedRecord{number, file, granted_by});
}

Result<bool> Repositories::IsGranted(uint64_t number,
                                     const Digest& file) const {
  INGOT_ASSIGN(const auto granted, GrantedAt(number, file));
  return granted.has_value();
}

Result<std::optional<uint64_t>> Repositories::GrantedAt(
    uint64_t number, const Digest& file) const {
  return store::GrantedAt(*index_, number, file);
}

Result<bool> Repositories::HasGrants(const Digest& file) const {
  return store::HasGrants(*index_, file);
}

Result<std::vector<uint64_t>> Repositories::ListGrantsOf(
    const Digest& file) const {
  return store::ListGrantsOf(*index_, file);
}

Result<std::vector<Digest>> Repositories::ListGranted(uint64_t number,
                                                      size_t limit,
                                                      uint64_t until) const {
  return store::ListGranted(*index_, number, limit, until);
}

Status Repositories::Commit(uint64_t number, std::span<const GitObject> objects,
                            std::span<const RefChange> refs,
                            std::span<const Digest> files) {
  INGOT_ASSIGN(std::vector<Record> records,
               CommitRecords(number, objects, refs));
  for (const Digest& file : files) {
    records.push_back(GrantedRecord{number, file});
  }
  return AppendRecords(journal_, records);
}

Result<std::optional<GitObject>> Repositories::FindObject(
    uint64_t number, const GitId& id) const {
  return FindGitObject(*index_, number, id);
}

Result<std::optional<GitId>> Repositories::FindRef(
    uint64_t number, std::string_view name) const {
  return store::FindRef(*index_, number, name);
}

Result<std::map<std::string, GitId>> Repositories::ListRefs(
    uint64_t number) const {
  return store::ListRefs(*index_, number);
}

}  // namespace ingot::store
