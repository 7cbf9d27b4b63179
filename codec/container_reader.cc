#include "codec/container_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>

#include "codec/base/ordered_pipeline.h"
#include "codec/base/thread_pool.h"
#include "codec/container/block_reader.h"
#include "codec/container/format.h"
#include "codec/container/index.h"
#include "codec/container/index_reader.h"
#include "codec/container/object_records.h"
#include "codec/container/outside_reader.h"
#include "codec/container/record.h"
#include "codec/container/statistics.h"
#include "codec/container/walker.h"

namespace ingot {
namespace {

// Where raw bytes go, in order: to a consumer, or into memory.
class Output {
 public:
  explicit Output(const ByteConsumer* consumer) : consumer_(consumer) {}
  // What comes must fit.
  explicit Output(MutableByteSpan memory) : memory_(memory) {}

  // Memory for the next `size` bytes, which the caller fills; null where they
  // are to be given.
  std::byte* Take(uint64_t size) {
    if (consumer_ != nullptr) return nullptr;
    std::byte* const taken = memory_.data();
    memory_ = memory_.subspan(size);
    return taken;
  }
  Status Give(ByteSpan bytes) {
    if (consumer_ != nullptr) return (*consumer_)(bytes);
    if (!bytes.empty()) {
      std::memcpy(Take(bytes.size()), bytes.data(), bytes.size());
    }
    return {};
  }

 private:
  const ByteConsumer* consumer_ = nullptr;
  MutableByteSpan memory_;
};

}  // namespace

class ContainerReader::Impl {
 public:
  Impl(std::unique_ptr<Source> source, const DecodeOptions& options)
      : source_(std::move(source)),
        verify_(options.verify_digests),
        references_(options.references),
        pool_(ResolveStreamThreads(options.threads)) {
    const int slots = pool_.threads() == 1 ? 1 : 2 * pool_.threads();
    for (int i = 0; i < slots; ++i) slots_.push_back(std::make_unique<Slot>());
  }

  Status Open();

  const Source& source() const { return *source_; }
  const Index& index() const { return index_; }
  uint64_t index_position() const { return index_position_; }
  bool has_references() const { return references_ != nullptr; }
  void set_progress(std::function<void(uint64_t)> progress) {
    progress_ = std::move(progress);
  }

  // Bytes [begin, end) of an object.
  Status ReadObject(size_t object, uint64_t begin, uint64_t end,
                    Output* output);
  Status ReadLiteral(const Segment& segment, uint64_t begin, uint64_t end,
                     Output* output);
  Status ReadOutside(const ObjectId& id, uint64_t begin, uint64_t end,
                     Output* output);
  Status ReadSegment(const Segment& segment, uint64_t begin, uint64_t end,
                     Output* output);
  // Bytes [begin, end) of a file, which are within it.
  Status ReadFile(const Manifest& file, uint64_t begin, uint64_t end,
                  Output* output);
  // A whole file. Segments that are objects are compared with their addresses
  // where `verified` is given, and added to it.
  Status ReadWholeFile(const Manifest& file, std::set<size_t>* verified,
                       const ByteConsumer& consumer);
  Status VerifyObject(size_t object);
  // Of an object whose elements cannot be restored here: its block checksums.
  Status CheckBlocks(size_t object) {
    records_->Select(object);
    return records_->CheckBlocks();
  }

 private:
  // One block in flight.
  struct Slot {
    BlockReader reader;
    AlignedBuffer record;
    AlignedBuffer raw;
    ByteSpan out;  // what of it was asked for
  };

  // Feeds the hashers that are not null, then `consumer`.
  Status Consume(ByteSpan bytes, Hasher* first, Hasher* second,
                 const ByteConsumer& consumer);

