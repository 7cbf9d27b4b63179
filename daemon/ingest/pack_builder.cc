#include "daemon/ingest/pack_builder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "codec/container/format.h"
#include "codec/container_reader.h"
#include "daemon/ingest/pack_objects.h"
#include "daemon/ingest/watched.h"
#include "formats/encode_file.h"

namespace ingot::ingest {
namespace {

// A record has at most 16 MiB, an entry of it 80 bytes and 32 for each need.
constexpr uint64_t kMaxRecordBytes = uint64_t{12} << 20;
constexpr uint64_t kEntryBytes = 144;
// Files that stay open since objects of theirs may be bases; and all.
constexpr size_t kMaxOpenFiles = 128;
constexpr size_t kMaxFiles = 16'384;
// Of a file that has more regions, they are not told apart.
constexpr uint64_t kMaxRegions = kMaxRecordBytes / kEntryBytes - 1;

Result<Layout> LayoutOf(const Source& source) {
  Result<Layout> layout = ChooseLayout(source, std::nullopt);
  // Whatever a parser makes of it, it is bytes.
  if (!layout.ok()) return OpaqueLayout(source.size(), layout.error().message);
  if (layout->regions().size() > kMaxRegions) {
    return OpaqueLayout(source.size(), "too many tensors for a pack");
  }
  return layout;
}

// Whether the encoder makes an object of it; others are literals.
bool IsObject(const Region& region) {
  return region.length >= (region.IsLiteral() ? kMaxLiteralBytes + 1
                                              : uint64_t{kMinObjectBytes});
}

}  // namespace

struct PackBuilder::Entry {
  store::StagedRecord record;
  std::unique_ptr<WatchedSource> source;  // null: closed
  bool is_damaged = false;                // as far as could be seen
};

PackBuilder::PackBuilder(const Context& context)
    : context_(context),
      objects_(std::make_unique<PackObjects>(context.objects)) {}

PackBuilder::~PackBuilder() = default;

Result<std::unique_ptr<PackBuilder>> PackBuilder::Begin(
    const Context& context) {
  std::unique_ptr<PackBuilder> builder(new PackBuilder(context));
  INGOT_ASSIGN(builder->writer_, context.store->packs().Begin());
  builder->sink_ = std::make_unique<WatchedSink>(builder->writer_.get());
  INGOT_ASSIGN(builder->encoder_,
               StreamEncoder::Create(builder->sink_.get(),
                                     {.level = context.level,
                                      .delta_level = context.delta_level,
                                      .threads = 1,
                                      .references = builder->objects_.get()}));
  return builder;
}

bool PackBuilder::is_full() const {
  return encoder_->encoded_bytes() >= context_.pack_bytes ||
         open_files_ >= kMaxOpenFiles || entries_.size() >= kMaxFiles;
}

PackBuilder::Fault PackBuilder::fault() const {
  if (sink_->has_failed()) return Fault::kStore;
  const bool staged = std::ranges::any_of(entries_, [](const auto& entry) {
    return entry->is_damaged ||
           (entry->source != nullptr && entry->source->has_failed());
  });
  return staged ? Fault::kStagedFile : Fault::kNeeded;
}

Result<PackBuilder::Added> PackBuilder::Add(const store::StagedRecord& record,
                                            const Audience& audience,
                                            bool alone) {
  auto entry = std::make_unique<Entry>();
  entry->record = record;
  entries_.push_back(std::move(entry));
  Entry* const last = entries_.back().get();
  if (Status opened = Open(last); !opened.ok()) {
    if (opened.error().kind != ErrorKind::kNotFound) return opened.error();
    // The pack's files and the entries stay the same.
    entries_.pop_back();
    return Added::kGone;
  }
  const size_t objects = objects_->size();
  Result<Added> added = AddFile(last, audience, alone);
  if (added.ok() && *added == Added::kToAnotherPack) {
    entries_.pop_back();
  } else if (objects_->size() == objects) {
    if (added.ok()) last->source.reset();
  } else {
    ++open_files_;
  }
  return added;
}

Status PackBuilder::Open(Entry* entry) {
  auto staged = context_.store->staging().Open(entry->record.digest);
  if (!staged.ok()) {
    entry->is_damaged = staged.error().kind != ErrorKind::kNotFound;
    return staged.error();
  }
  entry->source =
      std::make_unique<WatchedSource>(std::move(*staged), context_.stop);
  return {};
}

Result<PackBuilder::Added> PackBuilder::AddFile(Entry* entry,
                                                const Audience& audience,
                                                bool alone) {
  const Source& source = *entry->source;
  INGOT_ASSIGN(const Layout layout, LayoutOf(source));
  const std::vector<Region>& regions = layout.regions();
  const uint64_t records = kEntryBytes * (1 + regions.size());
  if (entries_.size() > 1 && (records_ + records > kMaxRecordBytes ||
                              segments_ + regions.size() > kMaxRegions)) {
    return Added::kToAnotherPack;
  }
  // Of regions that become no objects, nothing.
  std::vector<ObjectId> ids(regions.size());
  for (size_t i = 0; i < regions.size(); ++i) {
    if (!IsObject(regions[i])) continue;
    INGOT_ASSIGN(ids[i].digest,
                 HashRange(source, regions[i].offset, regions[i].length));
    ids[i].length = regions[i].length;
    // A pack cannot hold an object twice, nor may this file refer to it.
    if (objects_->Has(ids[i].digest)) {
      INGOT_ASSIGN(const bool may, context_.finder->MayRefer(ids[i], audience));
      if (!may) return Added::kToAnotherPack;
    }
  }
  records_ += records;
  segments_ += regions.size();
  FileInfo info;
  info.path = ToHex(entry->record.digest);
  info.format = layout.format();
  INGOT_TRY(encoder_->BeginFile(info));
  INGOT_TRY(AddRegions(*entry, layout, ids, audience, alone));
  bytes_.raw += source.size();
  INGOT_TRY(encoder_->EndFile(
      layout.note(), ObjectId{entry->record.digest, entry->record.length}));
  return Added::kYes;
}

Status PackBuilder::AddRegions(const Entry& entry, const Layout& layout,
                               const std::vector<ObjectId>& ids,
                               const Audience& audience, bool alone) {
  const Source& source = *entry.source;
  BaseFinder::Search search = {.source = &source, .audience = audience};
  if (!alone) {
    const auto has_tensor = [](const Region& one) {
      return one.tensor.has_value();
    };
    // Only tensors have bases.
    if (context_.hints && std::ranges::any_of(layout.regions(), has_tensor)) {
      search.hints = context_.hints(entry.record.digest);
    }
    INGOT_TRY(context_.finder->Prepare(search));
  }
  context_.finder->AddFile(entry.record.digest, audience);
  for (size_t i = 0; i < ids.size(); ++i) {
    const Region& region = layout.regions()[i];
    const bool is_object = ids[i].length > 0;
    bool is_known = is_object && objects_->Has(ids[i].digest);
    if (is_object && !is_known && !alone) {
      INGOT_ASSIGN(is_known, context_.finder->MayRefer(ids[i], audience));
    }
    if (is_known) {
      bytes_.known += region.length;
      INGOT_TRY(encoder_->ReferenceOutside(region.tensor, ids[i]));
      INGOT_ASSIGN(const auto depth, context_.finder->DepthOf(ids[i].digest));
      if (depth && !objects_->Has(ids[i].digest)) {
        context_.finder->AddTensor(region, ids[i], *depth);
      }
      continue;
    }
    RegionInfo coded{.view = region.tensor,
                     .element_dtype = region.element_dtype,
                     .columns = region.columns};
    if (!alone && is_object) {
      INGOT_ASSIGN(coded.bases,
                   context_.finder->FindBase(region, objects_.get(), &search));
    }
    const uint64_t before = encoder_->encoded_bytes();
    INGOT_TRY(encoder_->BeginRegion(coded));
    INGOT_TRY(FeedRegion(source, region, encoder_.get(), {}));
    INGOT_TRY(encoder_->EndRegion());
    if (!coded.bases.empty()) {
      bytes_.with_base += region.length;
      bytes_.with_coded += encoder_->encoded_bytes() - before;
    }
    if (!is_object) continue;
    objects_->Add(ids[i], &source, region.offset);
    unsigned depth = 0;
    for (const RegionBase& base : coded.bases) {
      depth = std::max(depth, base.depth + 1);
    }
    context_.finder->AddTensor(region, ids[i], depth);
  }
  return {};
}

Status PackBuilder::Finish(size_t* bad) {
  *bad = entries_.size();
  INGOT_TRY(encoder_->Finish());
  INGOT_ASSIGN(std::unique_ptr<Source> written, writer_->Finish());
  INGOT_ASSIGN(const std::unique_ptr<ContainerReader> reader,
               ContainerReader::Open(std::move(written),
                                     {.threads = 1,
                                      .verify_digests = true,
                                      .references = objects_.get()}));
  for (size_t file = 0; file < entries_.size(); ++file) {
    Status same = Compare(reader.get(), file);
    if (same.ok()) continue;
    *bad = file;
    return same;
  }
  return {};
}

Status PackBuilder::Compare(ContainerReader* reader, size_t file) {
  Entry& entry = *entries_[file];
  const ObjectId id = {entry.record.digest, entry.record.length};
  if (reader->files()[file].id != id) {
    return Corruption(reader->name() + ": holds another file than " +
                      ToHex(id.digest));
  }
  const bool was_closed = entry.source == nullptr;
  if (was_closed) {
    const Status opened = Open(&entry);
    // Somebody discarded it: the digest is compared all the same.
    if (!opened.ok() && opened.error().kind != ErrorKind::kNotFound) {
      return opened;
    }
  }
  uint64_t at = 0;
  std::vector<std::byte> staged;
  // The digest is compared, too: of what is staged it was by who uploaded it.
  const auto compare = [&](ByteSpan bytes) -> Status {
    if (entry.source == nullptr) return {};
    staged.resize(bytes.size());
    INGOT_TRY(entry.source->ReadAt(at, staged));
    if (!std::ranges::equal(bytes, staged)) {
      return Corruption(reader->name() + ": does not restore " +
                        entry.source->name() + " from byte " +
                        std::to_string(at) + " on");
    }
    at += bytes.size();
    return {};
  };
  INGOT_TRY(reader->ReadFile(file, 0, id.length, compare));
  if (was_closed) entry.source.reset();
  return {};
}

Result<store::PackInfo> PackBuilder::Seal() { return writer_->Seal(); }

}  // namespace ingot::ingest
