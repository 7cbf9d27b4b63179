#include "formats/zip.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "formats/base/rule.h"
#include "formats/base/sub_source.h"
#include "formats/npy.h"
#include "formats/pytorch/pickle.h"
#include "formats/pytorch/storage.h"
#include "formats/zip/directory.h"

namespace ingot {
namespace {

constexpr size_t kMaxEntries = 131072;
constexpr int kMaxZipDepth = 2;
constexpr int kMaxPickles = 64;
constexpr size_t kProbeBytes = 16;
constexpr std::string_view kPickleSuffix = ".pkl";
constexpr std::string_view kNpySuffix = ".npy";

// What an archive and those inside it may use together, and what they hold.
struct Budget {
  size_t entries = kMaxEntries;
  int pickles = kMaxPickles;
  uint64_t name_bytes = uint64_t{48} << 20;
  uint64_t compressed = 0;  // entries that hold bytes and cannot be looked into
  std::string problem;      // the first pickle's or array's
};

// The tensors of one archive.
class Archive {
 public:
  // `prefix` comes before names; offsets are counted from `base`.
  Archive(const Source& source, uint64_t base, std::string prefix, int depth,
          Budget* budget)
      : source_(source),
        base_(base),
        prefix_(std::move(prefix)),
        depth_(depth),
        budget_(*budget) {}

  // The rule that is broken, if one is.
  Result<std::optional<BrokenRule>> Read();

  // In the order of the file, literals left out.
  std::vector<Region>& regions() { return regions_; }
  bool has_storages() const { return has_storages_; }

 private:
  Status ReadPickles();
  Status ReadEntry(const ZipEntry& entry);
  Status ReadArray(const ZipEntry& entry);
  Status ReadInner(const ZipEntry& entry);
  // Whether storages of the pickle PATH.pkl are little-endian.
  Result<bool> IsLittleEndian(const std::string& path);
  // Takes a region with offsets counted from base_.
  void Add(Region region, const std::string& spare_name);
  const ZipEntry* Find(const std::string& name) const;
  void NoteProblem(const ZipEntry& entry, const std::string& problem);

