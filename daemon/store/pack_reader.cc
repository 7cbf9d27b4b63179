#include "daemon/store/pack_reader.h"

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "codec/container/index_reader.h"
#include "codec/container/object_records.h"
#include "codec/container/walker.h"

namespace ingot::store {
namespace {

std::vector<Digest> InOrder(const std::set<Digest>& digests) {
  return {digests.begin(), digests.end()};
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

}  // namespace ingot::store
