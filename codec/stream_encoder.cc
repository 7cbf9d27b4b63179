#include "codec/stream_encoder.h"

#include <algorithm>
#include <array>

#include "codec/base/aligned_buffer.h"
#include "codec/base/serial_hasher.h"
#include "codec/base/thread_pool.h"
#include "codec/container/format.h"
#include "codec/container/group_writer.h"
#include "codec/container/outside_reader.h"
#include "codec/container/writer.h"
#include "codec/method/delta_side.h"
#include "codec/reference_source.h"

namespace ingot {
namespace {

// Bytes that are read at a time and hashed as soon as they are there. More
// than any literal.
constexpr size_t kPieceBytes = size_t{1} << 20;
static_assert(kPieceBytes > kMaxLiteralBytes);

}  // namespace

uint64_t BlockElements(DType element_dtype, uint64_t columns) {
  return ChooseGeometry(element_dtype, columns).block_elements;
}

class StreamEncoder::Impl {
 public:
  Impl(Sink* sink, const EncodeOptions& options)
      : pool_(ResolveThreads(options.threads)),
        groups_(options.level, options.delta_level, &pool_),
        writer_(sink),
        outside_(options.references),
        file_hasher_(pool_.threads() > 1),
        object_hasher_(pool_.threads() > 1) {}

  Status Start() { return writer_.Start(); }
  Status BeginFile(const FileInfo& info);
  Status BeginRegion(const RegionInfo& region);
  Status Write(ByteSpan bytes);
  Result<MutableByteSpan> Reserve();
  Status Commit(size_t size);
  Status EndRegion();
  Status ReferenceOutside(const std::optional<TensorView>& view,
                          const ObjectId& id);
  Result<ObjectId> EndFile(const std::string& note,
                           const std::optional<ObjectId>& given);
  std::vector<Digest> outside_objects() const {
    return {writer_.outside().begin(), writer_.outside().end()};
  }
  Status AddBaseFile(const BaseFile& file) { return writer_.AddBaseFile(file); }
  Status AddParts(TensorParts parts);
  Status Finish() { return writer_.Finish(); }
  uint64_t encoded_bytes() const { return writer_.position(); }

 private:
  // Where the region's bytes collect; the other buffer may still be hashed.
  AlignedBuffer& buffer() { return buffers_[active_]; }
  ByteSpan pending() { return buffer().span().first(pending_); }
  Status BeginObjectIfNeeded();
  Status CheckBases(const RegionInfo& region) const;
  // Makes base_ and base_references_ those of the group of `size` bytes that
  // comes next.
  Status LoadBase(size_t size);
  // The object that the region, now complete, equals in length: the bytes may
  // be the same, too.
  const ObjectId* PossibleCopy() const;
  // Whether the region equals that object; ends its digest where it does.
  Result<bool> IsCopy(const ObjectId& id);
  // Of the bytes of the region's object. Starts a new one.
  Digest FinishObjectDigest() {
    return shares_file_hash_ ? file_hasher_.Peek() : object_hasher_.Finish();
  }
  // Starts to hash pending bytes up to `end`.
  void HashPending(size_t end, bool object);
  // Encodes the first `size` pending bytes as a group.
  Status FlushGroup(size_t size);
  // Writes the last `size` pending bytes, which are not hashed yet.
  Status WriteLiteral(const std::optional<TensorView>& view, size_t size);
  // Makes the other buffer the one to fill.
  Status SwitchBuffers();

  ThreadPool pool_;
  GroupWriter groups_;
  ContainerWriter writer_;
  const OutsideReader outside_;

  bool in_file_ = false;
  uint64_t file_length_ = 0;
  bool file_has_outside_ = false;

  RegionInfo region_;
  Geometry geometry_;
  bool object_begun_ = false;
  uint64_t region_length_ = 0;  // bytes committed
  uint64_t object_length_ = 0;  // bytes flushed
  // An object at the start of its file needs no hasher of its own: the file's
  // says the same until the object ends.
  bool shares_file_hash_ = false;

  AlignedBuffer base_buffer_;
  ByteSpan base_;  // empty where nothing predicts the group
  std::vector<GroupReference> base_references_;
  bool base_loaded_ = false;  // for the group that comes next

