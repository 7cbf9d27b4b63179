// ContainerWriter: writes the records of a container to a Sink in one forward
// pass and keeps the index on the way.
//
// It frames and counts; what the records say (digests, plans, blocks) is the
// caller's. Calls must follow the order of records in codec/FORMAT.md.
//
// Thread-safety: one thread at a time. After an error the container is lost.

#ifndef INGOT_CODEC_CONTAINER_WRITER_H_
#define INGOT_CODEC_CONTAINER_WRITER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "codec/container/group_writer.h"
#include "codec/container/index.h"
#include "codec/container/record.h"
#include "codec/method/block.h"
#include "codec/method/group_side.h"
#include "codec/sink.h"

namespace ingot {

class ContainerWriter final : public GroupSink {
 public:
  // `sink` must outlive the writer. Positions count from its first byte, so
  // it must be empty.
  explicit ContainerWriter(Sink* sink) : sink_(sink) {}

  Status Start();

  Status BeginFile(const FileInfo& info);
  // At most kMaxLiteralBytes.
  Status Literal(const std::optional<TensorView>& view, ByteSpan raw);
  // The same where others hold `raw` as the object `id`: a reference outside
  // where that is smaller.
  Status LiteralOrOutside(const std::optional<TensorView>& view, ByteSpan raw,
                          const ObjectId& id);
  // `depth`: at least that of the object, where groups do not say it.
  Status BeginObject(const std::optional<TensorView>& view,
                     const Geometry& geometry, unsigned depth = 0);
  // How deep an object is that groups may refer to. REQUIRES: < kMaxDepth.
  void SetDepth(const Digest& object, unsigned depth) {
    depths_[object] = depth;
  }
  Status Group(const GroupSide& side) override;
  Status Block(const EncodedBlock& block) override;
  // Records of other containers, which the caller has checked and puts into the
  // sink as they are, just then: a literal of `length` raw bytes; a group; a
  // block, whose padding is what is returned.
  Status PlaceLiteral(const std::optional<TensorView>& view, uint64_t length,
                      uint64_t record_size);
  void PlaceGroup(uint64_t record_size, const GroupSide& side);
  uint64_t PlaceBlock(uint64_t record_size, uint64_t payload_length);
  // Ends the object. Where the container already holds the same one, or others
  // do (`outside`), and the sink can rewind, the copy is dropped and a
  // reference takes its place.
  Status EndObject(const ObjectId& id, bool outside = false);
  // A reference to an object of this container (true), or nothing written.
  Result<bool> ReferenceKnown(const std::optional<TensorView>& view,
                              const ObjectId& id);
  bool Has(const ObjectId& id) const { return known_.contains(id); }
  Status ReferenceOutside(const std::optional<TensorView>& view,
                          const ObjectId& id);
  Status EndFile(const ObjectId& id, const std::string& note);

  // Equal files are listed once.
  Status AddBaseFile(const BaseFile& file);
  void AddParts(TensorParts parts) { index_.parts.push_back(std::move(parts)); }

  // Writes index and footer. The sink is not committed.
  Status Finish();

  uint64_t position() const { return position_; }
  // Objects elsewhere that the container refers to.
  const std::set<Digest>& outside() const { return outside_; }

 private:
  Status Write(ByteSpan bytes);
  Status BeginLiteral(const std::optional<TensorView>& view, uint64_t length);
  // The current file's next segment; kResourceExhausted beyond the limit.
  Status AddSegment(Segment segment);
  // Writes body_ as a record and clears it; returns the record's size.
  Result<uint64_t> WriteRecord(RecordType type);

  Sink* const sink_;
  uint64_t position_ = 0;
  Index index_;
  uint64_t segments_ = 0;
  std::map<ObjectId, size_t> known_;
  ObjectEntry object_;  // the one being written
  std::optional<TensorView> object_view_;
  std::set<Digest> object_outside_;  // what its groups refer to
  std::set<Digest> outside_;
  std::map<Digest, unsigned> depths_;
  bool in_file_ = false;
  std::vector<std::byte> body_;
  std::vector<std::byte> record_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_WRITER_H_