  const std::unique_ptr<Source> source_;
  const bool verify_;
  ReferenceSource* const references_;
  ThreadPool pool_;
  std::vector<std::unique_ptr<Slot>> slots_;
  Index index_;
  OutsideReader outside_{nullptr};        // needs index_
  std::optional<ObjectRecords> records_;  // the same
  uint64_t index_position_ = 0;
  std::function<void(uint64_t)> progress_;
  uint64_t progress_bytes_ = 0;
};

Status ContainerReader::Impl::Open() {
  INGOT_ASSIGN(FoundIndex found, ReadIndex(*source_));
  index_ = std::move(found.index);
  index_position_ = found.position;
  outside_ = OutsideReader(references_, index_.base_files);
  records_.emplace(source_.get(), &index_);
  return {};
}

Status ContainerReader::Impl::ReadObject(size_t object, uint64_t begin,
                                         uint64_t end, Output* output) {
  if (begin == end) return {};
  records_->Select(object);
  const Geometry& geometry = index_.objects[object].geometry;
  const uint64_t element_bytes = geometry.element_bytes();
  const uint64_t first_element = begin / element_bytes;
  const uint64_t end_element = DivideRoundingUp(end, element_bytes);
  OrderedPipeline<Slot*> pipeline(
      &pool_, slots_.size(), [output](Slot* slot) {
        return slot->out.empty() ? Status() : output->Give(slot->out);
      });
  size_t turn = 0;
  for (uint64_t block = first_element / geometry.block_elements;
       block * geometry.block_elements < end_element; ++block) {
    INGOT_ASSIGN(BlockContext context, records_->Context(block));
    context.outside = outside_;
    const uint64_t first = context.first;
    const uint64_t from = std::max(first, first_element) - first;
    const uint64_t to =
        std::min(first + context.elements, end_element) - first;
    // Bytes at both ends that belong to elements asked for in part.
    const uint64_t skip =
        begin > (first + from) * element_bytes
            ? begin - (first + from) * element_bytes
            : 0;
    const uint64_t keep =
        std::min(end, (first + to) * element_bytes) -
        (first + from) * element_bytes;
    const RecordExtent extent = records_->Block(block);
    Slot* const slot = slots_[turn++ % slots_.size()].get();
    std::byte* const into = output->Take(keep - skip);
    INGOT_TRY(pipeline.Submit([this, slot, extent, from, to, skip, keep, into,
                               element_bytes,
                               context = std::move(context)]()
                                  -> Result<Slot*> {
      INGOT_TRY(slot->record.Resize(extent.size + kKernelSlack));
      const MutableByteSpan bytes = slot->record.span().first(extent.size);
      INGOT_TRY(source_->ReadAt(extent.position, bytes));
      const uint64_t size = (to - from) * element_bytes;
      const bool whole = into != nullptr && keep - skip == size;
      if (!whole) INGOT_TRY(slot->raw.Resize(size));
      const MutableByteSpan raw =
          whole ? MutableByteSpan(into, size) : slot->raw.span();
      INGOT_TRY(slot->reader.Decode(bytes, extent.position, context, from, to,
                                    raw, /*stream=*/false));
      slot->out = raw.first(keep).subspan(skip);
      if (into == nullptr) return slot;
      if (!whole) std::memcpy(into, slot->out.data(), slot->out.size());
      slot->out = {};
      return slot;
    }));
  }
  return pipeline.Finish();
}

Status ContainerReader::Impl::ReadLiteral(const Segment& segment,
                                          uint64_t begin, uint64_t end,
                                           Output* output) {
  std::vector<std::byte> bytes;
  INGOT_ASSIGN(const Record record,
               ReadRecord(*source_, segment.record, index_position_, &bytes));
  ByteReader reader(record.body, source_->name(),
                    segment.record + record.body_offset);
  INGOT_ASSIGN(const LiteralBody literal,
               ParseLiteralOf(segment, record, &reader));
  std::vector<std::byte> raw(literal.length);
  if (Status status = DecodeBytes(literal.coder, literal.encoded, raw);
      !status.ok()) {
    return reader.Corrupt(status.error().message);
  }
  return output->Give(ByteSpan(raw).subspan(begin, end - begin));
}

Status ContainerReader::Impl::ReadOutside(const ObjectId& id, uint64_t begin,
                                          uint64_t end, Output* output) {
  AlignedBuffer& buffer = slots_[0]->raw;
  while (begin < end) {
    const uint64_t size = std::min(end - begin, kMaxBlockBytes);
    std::byte* const into = output->Take(size);
    if (into == nullptr) INGOT_TRY(buffer.Resize(size));
    const MutableByteSpan bytes =
        into == nullptr ? buffer.span() : MutableByteSpan(into, size);
    if (Status status = outside_.Read(id.digest, begin, bytes); !status.ok()) {
      return WithContext(source_->name() + ": ", std::move(status).error());
    }
    if (into == nullptr) INGOT_TRY(output->Give(bytes));
    begin += size;
  }
  return {};
}

Status ContainerReader::Impl::ReadSegment(const Segment& segment,
                                          uint64_t begin, uint64_t end,
                                          Output* output) {
  if (begin == end) return {};
  switch (segment.kind) {
    case Segment::Kind::kLiteral:
      return ReadLiteral(segment, begin, end, output);
    case Segment::Kind::kObject:
      return ReadObject(segment.object, begin, end, output);
    case Segment::Kind::kOutside:
      return ReadOutside(segment.outside, begin, end, output);
  }
  return {};
}

Status ContainerReader::Impl::ReadFile(const Manifest& file, uint64_t begin,
                                       uint64_t end, Output* output) {
  uint64_t at = 0;
  for (const Segment& segment : file.segments) {
    if (at >= end) break;
    const uint64_t from = std::clamp(begin, at, at + segment.length) - at;
    const uint64_t to = std::clamp(end, at, at + segment.length) - at;
    INGOT_TRY(ReadSegment(segment, from, to, output));
    at += segment.length;
  }
  return {};
}

Status ContainerReader::Impl::Consume(ByteSpan bytes, Hasher* first,
                                      Hasher* second,
                                      const ByteConsumer& consumer) {
  {
    // Two digests of the same bytes run beside each other.
    TaskGroup hashing(&pool_);
    if (second != nullptr) {
      hashing.Submit([&] { second->Update(bytes); });
    }
    if (first != nullptr) first->Update(bytes);
  }
  progress_bytes_ += bytes.size();
  if (progress_) progress_(progress_bytes_);
  return consumer(bytes);
}

Status ContainerReader::Impl::ReadWholeFile(const Manifest& file,
                                            std::set<size_t>* verified,
                                            const ByteConsumer& consumer) {
  const bool hash = verify_ || verified != nullptr;
  Hasher file_hasher;
  for (const Segment& segment : file.segments) {
    const bool check_object = verified != nullptr &&
                              segment.kind == Segment::Kind::kObject &&
                              !verified->contains(segment.object);
    Hasher object_hasher;
    const ByteConsumer hashing = [&](ByteSpan bytes) {
      return Consume(bytes, hash ? &file_hasher : nullptr,
                     check_object ? &object_hasher : nullptr, consumer);
    };
    Output output(&hashing);
    INGOT_TRY(ReadSegment(segment, 0, segment.length, &output));
    if (check_object) {
      const ObjectId& id = index_.objects[segment.object].id;
      if (object_hasher.Finish() != id.digest) {
        return Corruption(source_->name() + ": object " + ToHex(id.digest) +
                          ": SHA-256 does not match");
      }
      verified->insert(segment.object);
    }
  }
  if (hash && file_hasher.Finish() != file.id.digest) {
    return Corruption(source_->name() + ": file '" + file.info.path +
                      "': SHA-256 is not " + ToHex(file.id.digest));
  }
  return {};
}

Status ContainerReader::Impl::VerifyObject(size_t object) {
  Hasher hasher;
  const ObjectId& id = index_.objects[object].id;
  const ByteConsumer hashing = [&](ByteSpan bytes) {
    return Consume(bytes, &hasher, nullptr, [](ByteSpan) { return Status(); });
  };
  Output output(&hashing);
  INGOT_TRY(ReadObject(object, 0, id.length, &output));
  if (hasher.Finish() != id.digest) {
    return Corruption(source_->name() + ": object " + ToHex(id.digest) +
                      ": SHA-256 does not match");
  }
  return {};
}

ByteConsumer CopyTo(MutableByteSpan out) {
  return [output = Output(out)](ByteSpan bytes) mutable {
    return output.Give(bytes);
  };
}

Result<bool> LooksLikeContainer(const Source& source) {
  std::array<std::byte, kHeaderMagic.size()> first;
  if (source.size() < first.size()) return false;
  INGOT_TRY(source.ReadAt(0, first));
  return std::ranges::equal(first, std::as_bytes(std::span(kHeaderMagic)));
}

ContainerReader::ContainerReader(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
ContainerReader::~ContainerReader() = default;

Result<std::unique_ptr<ContainerReader>> ContainerReader::Open(
    std::unique_ptr<Source> source, const DecodeOptions& options) {
  INGOT_TRY(SelectKernels());
  auto impl = std::make_unique<Impl>(std::move(source), options);
  INGOT_TRY(impl->Open());
  return std::unique_ptr<ContainerReader>(
      new ContainerReader(std::move(impl)));
}

const Source& ContainerReader::source() const { return impl_->source(); }
const Index& ContainerReader::index() const { return impl_->index(); }
uint64_t ContainerReader::index_position() const {
  return impl_->index_position();
}

const std::string& ContainerReader::name() const {
  return impl_->source().name();
}
uint64_t ContainerReader::size() const { return impl_->source().size(); }
std::span<const Manifest> ContainerReader::files() const {
  return impl_->index().files;
}
size_t ContainerReader::object_count() const {
  return impl_->index().objects.size();
}

ObjectInfo ContainerReader::object(size_t index) const {
  const ObjectEntry& entry = impl_->index().objects[index];
  return {.id = entry.id,
          .element_dtype = entry.geometry.dtype,
          .columns = entry.geometry.columns,
          .encoded_bytes = entry.RecordBytes(),
          .depth = entry.depth};
}

std::span<const TensorParts> ContainerReader::parts() const {
  return impl_->index().parts;
}

std::span<const BaseFile> ContainerReader::base_files() const {
  return impl_->index().base_files;
}

Result<size_t> ContainerReader::FindFile(const std::string& path) const {
  const std::span<const Manifest> all = files();
  if (path.empty() && all.size() == 1) return size_t{0};
  if (path.empty()) {
    return InvalidArgument(name() + ": holds " + std::to_string(all.size()) +
                           " files: say which");
  }
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].info.path == path) return i;
  }
  return Error{ErrorKind::kNotFound, name() + ": no file '" + path + "'"};
}