  std::array<AlignedBuffer, 2> buffers_;
  size_t active_ = 0;
  size_t pending_ = 0;
  size_t hashed_ = 0;  // of pending_, given to the hashers
  // What must be hashed before a buffer may be written to again.
  std::array<uint64_t, 2> file_marks_{};
  std::array<uint64_t, 2> object_marks_{};
  SerialHasher file_hasher_;  // last: they wait before the buffers go
  SerialHasher object_hasher_;
};

Status StreamEncoder::Impl::BeginFile(const FileInfo& info) {
  if (in_file_) return InvalidArgument("BeginFile: a file is open already");
  in_file_ = true;
  file_length_ = 0;
  file_has_outside_ = false;
  return writer_.BeginFile(info);
}

Status StreamEncoder::Impl::BeginRegion(const RegionInfo& region) {
  if (!in_file_) return InvalidArgument("BeginRegion: no file is open");
  if (!IsCodable(region.element_dtype) || region.columns == 0) {
    return InvalidArgument("BeginRegion: no such element dtype or columns");
  }
  INGOT_TRY(CheckBases(region));
  for (const RegionBase& base : region.bases) {
    writer_.SetDepth(base.object.digest, base.depth);
  }
  region_ = region;
  geometry_ = ChooseGeometry(region.element_dtype, region.columns);
  if (region.block_elements > geometry_.block_elements) {
    return InvalidArgument("BeginRegion: blocks of " +
                           std::to_string(region.block_elements) +
                           " elements, expected at most " +
                           std::to_string(geometry_.block_elements));
  }
  if (region.block_elements > 0) {
    geometry_ = WithBlocksOf(geometry_, region.block_elements);
  }
  object_begun_ = false;
  region_length_ = 0;
  object_length_ = 0;
  shares_file_hash_ = file_length_ == 0;
  return SwitchBuffers();
}

Status StreamEncoder::Impl::CheckBases(const RegionInfo& region) const {
  if (!region.bases.empty() && !outside_.has_source()) {
    return InvalidArgument("BeginRegion: bases without a source of them");
  }
  const uint64_t element_bytes = GetDTypeInfo(region.element_dtype).bits / 8;
  uint64_t total = 0;
  for (const RegionBase& base : region.bases) {
    if (base.depth >= kMaxDepth) {
      return InvalidArgument("BeginRegion: a base of depth " +
                             std::to_string(base.depth) + ", expected below " +
                             std::to_string(kMaxDepth));
    }
    const uint64_t elements = base.object.length / element_bytes;
    if (base.first_element > elements ||
        base.elements > elements - base.first_element ||
        __builtin_add_overflow(total, base.elements, &total)) {
      return InvalidArgument("BeginRegion: a base beyond the end of object " +
                             ToHex(base.object.digest));
    }
  }
  return {};
}

Status StreamEncoder::Impl::SwitchBuffers() {
  active_ ^= 1;
  base_loaded_ = false;
  pending_ = 0;
  hashed_ = 0;
  file_hasher_.Wait(file_marks_[active_]);
  object_hasher_.Wait(object_marks_[active_]);
  return buffer().Resize(geometry_.group_bytes());
}

Result<MutableByteSpan> StreamEncoder::Impl::Reserve() {
  if (pending_ == buffer().size()) {
    INGOT_TRY(FlushGroup(pending_));
    INGOT_TRY(SwitchBuffers());
  }
  // Not all of it at once, so that hashing keeps up with reading.
  const MutableByteSpan room = buffer().span().subspan(pending_);
  return room.first(std::min(room.size(), kPieceBytes));
}

Status StreamEncoder::Impl::Commit(size_t size) {
  pending_ += size;
  region_length_ += size;
  // What is still small may become a literal, which is no object; and an
  // object ends with a whole element.
  if (pending_ - hashed_ >= kPieceBytes) {
    HashPending(pending_ - pending_ % geometry_.element_bytes(), true);
  }
  return {};
}

void StreamEncoder::Impl::HashPending(size_t end, bool object) {
  const ByteSpan bytes = buffer().span().subspan(hashed_, end - hashed_);
  hashed_ = end;
  if (bytes.empty()) return;
  file_marks_[active_] = file_hasher_.Update(bytes);
  if (object && !shares_file_hash_) {
    object_marks_[active_] = object_hasher_.Update(bytes);
  }
}

Status StreamEncoder::Impl::Write(ByteSpan bytes) {
  while (!bytes.empty()) {
    INGOT_ASSIGN(const MutableByteSpan room, Reserve());
    const size_t size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    INGOT_TRY(Commit(size));
    bytes = bytes.subspan(size);
  }
  return {};
}

Status StreamEncoder::Impl::BeginObjectIfNeeded() {
  if (object_begun_) return {};
  object_begun_ = true;
  return writer_.BeginObject(region_.view, geometry_);
}

Status StreamEncoder::Impl::LoadBase(size_t size) {
  if (base_loaded_) return {};
  base_loaded_ = true;
  base_ = {};
  base_references_.clear();
  const uint64_t element_bytes = geometry_.element_bytes();
  const uint64_t first = object_length_ / element_bytes;
  const uint64_t end = first + size / element_bytes;
  uint64_t at = 0;  // the region's element that the base predicts first
  for (const RegionBase& base : region_.bases) {
    const uint64_t from = std::clamp(first, at, at + base.elements);
    const uint64_t to = std::clamp(end, at, at + base.elements);
    if (from < to && base_references_.size() < kMaxDeltaReferences) {
      base_references_.push_back({.digest = base.object.digest,
                                  .first = base.first_element + from - at,
                                  .elements = to - from});
    }
    at += base.elements;
  }
  if (base_references_.empty()) return {};
  INGOT_ASSIGN(const std::byte* const bytes,
               outside_.ReadElements(base_references_, element_bytes, 0,
                                     end - first, &base_buffer_));
  base_ = ByteSpan(bytes, size);
  return {};
}

Status StreamEncoder::Impl::FlushGroup(size_t size) {
  INGOT_TRY(BeginObjectIfNeeded());
  HashPending(size, true);
  INGOT_TRY(LoadBase(size));
  const GroupData data{.geometry = geometry_,
                       .first = object_length_ / geometry_.element_bytes(),
                       .raw = buffer().span().first(size),
                       .base = base_,
                       .references = base_references_};
  object_length_ += size;
  file_length_ += size;
  return groups_.Encode(data, &writer_);
}

Status StreamEncoder::Impl::WriteLiteral(const std::optional<TensorView>& view,
                                         size_t size) {
  HashPending(pending_, false);
  file_length_ += size;
  // A view that does not fit comes from a stream that ended early.
  const bool fits = view && view->ByteSize() == size;
  const std::optional<TensorView> shown = fits ? view : std::nullopt;
  const ByteSpan raw = pending().last(size);
  const ObjectId* const copy = PossibleCopy();
  if (copy != nullptr && size == copy->length &&
      HashBytes(raw) == copy->digest) {
    return writer_.LiteralOrOutside(shown, raw, *copy);
  }
  return writer_.Literal(shown, raw);
}

const ObjectId* StreamEncoder::Impl::PossibleCopy() const {
  if (region_.bases.size() != 1 || region_length_ == 0) return nullptr;
  const RegionBase& base = region_.bases[0];
  const bool whole =
      base.first_element == 0 && base.object.length == region_length_ &&
      base.elements * geometry_.element_bytes() == region_length_;
  return whole ? &base.object : nullptr;
}

Result<bool> StreamEncoder::Impl::IsCopy(const ObjectId& id) {
  HashPending(pending_, true);
  INGOT_TRY(LoadBase(pending_));
  // Equal bytes have equal digests, and digests take longer.
  if (std::memcmp(base_.data(), buffer().data(), pending_) != 0) return false;
  if (FinishObjectDigest() == id.digest) return true;
  return Corruption("the source of bases has other bytes than object " +
                    ToHex(id.digest));
}

Status StreamEncoder::Impl::EndRegion() {
  const uint64_t literal_limit =
      region_.element_dtype == DType::kBytes && !region_.view
          ? kMaxLiteralBytes
          : kMinObjectBytes - 1;
  if (!object_begun_ && region_length_ <= literal_limit) {
    return WriteLiteral(region_.view, pending_);
  }
  const ObjectId* const copy = PossibleCopy();
  if (copy != nullptr && !object_begun_) {
    INGOT_ASSIGN(const bool same, IsCopy(*copy));
    if (same) {
      file_length_ += pending_;
      INGOT_ASSIGN(const bool known,
                   writer_.ReferenceKnown(region_.view, *copy));
      return known ? Status() : writer_.ReferenceOutside(region_.view, *copy);
    }
  }
  // Only a stream that ended early leaves a part of an element.
  const size_t tail = pending_ % geometry_.element_bytes();
  if (pending_ > tail) INGOT_TRY(FlushGroup(pending_ - tail));
  const ObjectId id{.digest = FinishObjectDigest(), .length = object_length_};
  INGOT_TRY(writer_.EndObject(id, copy != nullptr && *copy == id));
  if (tail > 0) return WriteLiteral(std::nullopt, tail);
  return {};
}

Status StreamEncoder::Impl::ReferenceOutside(
    const std::optional<TensorView>& view, const ObjectId& id) {
  if (!in_file_) return InvalidArgument("ReferenceOutside: no file is open");
  file_has_outside_ = true;
  file_length_ += id.length;
  INGOT_ASSIGN(const bool known, writer_.ReferenceKnown(view, id));
  return known ? Status() : writer_.ReferenceOutside(view, id);
}

Result<ObjectId> StreamEncoder::Impl::EndFile(
    const std::string& note, const std::optional<ObjectId>& given) {
  if (!in_file_) return InvalidArgument("EndFile: no file is open");
  if (file_has_outside_ && !given) {
    return InvalidArgument(
        "EndFile: a file with objects outside needs its address");
  }
  if (given && given->length != file_length_) {
    return InvalidArgument("EndFile: a file of " +
                           std::to_string(file_length_) + " bytes, expected " +
                           std::to_string(given->length));
  }
  in_file_ = false;
  const ObjectId hashed{.digest = file_hasher_.Finish(),
                        .length = file_length_};
  const ObjectId id = given.value_or(hashed);
  INGOT_TRY(writer_.EndFile(id, note));
  return id;
}

Status StreamEncoder::Impl::AddParts(TensorParts parts) {
  if (parts.part_bytes == 0 ||
      parts.parts.size() !=
          DivideRoundingUp(parts.base.length, parts.part_bytes) ||
      parts.name.size() > kMaxStringBytes) {
    return InvalidArgument("AddParts: " + std::to_string(parts.parts.size()) +
                           " parts of " + std::to_string(parts.part_bytes) +
                           " bytes for an object of " +
                           std::to_string(parts.base.length));
  }
  writer_.AddParts(std::move(parts));
  return {};
}

Result<std::unique_ptr<StreamEncoder>> StreamEncoder::Create(
    Sink* sink, const EncodeOptions& options) {
  for (const int level :
       {options.level,
        options.delta_level == 0 ? options.level : options.delta_level}) {
    if (level < kMinLevel || level > kMaxLevel) {
      return InvalidArgument("level " + std::to_string(level) +
                             ": expected 1 to 9");
    }
  }
  INGOT_TRY(SelectKernels());
  auto impl = std::make_unique<Impl>(sink, options);
  INGOT_TRY(impl->Start());
  return std::unique_ptr<StreamEncoder>(new StreamEncoder(std::move(impl)));
}

StreamEncoder::StreamEncoder(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
StreamEncoder::~StreamEncoder() = default;

Status StreamEncoder::BeginFile(const FileInfo& info) {
  return impl_->BeginFile(info);
}
Status StreamEncoder::BeginRegion(const RegionInfo& region) {
  return impl_->BeginRegion(region);
}
Status StreamEncoder::Write(ByteSpan bytes) { return impl_->Write(bytes); }
Result<MutableByteSpan> StreamEncoder::Reserve() { return impl_->Reserve(); }
Status StreamEncoder::Commit(size_t size) { return impl_->Commit(size); }
Status StreamEncoder::EndRegion() { return impl_->EndRegion(); }
Status StreamEncoder::ReferenceOutside(const std::optional<TensorView>& view,
                                       const ObjectId& id) {
  return impl_->ReferenceOutside(view, id);
}
Result<ObjectId> StreamEncoder::EndFile(const std::string& note,
                                        const std::optional<ObjectId>& id) {
  return impl_->EndFile(note, id);
}
std::vector<Digest> StreamEncoder::outside_objects() const {
  return impl_->outside_objects();
}
Status StreamEncoder::AddParts(TensorParts parts) {
  return impl_->AddParts(std::move(parts));
}
Status StreamEncoder::AddBaseFile(const BaseFile& file) {
  return impl_->AddBaseFile(file);
}
Status StreamEncoder::Finish() { return impl_->Finish(); }
uint64_t StreamEncoder::encoded_bytes() const { return impl_->encoded_bytes(); }

}  // namespace ingot
