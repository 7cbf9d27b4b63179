#include "daemon/store/pack_table.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/reference_source.h"
#include "daemon/store/grant_table.h"
#include "daemon/store/index_keys.h"
#include "daemon/store/keys.h"
#include "daemon/store/largest_number.h"
#include "daemon/store/record_fields.h"
#include "daemon/store/whole_copies.h"

namespace ingot::store {
namespace {

// Larger than any; what a file's needs have to be below.
constexpr unsigned kNoDepth = kMaxDepth + 1;

// A file or an object, and all places where it is.
struct Places {
  struct Place {
    uint64_t pack;
    uint64_t index;
    unsigned depth;
  };
  uint64_t length = 0;
  std::vector<Place> places;
};

IndexKey PackKey(uint64_t number) {
  return IndexKey(IndexTable::kPacks).Add(number);
}
IndexKey EntryKey(IndexTable table, const Digest& digest) {
  return IndexKey(table).Add(digest);
}
IndexKey ContentsKey(uint64_t pack) {
  return IndexKey(IndexTable::kPackContents).Add(pack);
}
IndexKey DamageKey(uint64_t pack) {
  return IndexKey(IndexTable::kPackDamage).Add(pack);
}
IndexKey NeededKey(const Digest& digest) {
  return IndexKey(IndexTable::kNeeded).Add(digest);
}

Error PackError(ErrorKind kind, uint64_t number, const std::string& what) {
  return {kind, NumberedKey(kPackFolder, number) + ": " + what};
}

Result<PackInfo> ParsePack(uint64_t number, std::string_view value) {
  ByteReader reader(AsBytes(value), "index, packs");
  PackInfo info = {.number = number};
  INGOT_ASSIGN(info.length, reader.ReadVarint());
  INGOT_ASSIGN(const uint64_t retired, reader.ReadVarint(1, "state"));
  info.retired = retired != 0;
  INGOT_ASSIGN(info.retired_at, reader.ReadVarint());
  INGOT_ASSIGN(info.damaged, ReadFlag(&reader));
  INGOT_ASSIGN(info.files, reader.ReadVarint());
  INGOT_ASSIGN(info.objects, reader.ReadVarint());
  INGOT_TRY(reader.ExpectDone());
  return info;
}

void PutPack(const PackInfo& info, IndexWriter* index) {
  std::vector<std::byte> value;
  ByteWriter writer(&value);
  writer.WriteVarint(info.length);
  writer.WriteVarint(info.retired ? 1 : 0);
  writer.WriteVarint(info.retired_at);
  WriteFlag(info.damaged, &writer);
  writer.WriteVarint(info.files);
  writer.WriteVarint(info.objects);
  index->Put(PackKey(info.number), AsText(value));
}

Result<Places> FindPlaces(const IndexReader& index, const IndexKey& key) {
  INGOT_ASSIGN(const std::optional<std::string> value, index.Get(key));
  Places found;
  if (!value) return found;
  ByteReader reader(AsBytes(*value), "index, entries of packs");
  INGOT_ASSIGN(found.length, reader.ReadVarint());
  while (reader.remaining() > 0) {
    Places::Place place;
    INGOT_ASSIGN(place.pack, reader.ReadVarint());
    INGOT_ASSIGN(place.index, reader.ReadVarint());
    INGOT_ASSIGN(place.depth, reader.ReadVarint(kMaxDepth, "depth"));
    found.places.push_back(place);
  }
  return found;
}

void PutPlaces(const IndexKey& key, const Places& places, IndexWriter* index) {
  if (places.places.empty()) return index->Delete(key);
  std::vector<std::byte> value;
  ByteWriter writer(&value);
  writer.WriteVarint(places.length);
  for (const Places::Place& place : places.places) {
    writer.WriteVarint(place.pack);
    writer.WriteVarint(place.index);
    writer.WriteVarint(place.depth);
  }
  index->Put(key, AsText(value));
}

Status AddEntries(IndexTable table, uint64_t pack,
                  const std::vector<PackEntry>& entries, IndexWriter* index) {
  for (size_t i = 0; i < entries.size(); ++i) {
    const ObjectId& id = entries[i].id;
    const IndexKey key = EntryKey(table, id.digest);
    INGOT_ASSIGN(Places places, FindPlaces(*index, key));
    if (!places.places.empty() &&
        (places.places.back().pack == pack || places.length != id.length)) {
      return PackError(ErrorKind::kConflict, pack,
                       ToHex(id.digest) + " of " + std::to_string(id.length) +
                           " bytes is there twice, or had " +
                           std::to_string(places.length));
    }
    places.length = id.length;
    places.places.push_back({pack, i, entries[i].depth});
    PutPlaces(key, places, index);
  }
  return {};
}

Status RemoveEntries(IndexTable table, uint64_t pack,
                     const std::vector<PackEntry>& entries,
                     IndexWriter* index) {
  for (const PackEntry& entry : entries) {
    const IndexKey key = EntryKey(table, entry.id.digest);
    INGOT_ASSIGN(Places places, FindPlaces(*index, key));
    std::erase_if(places.places, [&](const Places::Place& place) {
      return place.pack == pack;
    });
    PutPlaces(key, places, index);
  }
  return {};
}

Result<std::vector<PackPlace>> FindAll(const IndexReader& index,
                                       IndexTable table, const Digest& digest) {
  INGOT_ASSIGN(const Places places, FindPlaces(index, EntryKey(table, digest)));
  std::vector<PackPlace> found;
  for (const Places::Place& place : places.places) {
    INGOT_ASSIGN(const auto info, FindPack(index, place.pack));
    // None: it was removed after its entry had been read.
    if (!info) continue;
    bool damaged = false;
    if (info->damaged) {
      INGOT_ASSIGN(const PackDamage damage, FindDamage(index, place.pack));
      damaged =
          damage.all ||
          std::ranges::binary_search(
              table == IndexTable::kPackFiles ? damage.files : damage.objects,
              place.index);
    }
    found.push_back({place.pack, place.index, places.length, place.depth,
                     info->retired, damaged});
  }
  std::ranges::stable_sort(found, {}, [](const PackPlace& place) {
    return std::tuple(place.damaged, place.depth, place.retired);
  });
  return found;
}

// The objects that a pack's entries need, and what their depths have to be
// below.
std::map<Digest, unsigned> NeedsOf(const PackContents& contents) {
  std::map<Digest, unsigned> needs;
  const auto add = [&](const PackEntry& entry, unsigned depth) {
    for (const Digest& needed : entry.needs) {
      const auto [found, is_new] = needs.emplace(needed, depth);
      if (!is_new) found->second = std::min(found->second, depth);
    }
  };
  for (const PackEntry& file : contents.files) add(file, kNoDepth);
  for (const PackEntry& object : contents.objects) add(object, object.depth);
  return needs;
}

// What the depth of an object has to be below for packs but those; nothing
// where none needs it.
Result<std::optional<unsigned>> NeededElsewhere(
    const IndexReader& index, const Digest& digest,
    const std::set<uint64_t>& packs) {
  std::optional<unsigned> needed;
  INGOT_TRY(index.Scan(
      NeededKey(digest),
      [&](std::string_view key, std::string_view value) -> Result<bool> {
        if (packs.contains(LastNumber(key))) return true;
        ByteReader reader(AsBytes(value), "index, needed objects");
        INGOT_ASSIGN(const uint64_t depth,
                     reader.ReadVarint(kNoDepth, "depth"));
        needed =
            std::min(needed.value_or(kNoDepth), static_cast<unsigned>(depth));
        return true;
      }));
  return needed;
}

// Whether a pack can be removed when the others of `packs` are; kConflict
// otherwise. `copies`: of the packs that stay.
Status ExpectRemovable(const IndexReader& index, uint64_t number,
                       const std::set<uint64_t>& packs, WholeCopies* copies) {
  INGOT_ASSIGN(const std::optional<PackInfo> info, FindPack(index, number));
  if (!info) return PackError(ErrorKind::kNotFound, number, "no such pack");
  if (!info->retired) {
    return PackError(ErrorKind::kConflict, number, "is not retired");
  }
  INGOT_ASSIGN(const PackContents contents, ListPackContents(index, number));
  for (const PackEntry& file : contents.files) {
    INGOT_ASSIGN(const bool needed,
                 IsGrantedWithoutCopy(index, file.id.digest, copies));
    if (needed) {
      return PackError(ErrorKind::kConflict, number,
                       "holds the last copy of " + ToHex(file.id.digest) +
                           ", which is granted");
    }
  }
  for (const PackEntry& object : contents.objects) {
    INGOT_ASSIGN(const std::optional<unsigned> needed,
                 NeededElsewhere(index, object.id.digest, packs));
    if (!needed) continue;
    INGOT_ASSIGN(const auto left, copies->LeastDepth(object.id.digest));
    if (left.value_or(*needed) >= *needed) {
      return PackError(
          ErrorKind::kConflict, number,
          "other packs need its copy of " + ToHex(object.id.digest));
    }
  }
  return {};
}

}  // namespace

Status Apply(const PackSealedRecord& record, IndexWriter* index) {
  const uint64_t number = record.number;
  INGOT_ASSIGN(const auto same_number, FindPack(*index, number));
  if (same_number) {
    return PackError(ErrorKind::kConflict, number, "is sealed already");
  }
  PutPack({.number = number,
           .length = record.length,
           .files = record.contents.files.size(),
           .objects = record.contents.objects.size()},
          index);
  INGOT_TRY(
      AddEntries(IndexTable::kPackFiles, number, record.contents.files, index));
  INGOT_TRY(AddEntries(IndexTable::kPackObjects, number,
                       record.contents.objects, index));
  index->Put(ContentsKey(number), RowOf(record.contents));
  const std::set<uint64_t> none;
  WholeCopies copies(index, &none);
  for (const auto& [needed, depth] : NeedsOf(record.contents)) {
    INGOT_ASSIGN(const auto least, copies.LeastDepth(needed));
    if (least.value_or(depth) >= depth) {
      return PackError(ErrorKind::kNotFound, number,
                       "needs " + ToHex(needed) +
                           ", which no pack holds whole at a depth below " +
                           std::to_string(depth));
    }
    std::vector<std::byte> value;
    ByteWriter(&value).WriteVarint(depth);
    index->Put(NeededKey(needed).Add(number), AsText(value));
  }
  return RaiseLargestNumber(kPackFolder, number, index);
}

Status Apply(const PackRetiredRecord& record, uint64_t time,
             IndexWriter* index) {
  INGOT_ASSIGN(std::optional<PackInfo> info, FindPack(*index, record.number));
  if (!info) {
    return PackError(ErrorKind::kNotFound, record.number, "no such pack");
  }
  if (info->retired) {
    return PackError(ErrorKind::kConflict, record.number, "is retired already");
  }
  info->retired = true;
  info->retired_at = time;
  PutPack(*info, index);
  return {};
}

Status Apply(const PackRemovedRecord& record, IndexWriter* index) {
  const std::set<uint64_t> packs(record.numbers.begin(), record.numbers.end());
  WholeCopies copies(index, &packs);
  for (const uint64_t number : packs) {
    INGOT_TRY(ExpectRemovable(*index, number, packs, &copies));
  }
  for (const uint64_t number : packs) {
    INGOT_ASSIGN(const PackContents contents, ListPackContents(*index, number));
    INGOT_TRY(
        RemoveEntries(IndexTable::kPackFiles, number, contents.files, index));
    INGOT_TRY(RemoveEntries(IndexTable::kPackObjects, number, contents.objects,
                            index));
    for (const auto& [needed, depth] : NeedsOf(contents)) {
      index->Delete(NeededKey(needed).Add(number));
    }
    index->Delete(ContentsKey(number));
    index->Delete(DamageKey(number));
    index->Delete(PackKey(number));
  }
  return {};
}

Status Apply(const PackDamagedRecord& record, IndexWriter* index) {
  const uint64_t number = record.number;
  INGOT_ASSIGN(std::optional<PackInfo> info, FindPack(*index, number));
  const PackDamage& damage = record.damage;
  if (!info || (!damage.files.empty() && damage.files.back() >= info->files) ||
      (!damage.objects.empty() && damage.objects.back() >= info->objects)) {
    return PackError(ErrorKind::kNotFound, number,
                     "no such pack, or no such entry in it");
  }
  info->damaged = !damage.empty();
  PutPack(*info, index);
  if (damage.empty()) {
    index->Delete(DamageKey(number));
  } else {
    index->Put(DamageKey(number), RowOf(damage));
  }
  return {};
}

Result<std::set<uint64_t>> FindRemovable(const IndexReader& index,
                                         std::set<uint64_t> packs) {
  // Those before one that has to stay may have counted on it.
  for (size_t before = 0; before != packs.size();) {
    before = packs.size();
    std::optional<WholeCopies> copies;
    for (auto next = packs.begin(); next != packs.end();) {
      if (!copies) copies.emplace(&index, &packs);
      const Status removable = ExpectRemovable(index, *next, packs, &*copies);
      if (!removable.ok() && removable.error().kind != ErrorKind::kConflict &&
          removable.error().kind != ErrorKind::kNotFound) {
        return removable.error();
      }
      if (removable.ok()) {
        ++next;
      } else {
        next = packs.erase(next);
        copies.reset();
      }
    }
  }
  return packs;
}

Result<std::optional<PackInfo>> FindPack(const IndexReader& index,
                                         uint64_t number) {
  INGOT_ASSIGN(const std::optional<std::string> value,
               index.Get(PackKey(number)));
  if (!value) return std::optional<PackInfo>();
  INGOT_ASSIGN(const PackInfo info, ParsePack(number, *value));
  return std::optional(info);
}

Result<std::vector<PackInfo>> ListPacks(const IndexReader& index) {
  std::vector<PackInfo> packs;
  INGOT_TRY(index.Scan(
      IndexKey(IndexTable::kPacks),
      [&](std::string_view key, std::string_view value) -> Result<bool> {
        INGOT_ASSIGN(const PackInfo info, ParsePack(LastNumber(key), value));
        packs.push_back(info);
        return true;
      }));
  return packs;
}

Result<std::vector<PackPlace>> FindPackFile(const IndexReader& index,
                                            const Digest& digest) {
  return FindAll(index, IndexTable::kPackFiles, digest);
}

Result<std::vector<PackPlace>> FindPackObject(const IndexReader& index,
                                              const Digest& digest) {
  return FindAll(index, IndexTable::kPackObjects, digest);
}

Result<PackContents> ListPackContents(const IndexReader& index,
                                      uint64_t number) {
  INGOT_ASSIGN(const std::optional<std::string> value,
               index.Get(ContentsKey(number)));
  if (!value) return PackError(ErrorKind::kNotFound, number, "no such pack");
  ByteReader reader(AsBytes(*value), "index, contents of packs");
  return PackContents::Read(&reader);
}

Result<PackDamage> FindDamage(const IndexReader& index, uint64_t number) {
  INGOT_ASSIGN(const std::optional<std::string> value,
               index.Get(DamageKey(number)));
  if (!value) return PackDamage();
  ByteReader reader(AsBytes(*value), "index, damage of packs");
  return PackDamage::Read(&reader);
}

Result<bool> HasDamage(const IndexReader& index) {
  return index.HasRows(IndexKey(IndexTable::kPackDamage));
}

}  // namespace ingot::store
