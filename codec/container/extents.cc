#include "codec/container/extents.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "codec/base/byte_writer.h"
#include "codec/base/checksum.h"
#include "codec/container/record.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

Error Changed(const Source& origin, const Extent& extent) {
  return Corruption(origin.name() + ": offset " +
                    std::to_string(extent.position) +
                    ": record is not what it was");
}

// An extent's bytes as they stand in the container, `size` of them.
Result<Bytes> Materialise(const Source& origin, const Extent& extent,
                          uint64_t size) {
  Bytes bytes(extent.size);
  INGOT_TRY(origin.ReadAt(extent.position, bytes));
  size_t wanted = 0;
  INGOT_ASSIGN(const std::optional<Record> record,
               ParseRecord(bytes, origin.name(), extent.position, &wanted));
  if (!record) return Changed(origin, extent);
  if (extent.kind == Extent::Kind::kRecord) {
    if (record->size != size) return Changed(origin, extent);
    return bytes;
  }
  // A block's body ends with the checksum of its payload.
  constexpr size_t kChecksum = sizeof(uint64_t);
  if (record->type() != RecordType::kBlock || record->body.size() < kChecksum ||
      record->size + extent.padding + record->payload_length != size ||
      record->size + record->payload_length > bytes.size()) {
    return Changed(origin, extent);
  }
  const ByteSpan payload = ByteSpan(bytes).last(record->payload_length);
  if (Checksum(payload) !=
      LoadLittleEndian<uint64_t>(record->body.last(kChecksum).data())) {
    return Corruption(origin.name() + ": block at offset " +
                      std::to_string(extent.position) +
                      ": payload checksum does not match");
  }
  Bytes moved;
  moved.reserve(size);
  moved.insert(moved.end(), bytes.begin(),
               bytes.begin() + static_cast<ptrdiff_t>(record->size));
  moved.resize(moved.size() + extent.padding);
  moved.insert(moved.end(), payload.begin(), payload.end());
  return moved;
}

class ExtentSource final : public Source {
 public:
  ExtentSource(std::string name, uint64_t size, Bytes own,
               std::vector<ExtentSink::Origin> origins,
               std::vector<Extent> extents)
      : name_(std::move(name)),
        size_(size),
        own_(std::move(own)),
        origins_(std::move(origins)),
        extents_(std::move(extents)) {}

  const std::string& name() const override { return name_; }
  uint64_t size() const override { return size_; }

  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    if (offset > size_ || out.size() > size_ - offset) {
      return Corruption(name_ + ": ends before byte " +
                        std::to_string(offset + out.size()));
    }
    if (out.empty()) return {};
    // The last one that begins at `offset` or before.
    auto extent = std::prev(
        std::ranges::upper_bound(extents_, offset, {}, &Extent::begin));
    for (; !out.empty(); ++extent) {
      const uint64_t end =
          extent + 1 == extents_.end() ? size_ : (extent + 1)->begin;
      const uint64_t skip = offset - extent->begin;
      const size_t size = std::min<uint64_t>(out.size(), end - offset);
      if (extent->kind == Extent::Kind::kOwn) {
        std::memcpy(out.data(), own_.data() + extent->position + skip, size);
      } else {
        INGOT_ASSIGN(const auto bytes, Get(*extent, end - extent->begin));
        std::memcpy(out.data(), bytes->data() + skip, size);
      }
      out = out.subspan(size);
      offset += size;
    }
    return {};
  }

 private:
  Result<std::shared_ptr<const Bytes>> Get(const Extent& extent,
                                           uint64_t size) const {
    {
      const std::lock_guard lock(mutex_);
      if (last_ != nullptr && last_begin_ == extent.begin) return last_;
    }
    INGOT_ASSIGN(Bytes bytes,
                 Materialise(*origins_[extent.source], extent, size));
    auto made = std::make_shared<const Bytes>(std::move(bytes));
    const std::lock_guard lock(mutex_);
    last_ = made;
    last_begin_ = extent.begin;
    return made;
  }

  const std::string name_;
  const uint64_t size_;
  const Bytes own_;
  const std::vector<ExtentSink::Origin> origins_;
  const std::vector<Extent> extents_;
  mutable std::mutex mutex_;  // of what follows; not held while reading
  mutable std::shared_ptr<const Bytes> last_;
  mutable uint64_t last_begin_ = 0;
};

}  // namespace

Status ExtentSink::Write(ByteSpan bytes) {
  if (bytes.empty()) return {};
  if (extents_.empty() || extents_.back().kind != Extent::Kind::kOwn) {
    Extent extent;
    extent.begin = size_;
    extent.position = own_.size();
    extents_.push_back(extent);
  }
  own_.insert(own_.end(), bytes.begin(), bytes.end());
  extents_.back().size += bytes.size();
  size_ += bytes.size();
  return {};
}

size_t ExtentSink::IndexOf(const Origin& origin) {
  // Mostly the one that was used last.
  if (!extents_.empty() && extents_.back().kind != Extent::Kind::kOwn &&
      origins_[extents_.back().source] == origin) {
    return extents_.back().source;
  }
  const auto found = std::ranges::find(origins_, origin);
  if (found != origins_.end()) {
    return static_cast<size_t>(found - origins_.begin());
  }
  origins_.push_back(origin);
  return origins_.size() - 1;
}

void ExtentSink::AddRecord(const Origin& origin, uint64_t position,
                           uint64_t size) {
  const size_t source = IndexOf(origin);
  extents_.push_back({.begin = size_,
                      .position = position,
                      .size = size,
                      .source = source,
                      .kind = Extent::Kind::kRecord});
  size_ += size;
}

void ExtentSink::AddBlock(const Origin& origin, uint64_t position,
                          uint64_t size, uint64_t old_padding,
                          uint64_t padding) {
  const size_t source = IndexOf(origin);
  extents_.push_back({.begin = size_,
                      .position = position,
                      .size = size,
                      .source = source,
                      .kind = Extent::Kind::kBlock,
                      .padding = static_cast<uint8_t>(padding)});
  size_ += size - old_padding + padding;
}

Digest ExtentSink::Identity() const {
  Hasher hasher;
  hasher.Update(own_);
  std::vector<std::byte> text;
  ByteWriter writer(&text);
  for (const Origin& origin : origins_) writer.WriteString(origin->name());
  for (const Extent& extent : extents_) {
    writer.WriteU8(static_cast<uint8_t>(extent.kind));
    writer.WriteU64(extent.begin);
    writer.WriteU64(extent.position);
    writer.WriteU64(extent.source);
    if (text.size() < (size_t{1} << 20)) continue;
    hasher.Update(text);
    text.clear();
  }
  hasher.Update(text);
  return hasher.Finish();
}

std::unique_ptr<Source> ExtentSink::TakeSource(std::string name) {
  return std::make_unique<ExtentSource>(std::move(name), size_, std::move(own_),
                                        std::move(origins_),
                                        std::move(extents_));
}

}  // namespace ingot