  const Source& source_;
  const uint64_t base_;
  const std::string prefix_;
  const int depth_;
  Budget& budget_;
  ZipDirectory directory_;
  std::unordered_map<std::string_view, const ZipEntry*> by_name_;
  std::unordered_map<const ZipEntry*, PickledStorage> storages_;
  std::unordered_set<std::string> names_;
  std::vector<Region> regions_;
  bool has_storages_ = false;
};

void Archive::NoteProblem(const ZipEntry& entry, const std::string& problem) {
  if (!budget_.problem.empty()) return;
  budget_.problem = "entry " + Quote(prefix_ + entry.name) + ": " + problem;
}

const ZipEntry* Archive::Find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Result<std::optional<BrokenRule>> Archive::Read() {
  INGOT_ASSIGN(auto found, ReadZipDirectory(source_, budget_.entries));
  if (auto* rule = std::get_if<BrokenRule>(&found)) {
    return std::optional(std::move(*rule));
  }
  directory_ = std::get<ZipDirectory>(std::move(found));
  budget_.entries -= directory_.size();
  for (const ZipEntry& entry : directory_) {
    by_name_.try_emplace(entry.name, &entry);
  }
  INGOT_TRY(ReadPickles());
  for (const ZipEntry& entry : directory_) INGOT_TRY(ReadEntry(entry));
  return std::optional<BrokenRule>();
}

Result<bool> Archive::IsLittleEndian(const std::string& path) {
  const ZipEntry* const entry =
      Find(path.substr(0, path.rfind('/') + 1) + "byteorder");
  constexpr std::string_view kLittle = "little";
  if (entry == nullptr) return true;
  if (!entry->readable || entry->data_size != kLittle.size()) return false;
  std::array<std::byte, kLittle.size()> bytes;
  INGOT_TRY(source_.ReadAt(entry->data, bytes));
  return AsText(bytes) == kLittle;
}

Status Archive::ReadPickles() {
  for (const ZipEntry& entry : directory_) {
    if (!entry.readable || !entry.name.ends_with(kPickleSuffix)) continue;
    const std::string path =
        entry.name.substr(0, entry.name.size() - kPickleSuffix.size());
    if (budget_.pickles == 0) {
      NoteProblem(entry,
                  "more than " + std::to_string(kMaxPickles) + " pickles");
      return {};
    }
    --budget_.pickles;
    INGOT_ASSIGN(const PickledTensors pickled,
                 ScanPickle(source_, entry.data, entry.end()));
    if (!pickled.problem.empty()) {
      NoteProblem(entry, "no names: " + pickled.problem);
    }
    INGOT_ASSIGN(const bool little_endian, IsLittleEndian(path));
    if (!little_endian) {
      NoteProblem(entry, "its storages are not little-endian");
      continue;
    }
    for (const auto& [key, storage] : pickled.storages) {
      const ZipEntry* const data = Find(path + '/' + key);
      if (data != nullptr) storages_.try_emplace(data, storage);
    }
  }
  return {};
}

Status Archive::ReadEntry(const ZipEntry& entry) {
  if (!entry.readable) {
    if (entry.data_size > 0) ++budget_.compressed;
    return {};
  }
  if (const auto found = storages_.find(&entry); found != storages_.end()) {
    std::optional<Region> region = StorageRegion(
        found->second, base_ + entry.data, entry.data_size, ToUtf8(entry.name));
    if (region) {
      has_storages_ = true;
      Add(*std::move(region), ToUtf8(entry.name));
    }
    return {};
  }
  std::array<std::byte, kProbeBytes> buffer;
  const MutableByteSpan first = MutableByteSpan(buffer).first(
      std::min<uint64_t>(kProbeBytes, entry.data_size));
  const bool may_be_array = entry.name.ends_with(kNpySuffix);
  if (!may_be_array && depth_ == kMaxZipDepth) return {};
  INGOT_TRY(source_.ReadAt(entry.data, first));
  if (may_be_array && LooksLikeNpy(first)) return ReadArray(entry);
  if (LooksLikeZip(first) && depth_ < kMaxZipDepth) return ReadInner(entry);
  return {};
}

Status Archive::ReadArray(const ZipEntry& entry) {
  const SubSource array(source_, entry.data, entry.data_size, source_.name());
  INGOT_ASSIGN(ParsedLayout parsed, ParseNpy(array, entry.data_size));
  if (const auto* rule = std::get_if<BrokenRule>(&parsed)) {
    NoteProblem(entry, rule->text);
    return {};
  }
  for (const Region& region : std::get<Layout>(parsed).regions()) {
    if (!region.tensor || region.length == 0) continue;
    Region moved = region;
    moved.offset += base_ + entry.data;
    moved.tensor->name =
        ToUtf8(entry.name.substr(0, entry.name.size() - kNpySuffix.size()));
    Add(std::move(moved), ToUtf8(entry.name));
  }
  return {};
}

Status Archive::ReadInner(const ZipEntry& entry) {
  const SubSource inner(source_, entry.data, entry.data_size, source_.name());
  Archive archive(inner, base_ + entry.data, prefix_ + ToUtf8(entry.name) + '/',
                  depth_ + 1, &budget_);
  INGOT_ASSIGN(const std::optional<BrokenRule> rule, archive.Read());
  if (rule) {
    NoteProblem(entry, rule->text);
    return {};
  }
  has_storages_ |= archive.has_storages();
  regions_.insert(regions_.end(),
                  std::make_move_iterator(archive.regions().begin()),
                  std::make_move_iterator(archive.regions().end()));
  return {};
}

void Archive::Add(Region region, const std::string& spare_name) {
  std::string& name = region.tensor->name;
  if (!names_.insert(name).second) name = spare_name;
  name.insert(0, prefix_);
  if (name.size() >
      std::min<uint64_t>(kMaxTensorNameLength, budget_.name_bytes)) {
    name.clear();
  }
  budget_.name_bytes -= name.size();
  regions_.push_back(std::move(region));
}

std::string NoteOf(const Budget& budget) {
  std::string note = budget.problem;
  if (budget.compressed > 0) {
    if (!note.empty()) note += "; ";
    note += std::to_string(budget.compressed) +
            (budget.compressed == 1 ? " entry is" : " entries are") +
            " compressed or encrypted";
  }
  return note;
}

}  // namespace

bool LooksLikeZip(ByteSpan first_bytes) {
  return AsText(first_bytes).starts_with("PK\x03\x04");
}

Result<ParsedLayout> ParseZip(const Source& source) {
  if (source.size() > kMaxFileSize) {
    return ParsedLayout(RuleAt("beyond the limit of files", kMaxFileSize));
  }
  Budget budget;
  Archive archive(source, 0, "", 0, &budget);
  INGOT_ASSIGN(std::optional<BrokenRule> rule, archive.Read());
  if (rule) return ParsedLayout(*std::move(rule));
  std::string note = NoteOf(budget);
  if (archive.regions().empty()) {
    return ParsedLayout(BrokenRule{"no tensor is stored in it" +
                                   (note.empty() ? "" : ": " + note)});
  }
  std::vector<Region> regions;
  uint64_t position = 0;
  for (Region& region : archive.regions()) {
    AppendLiterals(position, region.offset - position, &regions);
    position = region.offset + region.length;
    regions.push_back(std::move(region));
  }
  AppendLiterals(position, source.size() - position, &regions);
  const std::string_view format = archive.has_storages() ? "pytorch" : "npz";
  if (!note.empty()) note.insert(0, std::string(format) + ": ");
  INGOT_ASSIGN(Layout layout,
               Layout::Create(format, source.size(), std::move(regions), note));
  return ParsedLayout(std::move(layout));
}

}  // namespace ingot
