#include "tests/codec/container_parts.h"

#include <algorithm>
#include <cstdlib>

#include "codec/base/byte_writer.h"
#include "codec/base/checksum.h"
#include "codec/container/record.h"

namespace ingot {
namespace {

constexpr size_t kChecksumBytes = 8;

Record ReadRecord(ByteSpan container, uint64_t position) {
  size_t wanted = 0;
  const Result<std::optional<Record>> record =
      ParseRecord(container.subspan(position), "(test)", position, &wanted);
  if (!record.ok() || !*record) std::abort();
  return **record;
}

uint64_t PayloadAt(const Record& record, uint64_t position) {
  const uint64_t end = position + record.size;
  return end + PayloadPadding(end, record.payload_length);
}

bool HasPayload(uint8_t raw_type) { return (raw_type & kPayloadBit) != 0; }

// Any type, unknown ones too.
void AppendAnyRecord(uint8_t raw_type, ByteSpan body, Bytes* out) {
  const size_t start = out->size();
  ByteWriter writer(out);
  writer.WriteU8(raw_type);
  writer.WriteVarint(body.size());
  writer.WriteBytes(body);
  writer.WriteU32(
      static_cast<uint32_t>(Checksum(ByteSpan(*out).subspan(start))));
}

// Puts what the records are into the index's entries.
class IndexFiller {
 public:
  explicit IndexFiller(Index* index) : index_(index) {
    for (ObjectEntry& object : index->objects) object.sizes.clear();
    for (Manifest& file : index->files) {
      for (Segment& segment : file.segments) {
        if (segment.kind == Segment::Kind::kLiteral) {
          literals_.push_back(&segment);
        }
      }
    }
  }

  void Add(RecordType type, uint64_t position, uint64_t size) {
    if (type == RecordType::kLiteral && literal_ < literals_.size()) {
      literals_[literal_++]->record = position;
    }
    if (type == RecordType::kObjectBegin) {
      object_ =
          next_ < index_->objects.size() ? &index_->objects[next_++] : nullptr;
    }
    if (object_ == nullptr) return;
    if (type == RecordType::kObjectBegin) {
      object_->position = position;
      object_->begin_size = size;
    } else if (type == RecordType::kGroup || type == RecordType::kBlock) {
      object_->sizes.push_back(static_cast<uint32_t>(size));
    }
  }

 private:
  Index* const index_;
  std::vector<Segment*> literals_;
  size_t literal_ = 0;
  size_t next_ = 0;
  ObjectEntry* object_ = nullptr;
};

}  // namespace

RecordParts& ContainerParts::Find(RecordType type, size_t k) {
  for (RecordParts& record : records) {
    if (record.type() == type && k-- == 0) return record;
  }
  std::abort();
}

ContainerParts TakeApart(ByteSpan container) {
  ContainerParts parts;
  for (uint64_t position = kHeaderBytes;;) {
    const Record record = ReadRecord(container, position);
    if (record.type() == RecordType::kIndex) {
      ByteReader body(record.body);
      Result<Index> index = ParseIndex(&body, position);
      if (!index.ok()) std::abort();
      parts.index = std::move(*index);
      return parts;
    }
    const uint64_t payload = PayloadAt(record, position);
    const ByteSpan bytes = container.subspan(payload, record.payload_length);
    parts.records.push_back({.raw_type = record.raw_type,
                             .body = {record.body.begin(), record.body.end()},
                             .payload = {bytes.begin(), bytes.end()}});
    position = payload + record.payload_length;
  }
}

Bytes PutTogether(ContainerParts parts) {
  IndexFiller filler(&parts.index);
  Bytes out;
  AppendHeader(&out);
  for (RecordParts& record : parts.records) {
    const uint64_t position = out.size();
    if (HasPayload(record.raw_type) && record.body.size() >= kChecksumBytes) {
      StoreLittleEndian(
          record.body.data() + record.body.size() - kChecksumBytes,
          Checksum(record.payload));
    }
    AppendAnyRecord(record.raw_type, record.body, &out);
    if (HasPayload(record.raw_type)) {
      out.resize(out.size() +
                 PayloadPadding(out.size(), record.payload.size()));
      out.insert(out.end(), record.payload.begin(), record.payload.end());
    }
    filler.Add(record.type(), position, out.size() - position);
  }
  const uint64_t index_position = out.size();
  Bytes body;
  if (parts.index_body) {
    body = *parts.index_body;
  } else {
    AppendIndex(parts.index, &body);
  }
  AppendRecord(RecordType::kIndex, body, &out);
  AppendFooter({parts.index_position.value_or(index_position),
                parts.container_length.value_or(out.size() + kFooterBytes)},
               &out);
  return out;
}

std::vector<uint64_t> RecordPositions(ByteSpan container) {
  std::vector<uint64_t> positions;
  for (uint64_t position = kHeaderBytes;
       position < container.size() - kFooterBytes;) {
    positions.push_back(position);
    const Record record = ReadRecord(container, position);
    position = PayloadAt(record, position) + record.payload_length;
  }
  positions.push_back(container.size() - kFooterBytes);
  return positions;
}

}  // namespace ingot