namespace {

Status CheckRange(const std::string& name, const char* what, uint64_t length,
                  uint64_t begin, uint64_t end) {
  if (begin <= end && end <= length) return {};
  return InvalidArgument(name + ": bytes " + std::to_string(begin) + ":" +
                         std::to_string(end) + " of " + what + " of " +
                         std::to_string(length));
}

}  // namespace

Status ContainerReader::ReadFile(size_t file, uint64_t begin, uint64_t end,
                                 const ByteConsumer& consumer) {
  const Manifest& manifest = impl_->index().files[file];
  INGOT_TRY(CheckRange(name(), "a file", manifest.id.length, begin, end));
  if (begin == 0 && end == manifest.id.length) {
    return impl_->ReadWholeFile(manifest, nullptr, consumer);
  }
  Output output(&consumer);
  return impl_->ReadFile(manifest, begin, end, &output);
}

Status ContainerReader::ReadFile(size_t file, uint64_t begin,
                                 MutableByteSpan out) {
  const Manifest& manifest = impl_->index().files[file];
  const uint64_t end = begin + out.size();
  INGOT_TRY(CheckRange(name(), "a file", manifest.id.length, begin, end));
  Output output(out);
  return impl_->ReadFile(manifest, begin, end, &output);
}

Status ContainerReader::ReadSegment(size_t file, size_t segment,
                                    uint64_t begin, uint64_t end,
                                    const ByteConsumer& consumer) {
  const Segment& entry = impl_->index().files[file].segments[segment];
  INGOT_TRY(CheckRange(name(), "a tensor", entry.length, begin, end));
  Output output(&consumer);
  return impl_->ReadSegment(entry, begin, end, &output);
}

