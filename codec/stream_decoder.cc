#include "codec/stream_decoder.h"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "codec/base/thread_pool.h"
#include "codec/container/block_reader.h"
#include "codec/container/index.h"
#include "codec/container/outside_reader.h"
#include "codec/container/record.h"

namespace ingot {

class StreamDecoder::Impl {
 public:
  Impl(std::string name, const DecodeOptions& options)
      : name_(std::move(name)),
        verify_(options.verify_digests),
        outside_(options.references),
        pool_(ResolveStreamThreads(options.threads)),
        max_blocks_(pool_.threads() == 1 ? 1 : 2 * pool_.threads()) {}

  void Feed(ByteSpan bytes) {
    // Consumed bytes go before new ones come.
    input_.erase(input_.begin(),
                 input_.begin() + static_cast<ptrdiff_t>(consumed_));
    consumed_ = 0;
    input_.insert(input_.end(), bytes.begin(), bytes.end());
  }
  void EndInput() { ended_ = true; }
  Result<Event> Next() {
    Result<Event> event = failed_ ? Result<Event>(*failed_) : NextEvent();
    if (!event.ok()) failed_ = event.error();
    return event;
  }

  const FileInfo& file() const { return current_.file; }
  const std::optional<TensorView>& view() const { return current_.view; }
  ByteSpan data() const { return current_.data; }
  const ObjectId& file_id() const { return current_.id; }
  const std::string& note() const { return current_.note; }

 private:
  // A block on its way: its record, its elements, and who decodes it.
  struct BlockJob {
    explicit BlockJob(ThreadPool* pool) : task(pool) {}
    BlockReader reader;
    AlignedBuffer record;
    AlignedBuffer raw;
    Status status;
    TaskGroup task;  // last: waits before the rest goes
  };

  // What Next returns, or what it checks on the way.
  struct Item {
    enum class Kind { kEvent, kOutside, kObjectEnd, kFileEnd };
    Kind kind = Kind::kEvent;
    Event event = Event::kNeedInput;
    FileInfo file;
    std::optional<TensorView> view;
    std::vector<std::byte> literal;
    std::unique_ptr<BlockJob> job;
    ByteSpan data;
    ObjectId id;
    uint64_t done = 0;  // outside: bytes returned
    std::string note;
  };

  enum class Parsed { kItem, kNeedInput, kFinished };
  enum class Place { kStart, kTop, kFile, kObject, kFooter, kDone };

  Result<Event> NextEvent();
  // The event of the oldest item; nothing where it was only checked.
  Result<std::optional<Event>> TakeItem();
  // The next bytes of an object outside, into current_.
  Status TakeOutside(Item* item);

  // Parses the next record of the input, if it is all there.
  Result<Parsed> ParseNext();
  Result<Parsed> ParseHeader();
  Result<Parsed> ParseFooterBytes();
  Status HandleRecord(const Record& record);
  Status BeginObject(ByteReader* body);
  Status BeginGroup(ByteReader* body);
  Status HandleBlock(const Record& record);
  Status EndObject(ByteReader* body);
  Status EndFile(ByteReader* body);
  Status HandleLiteral(ByteReader* body);
  Status HandleReference(ByteReader* body);

  ByteSpan Available() const { return ByteSpan(input_).subspan(consumed_); }
  void Consume(size_t size) {
    consumed_ += size;
    position_ += size;
  }
  Error OutOfPlace(const Record& record) const {
    return Corruption(name_ + ": offset " + std::to_string(position_) +
                      ": record type " +
                      std::to_string(record.raw_type & kRecordTypeMask) +
                      " out of place");
  }
  Item* Push(Event event) {
    items_.push_back(std::make_unique<Item>());
    items_.back()->event = event;
    return items_.back().get();
  }

  const std::string name_;
  const bool verify_;
  const OutsideReader outside_;
  ThreadPool pool_;
  const size_t max_blocks_;

  std::vector<std::byte> input_;
  size_t consumed_ = 0;
  uint64_t position_ = 0;  // of the first byte not consumed
  bool ended_ = false;
  std::optional<Error> failed_;

  // The parser's place.
  Place place_ = Place::kStart;
  bool in_file_ = false;
  uint64_t index_position_ = 0;
  uint64_t parsed_file_length_ = 0;
  Geometry geometry_;
  std::shared_ptr<const GroupSide> side_;
  uint64_t group_first_ = 0;
  uint64_t next_element_ = 0;

  // Waiting items, oldest first, and the one that Next returned.
  std::deque<std::unique_ptr<Item>> items_;
  size_t blocks_in_flight_ = 0;
  std::vector<std::unique_ptr<BlockJob>> idle_jobs_;
  Item current_;
  AlignedBuffer outside_bytes_;

