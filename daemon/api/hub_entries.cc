#include "daemon/api/hub_entries.h"

#include <ctime>
#include <utility>

#include "daemon/api/hub.h"
#include "daemon/ingest/stored_file.h"

namespace ingot::api {

using nlohmann::json;

Result<HubEntry> DescribeEntry(store::Store* store, uint64_t repository,
                               const std::string& path,
                               const store::TreeEntry& entry) {
  HubEntry described = {
      .path = path, .entry = entry, .size = 0, .lfs = {}, .blob = {}};
  if (entry.is_tree()) return described;
  const store::History history(&store->repositories(), repository);
  INGOT_ASSIGN(described.blob, history.Read(entry.id, store::GitType::kBlob));
  described.size = described.blob.bytes.size();
  const auto pointer = store::ParsePointer(described.blob.bytes);
  if (!pointer) return described;
  INGOT_ASSIGN(const bool granted,
               store->repositories().IsGranted(repository, pointer->file));
  if (!granted) return described;
  INGOT_ASSIGN(const std::optional<uint64_t> length,
               ingest::StoredLength(store, pointer->file));
  if (length != pointer->length) return described;
  described.size = pointer->length;
  described.lfs = pointer;
  return described;
}

json ToJson(const HubEntry& entry) {
  if (entry.entry.is_tree()) {
    return {{"type", "directory"},
            {"oid", ToHex(entry.entry.id)},
            {"size", 0},
            {"path", entry.path}};
  }
  json file = {{"type", "file"},
               {"oid", ToHex(entry.entry.id)},
               {"size", entry.size},
               {"path", entry.path}};
  if (entry.lfs) {
    file["lfs"] = {{"oid", ToHex(entry.lfs->file)},
                   {"size", entry.size},
                   {"pointerSize", entry.blob.bytes.size()}};
  }
  return file;
}

json RepositoryJson(const store::RepositoryInfo& info) {
  const store::RepositoryName& name = info.repository.name;
  json repository = {{"_id", std::to_string(info.number)},
                     {"id", IdOf(name)},
                     {"author", name.space},
                     {"private", info.repository.is_private},
                     {"gated", false},
                     {"downloads", 0},
                     {"likes", 0},
                     {"tags", json::array()},
                     {"createdAt", DateText(info.created / 1000)},
                     {"lastModified", DateText(info.created / 1000)}};
  if (name.kind == store::RepositoryKind::kModel) {
    repository["modelId"] = IdOf(name);
  }
  return repository;
}

Result<json> CommitJson(const store::History& history,
                        const store::GitId& commit) {
  INGOT_ASSIGN(const store::GitCommit read, history.ReadCommit(commit));
  return json{{"id", ToHex(commit)},
              {"title", read.Title()},
              {"date", DateText(read.seconds)}};
}

std::string DateText(uint64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  char text[64];
  if (gmtime_r(&time, &parts) == nullptr ||
      std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &parts) ==
          0) {
    return "1970-01-01T00:00:00.000Z";
  }
  return text;
}

}  // namespace ingot::api