Status ContainerReader::ReadObject(size_t object, uint64_t begin, uint64_t end,
                                   const ByteConsumer& consumer) {
  const ObjectId& id = impl_->index().objects[object].id;
  INGOT_TRY(CheckRange(name(), "an object", id.length, begin, end));
  Output output(&consumer);
  return impl_->ReadObject(object, begin, end, &output);
}

Status ContainerReader::ReadObject(size_t object, uint64_t begin,
                                   MutableByteSpan out) {
  const ObjectId& id = impl_->index().objects[object].id;
  const uint64_t end = begin + out.size();
  INGOT_TRY(CheckRange(name(), "an object", id.length, begin, end));
  Output output(out);
  return impl_->ReadObject(object, begin, end, &output);
}

Status ContainerReader::Verify(uint64_t* incomplete_files) {
  const Index& index = impl_->index();
  *incomplete_files = 0;
  INGOT_TRY(CheckRecords(impl_->source(), impl_->index_position(), index));
  std::set<size_t> verified;
  Status missing;
  // True where all could be compared.
  const auto compared = [&](Status status) -> Result<bool> {
    if (status.ok()) return true;
    if (status.error().kind != ErrorKind::kNotFound) {
      return std::move(status).error();
    }
    if (missing.ok() && impl_->has_references()) missing = std::move(status);
    return false;
  };
  for (const Manifest& file : index.files) {
    INGOT_ASSIGN(const bool complete,
                 compared(impl_->ReadWholeFile(
                     file, &verified, [](ByteSpan) { return Status(); })));
    if (!complete) ++*incomplete_files;
  }
  for (size_t object = 0; object < index.objects.size(); ++object) {
    if (verified.contains(object)) continue;
    INGOT_ASSIGN(const bool complete, compared(impl_->VerifyObject(object)));
    if (!complete) INGOT_TRY(impl_->CheckBlocks(object));
  }
  return missing;
}

Result<ObjectStatistics> ContainerReader::Statistics(size_t object) {
  return MeasureObject(impl_->source(), impl_->index().objects[object]);
}

Result<ContainerStatistics> ContainerReader::Statistics() {
  return MeasureContainer(impl_->source(), impl_->index_position(),
                          impl_->index());
}

void ContainerReader::SetProgress(
    std::function<void(uint64_t raw_bytes)> progress) {
  impl_->set_progress(std::move(progress));
}

}  // namespace ingot