  // Digests of what has been returned.
  Hasher object_hasher_;
  Hasher file_hasher_;
};

Result<StreamDecoder::Event> StreamDecoder::Impl::NextEvent() {
  if (current_.job != nullptr) {
    idle_jobs_.push_back(std::move(current_.job));
  }
  for (;;) {
    Parsed parsed = Parsed::kItem;
    while (parsed == Parsed::kItem && blocks_in_flight_ < max_blocks_) {
      INGOT_ASSIGN(parsed, ParseNext());
    }
    if (!items_.empty()) {
      const BlockJob* job = items_.front()->job.get();
      const bool ready = job == nullptr || job->task.Done();
      // Feeding comes before waiting: it keeps the other threads busy.
      const bool wait = parsed != Parsed::kNeedInput || ended_;
      if (ready || wait) {
        INGOT_ASSIGN(const std::optional<Event> event, TakeItem());
        if (event) return *event;
        continue;
      }
    } else if (parsed == Parsed::kFinished) {
      return Event::kEnd;
    }
    if (parsed == Parsed::kNeedInput) {
      if (!ended_) return Event::kNeedInput;
      if (items_.empty()) {
        return Corruption(name_ + ": truncated: ends at offset " +
                          std::to_string(position_ + Available().size()) +
                          " inside the container");
      }
    }
  }
}

Status StreamDecoder::Impl::TakeOutside(Item* item) {
  const uint64_t size = std::min(item->id.length - item->done, kMaxBlockBytes);
  INGOT_TRY(outside_bytes_.Resize(size));
  if (Status status =
          outside_.Read(item->id.digest, item->done, outside_bytes_.span());
      !status.ok()) {
    return WithContext(name_ + ": ", std::move(status).error());
  }
  item->done += size;
  current_ = Item{};
  current_.event = Event::kData;
  current_.data = outside_bytes_.span();
  return {};
}

Result<std::optional<StreamDecoder::Event>> StreamDecoder::Impl::TakeItem() {
  Item* const oldest = items_.front().get();
  if (oldest->kind == Item::Kind::kOutside) {
    INGOT_TRY(TakeOutside(oldest));
    if (oldest->done == oldest->id.length) items_.pop_front();
  } else {
    current_ = std::move(*oldest);
    items_.pop_front();
  }
  if (current_.job != nullptr) {
    current_.job->task.Wait();
    --blocks_in_flight_;
    INGOT_TRY(std::move(current_.job->status));
    current_.data = current_.job->raw.span();
    if (verify_) object_hasher_.Update(current_.data);
  } else if (!current_.literal.empty()) {
    current_.data = current_.literal;
  }
  if (verify_ && current_.event == Event::kData) {
    file_hasher_.Update(current_.data);
  }
  switch (current_.kind) {
    case Item::Kind::kEvent:
    case Item::Kind::kOutside:
      return std::optional<Event>(current_.event);
    case Item::Kind::kObjectEnd:
      if (verify_ && object_hasher_.Finish() != current_.id.digest) {
        return Corruption(name_ + ": an object's SHA-256 is not " +
                          ToHex(current_.id.digest));
      }
      return std::optional<Event>();
    case Item::Kind::kFileEnd:
      if (verify_ && file_hasher_.Finish() != current_.id.digest) {
        return Corruption(name_ + ": a file's SHA-256 is not " +
                          ToHex(current_.id.digest));
      }
      return std::optional<Event>(Event::kFileEnd);
  }
  return std::optional<Event>();
}

Result<StreamDecoder::Impl::Parsed> StreamDecoder::Impl::ParseHeader() {
  const ByteSpan bytes = Available();
  if (bytes.size() < kHeaderBytes) {
    // Something else than a container should not wait for more of it.
    const size_t magic = std::min(bytes.size(), kHeaderMagic.size());
    if (!std::equal(bytes.begin(),
                    bytes.begin() + static_cast<ptrdiff_t>(magic),
                    std::as_bytes(std::span(kHeaderMagic)).begin())) {
      return Corruption(name_ +
                        ": offset 0: not an Ingot container (no magic)");
    }
    return Parsed::kNeedInput;
  }
  INGOT_TRY(CheckHeader(bytes.first(kHeaderBytes), name_));
  Consume(kHeaderBytes);
  place_ = Place::kTop;
  return Parsed::kItem;
}

Result<StreamDecoder::Impl::Parsed> StreamDecoder::Impl::ParseFooterBytes() {
  const ByteSpan bytes = Available();
  if (bytes.size() < kFooterBytes) return Parsed::kNeedInput;
  INGOT_ASSIGN(const Footer footer,
               ParseFooter(bytes.first(kFooterBytes), name_, position_));
  if (footer.index_position != index_position_) {
    return Corruption(name_ + ": the footer puts the index at " +
                      std::to_string(footer.index_position) + ", it is at " +
                      std::to_string(index_position_));
  }
  Consume(kFooterBytes);
  place_ = Place::kDone;
  return Parsed::kItem;
}

Result<StreamDecoder::Impl::Parsed> StreamDecoder::Impl::ParseNext() {
  if (place_ == Place::kStart) return ParseHeader();
  if (place_ == Place::kFooter) return ParseFooterBytes();
  if (place_ == Place::kDone) {
    if (!Available().empty()) {
      return Corruption(name_ + ": offset " + std::to_string(position_) +
                        ": bytes behind the container's end");
    }
    return ended_ ? Parsed::kFinished : Parsed::kNeedInput;
  }
  size_t wanted = 0;
  INGOT_ASSIGN(const std::optional<Record> record,
               ParseRecord(Available(), name_, position_, &wanted));
  if (!record) return Parsed::kNeedInput;
  uint64_t padding = 0;
  if ((record->raw_type & kPayloadBit) != 0) {
    padding = PayloadPadding(position_ + record->size, record->payload_length);
  }
  const uint64_t total = record->size + padding + record->payload_length;
  if (Available().size() < total) return Parsed::kNeedInput;
  if (record->known()) INGOT_TRY(HandleRecord(*record));
  Consume(total);
  return Parsed::kItem;
}

Status StreamDecoder::Impl::HandleRecord(const Record& record) {
  ByteReader body(record.body, name_, position_ + record.body_offset);
  const bool in_object = place_ == Place::kObject;
  switch (record.type()) {
    case RecordType::kFileBegin: {
      if (in_file_ || in_object) return OutOfPlace(record);
      in_file_ = true;
      parsed_file_length_ = 0;
      Item* item = Push(Event::kFileBegin);
      INGOT_ASSIGN(item->file, ParseFileInfo(&body));
      return body.ExpectDone();
    }
    case RecordType::kLiteral:
      if (!in_file_ || in_object) return OutOfPlace(record);
      return HandleLiteral(&body);
    case RecordType::kObjectBegin:
      if (in_object) return OutOfPlace(record);
      return BeginObject(&body);
    case RecordType::kGroup:
      if (!in_object) return OutOfPlace(record);
      return BeginGroup(&body);
    case RecordType::kBlock:
      if (!in_object) return OutOfPlace(record);
      return HandleBlock(record);
    case RecordType::kObjectEnd:
      if (!in_object) return OutOfPlace(record);
      return EndObject(&body);
    case RecordType::kReference:
      if (!in_file_ || in_object) return OutOfPlace(record);
      return HandleReference(&body);
    case RecordType::kFileEnd:
      if (!in_file_ || in_object) return OutOfPlace(record);
      return EndFile(&body);
    case RecordType::kIndex: {
      if (in_file_ || in_object) return OutOfPlace(record);
      INGOT_TRY(ParseIndex(&body, position_));
      index_position_ = position_;
      place_ = Place::kFooter;
      return {};
    }
  }
  return OutOfPlace(record);
}

Status StreamDecoder::Impl::HandleLiteral(ByteReader* body) {
  INGOT_ASSIGN(LiteralBody literal, ParseLiteralBody(body));
  Push(Event::kRegion)->view = std::move(literal.view);
  Item* item = Push(Event::kData);
  item->literal.resize(literal.length);
  if (Status status =
          DecodeBytes(literal.coder, literal.encoded, item->literal);
      !status.ok()) {
    return body->Corrupt(status.error().message);
  }
  parsed_file_length_ += literal.length;
  if (literal.length == 0) items_.pop_back();
  return {};
}

Status StreamDecoder::Impl::HandleReference(ByteReader* body) {
  INGOT_ASSIGN(ReferenceBody reference, ParseReference(body));
  if (reference.place != 0) {
    return Unsupported(name_ + ": offset " + std::to_string(position_) +
                       ": a reference cannot be followed in a stream; save "
                       "the container to a file and decode that");
  }
  Push(Event::kRegion)->view = std::move(reference.view);
  if (__builtin_add_overflow(parsed_file_length_, reference.id.length,
                             &parsed_file_length_)) {
    return body->Corrupt("file length overflows");
  }
  if (reference.id.length == 0) return {};
  Item* item = Push(Event::kData);
  item->kind = Item::Kind::kOutside;
  item->id = reference.id;
  return {};
}

Status StreamDecoder::Impl::BeginObject(ByteReader* body) {
  INGOT_ASSIGN(ObjectBeginBody begin, ParseObjectBegin(body));
  geometry_ = begin.geometry;
  side_ = nullptr;
  next_element_ = 0;
  place_ = Place::kObject;
  Push(Event::kRegion)->view = std::move(begin.view);
  return {};
}

Status StreamDecoder::Impl::BeginGroup(ByteReader* body) {
  const bool group_open =
      side_ != nullptr && next_element_ != group_first_ + side_->elements;
  if (group_open || next_element_ % geometry_.group_elements != 0) {
    return body->Corrupt("group record inside a group");
  }
  INGOT_ASSIGN(GroupSide side, ParseGroupSide(body, geometry_, next_element_));
  side_ = std::make_shared<GroupSide>(std::move(side));
  group_first_ = next_element_;
  return {};
}

Status StreamDecoder::Impl::HandleBlock(const Record& record) {
  const uint64_t left =
      side_ == nullptr ? 0 : group_first_ + side_->elements - next_element_;
  if (left == 0) return OutOfPlace(record);
  const uint64_t elements = std::min(geometry_.block_elements, left);
  std::unique_ptr<BlockJob> job;
  if (idle_jobs_.empty()) {
    job = std::make_unique<BlockJob>(&pool_);
  } else {
    job = std::move(idle_jobs_.back());
    idle_jobs_.pop_back();
  }
  const uint64_t padding =
      PayloadPadding(position_ + record.size, record.payload_length);
  const uint64_t total = record.size + padding + record.payload_length;
  INGOT_TRY(job->record.Resize(total + kKernelSlack));
  INGOT_TRY(job->raw.Resize(elements * geometry_.element_bytes()));
  std::memcpy(job->record.data(), Available().data(), total);
  BlockContext context{.name = &name_,
                       .side = side_,
                       .geometry = geometry_,
                       .group_first = group_first_,
                       .first = next_element_,
                       .elements = elements,
                       .outside = outside_};
  job->status = {};
  BlockJob* const raw_job = job.get();
  job->task.Submit([raw_job, total, position = position_,
                    context = std::move(context)] {
    raw_job->status = raw_job->reader.Decode(
        raw_job->record.span().first(total), position, context, 0,
        context.elements, raw_job->raw.span(), /*stream=*/false);
  });
  Item* item = Push(Event::kData);
  item->job = std::move(job);
  ++blocks_in_flight_;
  next_element_ += elements;
  return {};
}

Status StreamDecoder::Impl::EndObject(ByteReader* body) {
  INGOT_ASSIGN(const ObjectId id, ParseObjectId(body));
  INGOT_TRY(body->ExpectDone());
  const bool group_open =
      side_ != nullptr && next_element_ != group_first_ + side_->elements;
  const uint64_t length = next_element_ * geometry_.element_bytes();
  if (group_open || id.length != length) {
    return body->Corrupt("object of " + std::to_string(id.length) +
                         " bytes ends after " + std::to_string(length));
  }
  place_ = Place::kTop;
  parsed_file_length_ += length;
  Item* item = Push(Event::kNeedInput);
  item->kind = Item::Kind::kObjectEnd;
  item->id = id;
  return {};
}

Status StreamDecoder::Impl::EndFile(ByteReader* body) {
  INGOT_ASSIGN(FileEndBody end, ParseFileEnd(body));
  if (end.id.length != parsed_file_length_) {
    return body->Corrupt("file of " + std::to_string(end.id.length) +
                         " bytes ends after " +
                         std::to_string(parsed_file_length_));
  }
  in_file_ = false;
  Item* item = Push(Event::kFileEnd);
  item->kind = Item::Kind::kFileEnd;
  item->id = end.id;
  item->note = std::move(end.note);
  return {};
}

StreamDecoder::StreamDecoder(std::string name, const DecodeOptions& options)
    : impl_(std::make_unique<Impl>(std::move(name), options)) {}
StreamDecoder::~StreamDecoder() = default;

void StreamDecoder::Feed(ByteSpan bytes) { impl_->Feed(bytes); }
void StreamDecoder::EndInput() { impl_->EndInput(); }
Result<StreamDecoder::Event> StreamDecoder::Next() { return impl_->Next(); }
const FileInfo& StreamDecoder::file() const { return impl_->file(); }
const std::optional<TensorView>& StreamDecoder::view() const {
  return impl_->view();
}
ByteSpan StreamDecoder::data() const { return impl_->data(); }
const ObjectId& StreamDecoder::file_id() const { return impl_->file_id(); }
const std::string& StreamDecoder::note() const { return impl_->note(); }

}  // namespace ingot
