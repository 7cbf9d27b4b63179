#include "daemon/ingest/card_hints.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>

#include "daemon/ingest/model_card.h"
#include "daemon/store/history.h"

namespace ingot::ingest {
namespace {

constexpr const char* kCard = "README.md";
// Of a file that is granted to many.
constexpr size_t kMaxCards = 16;
constexpr size_t kMaxHints = 256;

// Empty where there is none.
Result<std::string> ReadCard(const store::Repositories& repositories,
                             uint64_t repository) {
  const store::History history(&repositories, repository);
  INGOT_ASSIGN(const auto main,
               repositories.FindRef(repository, store::kMainBranch));
  if (!main) return std::string();
  INGOT_ASSIGN(const store::GitCommit commit, history.ReadCommit(*main));
  INGOT_ASSIGN(const auto entry, history.FindPath(commit.tree, kCard));
  if (!entry || entry->is_tree()) return std::string();
  INGOT_ASSIGN(const store::GitObject blob,
               history.Read(entry->id, store::GitType::kBlob));
  return std::string(AsText(blob.bytes).substr(0, kMaxCardBytes));
}

// The model that a card of `repository` names so.
store::RepositoryName NameOf(const std::string& text,
                             const store::RepositoryName& repository) {
  store::RepositoryName name;
  const size_t slash = text.find('/');
  const bool has_space = slash != std::string::npos;
  name.space = has_space ? text.substr(0, slash) : repository.space;
  name.name = has_space ? text.substr(slash + 1) : text;
  return name;
}

}  // namespace

Result<std::vector<Digest>> FindCardHints(
    const store::Repositories& repositories, const Digest& file) {
  std::vector<Digest> hints;
  std::set<uint64_t> seen;
  INGOT_ASSIGN(std::vector<uint64_t> granted, repositories.ListGrantsOf(file));
  if (granted.size() > kMaxCards) granted.resize(kMaxCards);
  for (const uint64_t number : granted) {
    INGOT_ASSIGN(const auto info, repositories.Find(number));
    if (!info) continue;
    const auto card = ReadCard(repositories, number);
    // It has changed meanwhile, or is damaged: it says nothing.
    if (!card.ok()) continue;
    for (const std::string& text : BaseModelsOf(*card)) {
      const store::RepositoryName name = NameOf(text, info->repository.name);
      INGOT_ASSIGN(const auto base, repositories.Find(name));
      const bool is_readable =
          base && (!base->repository.is_private ||
                   (info->repository.is_private &&
                    name.space == info->repository.name.space));
      if (!is_readable || !seen.insert(base->number).second) continue;
      INGOT_ASSIGN(const std::vector<Digest> files,
                   repositories.ListGranted(base->number, kMaxHints));
      for (const Digest& one : files) {
        if (hints.size() == kMaxHints) return hints;
        if (one != file) hints.push_back(one);
      }
    }
  }
  return hints;
}

}  // namespace ingot::ingest
