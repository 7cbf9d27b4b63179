#include "daemon/store/pack_reader.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "codec/container/index_reader.h"
#include "codec/container/object_records.h"
#include "codec/container/record.h"
#include "codec/container/walker.h"

namespace ingot::store {
namespace {

std::vector<Digest> InOrder(const std::set<Digest>& digests) {
  return {digests.begin(), digests.end()};
}

// Whether an index lists the files and objects that a record does.
bool ListsEntries(const ingot::Index& index, const PackContents& contents) {
  const auto same = [](const auto& listed, const PackEntry& entry) {
    return listed.id == entry.id;
  };
  return std::ranges::equal(index.files, contents.files, same) &&
         std::ranges::equal(index.objects, contents.objects, same);
}

// Whether what a file holds itself is there, records with their checksums.
bool HasWholeLiterals(const Source& pack, const FoundIndex& found,
                      const Manifest& file) {
  std::vector<std::byte> bytes;
  for (const Segment& segment : file.segments) {
    if (segment.kind != Segment::Kind::kLiteral) continue;
    const auto record =
        ReadRecord(pack, segment.record, found.position, &bytes);
    if (!record.ok() || record->type() != RecordType::kLiteral) return false;
    ByteReader reader(record->body, pack.name(),
                      segment.record + record->body_offset);
    if (!ParseLiteralOf(segment, *record, &reader).ok()) return false;
  }
  return true;
}

}  // namespace

Result<PackContents> ReadPack(const Source& pack) {
  INGOT_ASSIGN(const FoundIndex found, ReadIndex(pack));
  const ingot::Index& index = found.index;
  INGOT_TRY(CheckRecords(pack, found.position, index));
  PackContents contents;
  for (const Manifest& file : index.files) {
    std::set<Digest> needs;
    for (const Segment& segment : file.segments) {
      if (segment.kind == Segment::Kind::kOutside) {
        needs.insert(segment.outside.digest);
      }
    }
    contents.files.push_back({file.id, 0, InOrder(needs)});
  }
  ObjectRecords records(&pack, &index);
  for (size_t object = 0; object < index.objects.size(); ++object) {
    records.Select(object);
    INGOT_TRY(records.CheckBlocks());
    const ObjectEntry& entry = index.objects[object];
    INGOT_ASSIGN(const std::set<Digest> needs, records.References());
    contents.objects.push_back({entry.id, entry.depth, InOrder(needs)});
  }
  return contents;
}

PackDamage FindPackDamage(const Source& pack, const PackContents& expected) {
  const PackDamage all = {.all = true};
  const auto found = ReadIndex(pack);
  if (!found.ok() || !ListsEntries(found->index, expected)) return all;
  PackDamage damage;
  ObjectRecords records(&pack, &found->index);
  for (size_t object = 0; object < expected.objects.size(); ++object) {
    records.Select(object);
    const bool whole = records.CheckBlocks().ok() && records.References().ok();
    if (!whole) damage.objects.push_back(object);
  }
  if (CheckRecords(pack, found->position, found->index).ok()) return damage;
  for (size_t file = 0; file < expected.files.size(); ++file) {
    if (!HasWholeLiterals(pack, *found, found->index.files[file])) {
      damage.files.push_back(file);
    }
  }
  if (damage.empty()) {
    damage.files.resize(expected.files.size());
    std::iota(damage.files.begin(), damage.files.end(), uint64_t{0});
  }
  return damage.empty() ? all : damage;
}

}  // namespace ingot::store
