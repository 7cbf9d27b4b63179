#include "tools/chain_manifest.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "codec/bytes.h"
#include "codec/reference_source.h"
#include "codec/sink.h"
#include "codec/source.h"

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
// Far above what any training run leaves.
constexpr uint64_t kMaxManifestBytes = uint64_t{256} << 20;
constexpr int64_t kNanosecondsEnd = 1'000'000'000;

// Looks up fields of JSON objects and remembers the first that is not as
// expected.
class Fields {
 public:
  explicit Fields(std::string path) : path_(std::move(path)) {}

  std::string Text(const Json& json, const char* name) {
    const Json* const field = Find(json, name);
    if (field == nullptr || !field->is_string()) return Miss(name), "";
    return field->get<std::string>();
  }
  uint64_t Number(const Json& json, const char* name, uint64_t limit) {
    const Json* const field = Find(json, name);
    if (field == nullptr || !field->is_number_unsigned() ||
        field->get<uint64_t>() > limit) {
      return Miss(name), 0;
    }
    return field->get<uint64_t>();
  }
  const Json& Array(const Json& json, const char* name) {
    static const Json kNone = Json::array();
    const Json* const field = Find(json, name);
    if (field == nullptr || !field->is_array()) return Miss(name), kNone;
    return *field;
  }
  FileTime Time(const Json& json, const char* name) {
    const Json* const field = Find(json, name);
    if (field == nullptr || !field->is_array() || field->size() != 2 ||
        !(*field)[0].is_number_integer() || !(*field)[1].is_number_unsigned() ||
        (*field)[1].get<uint64_t>() >= kNanosecondsEnd) {
      return Miss(name), FileTime{};
    }
    return {.seconds = (*field)[0].get<int64_t>(),
            .nanoseconds = (*field)[1].get<uint32_t>()};
  }
  Digest Sha256(const Json& json, const char* name) {
    const std::optional<Digest> digest = DigestOfHex(Text(json, name));
    if (!digest) return Miss(name), Digest{};
    return *digest;
  }
  void Miss(const std::string& what) {
    if (status_.ok()) {
      status_ = Corruption(path_ + ": no chain manifest: \"" + what +
                           "\" is missing or not as expected");
    }
  }
  const Status& status() const { return status_; }

 private:
  static const Json* Find(const Json& json, const char* name) {
    if (!json.is_object()) return nullptr;
    const auto field = json.find(name);
    return field == json.end() ? nullptr : &*field;
  }

  const std::string path_;
  Status status_;
};

ChainCheckpoint ParseCheckpoint(const Json& json, Fields* fields) {
  ChainCheckpoint checkpoint;
  checkpoint.name = fields->Text(json, "name");
  // It names a file beside the manifest.
  if (!IsSafeRelativePath(checkpoint.name) ||
      checkpoint.name.find('/') != std::string::npos) {
    fields->Miss("name");
  }
  checkpoint.container_bytes =
      fields->Number(json, "container_bytes", UINT64_MAX);
  checkpoint.depth =
      static_cast<unsigned>(fields->Number(json, "depth", kMaxDepth));
  for (const Json& entry : fields->Array(json, "files")) {
    ChainFile file;
    file.path = fields->Text(entry, "path");
    file.id.length = fields->Number(entry, "bytes", uint64_t{1} << 62);
    file.id.digest = fields->Sha256(entry, "sha256");
    file.mtime = fields->Time(entry, "mtime");
    checkpoint.files.push_back(std::move(file));
  }
  return checkpoint;
}

Json CheckpointJson(const ChainCheckpoint& checkpoint) {
  Json json;
  json["name"] = checkpoint.name;
  json["depth"] = checkpoint.depth;
  json["container_bytes"] = checkpoint.container_bytes;
  json["files"] = Json::array();
  for (const ChainFile& file : checkpoint.files) {
    Json entry;
    entry["path"] = file.path;
    entry["bytes"] = file.id.length;
    entry["sha256"] = ToHex(file.id.digest);
    entry["mtime"] = {file.mtime.seconds, file.mtime.nanoseconds};
    json["files"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

uint64_t ChainCheckpoint::RawBytes() const {
  uint64_t bytes = 0;
  for (const ChainFile& file : files) bytes += file.id.length;
  return bytes;
}

std::vector<ObjectId> ChainCheckpoint::Ids() const {
  std::vector<ObjectId> ids;
  for (const ChainFile& file : files) ids.push_back(file.id);
  return ids;
}

Result<std::optional<ChainManifest>> ReadChainManifest(
    const std::string& path) {
  Result<std::unique_ptr<Source>> source = OpenFileSource(path);
  if (!source.ok() && source.error().kind == ErrorKind::kNotFound) {
    return std::optional<ChainManifest>();
  }
  if (!source.ok()) return std::move(source).error();
  if ((*source)->size() > kMaxManifestBytes) {
    return Corruption(path + ": no chain manifest: " +
                      std::to_string((*source)->size()) + " bytes");
  }
  std::string text((*source)->size(), '\0');
  INGOT_TRY((*source)->ReadAt(0, std::as_writable_bytes(std::span(text))));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Corruption(path + ": not JSON");

  Fields fields(path);
  const uint64_t version = fields.Number(json, "ingot_chain", UINT64_MAX);
  if (fields.status().ok() && version != kVersion) {
    return Unsupported(path + ": version " + std::to_string(version) +
                       " of chain manifests needs a newer ingot");
  }
  ChainManifest manifest;
  manifest.keyframe =
      static_cast<unsigned>(fields.Number(json, "keyframe", kMaxDepth + 1));
  if (manifest.keyframe == 0) fields.Miss("keyframe");
  std::set<std::string> names;
  unsigned next_depth = 0;  // the highest that may come
  for (const Json& entry : fields.Array(json, "checkpoints")) {
    ChainCheckpoint checkpoint = ParseCheckpoint(entry, &fields);
    if (!names.insert(checkpoint.name).second) fields.Miss("name");
    if (checkpoint.depth != 0 && checkpoint.depth != next_depth) {
      fields.Miss("depth");
    }
    next_depth = checkpoint.depth + 1;
    manifest.checkpoints.push_back(std::move(checkpoint));
  }
  INGOT_TRY(fields.status());
  return std::optional<ChainManifest>(std::move(manifest));
}

Status WriteChainManifest(const ChainManifest& manifest,
                          const std::string& path) {
  Json json;
  json["ingot_chain"] = kVersion;
  json["keyframe"] = manifest.keyframe;
  json["checkpoints"] = Json::array();
  for (const ChainCheckpoint& checkpoint : manifest.checkpoints) {
    json["checkpoints"].push_back(CheckpointJson(checkpoint));
  }
  std::string text;
  try {
    text = json.dump(2) + "\n";
  } catch (const Json::type_error&) {
    return InvalidArgument(path + ": cannot hold a name that is not UTF-8");
  }
  INGOT_ASSIGN(const std::unique_ptr<Sink> sink,
               CreateFileSink(path, {.overwrite = true}));
  INGOT_TRY(sink->Write(AsBytes(text)));
  return sink->Commit();
}

}  // namespace ingot
