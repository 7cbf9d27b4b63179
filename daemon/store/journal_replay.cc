#include "daemon/store/journal_replay.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "codec/base/byte_reader.h"
#include "daemon/store/keys.h"

namespace ingot::store {
namespace {

struct Segment {
  std::string key;
  uint64_t size;  // of the file
  SegmentHeader header;
  uint64_t checksum;
};

// The header of the segment in `file`; nothing where its creation was cut
// short.
Result<std::optional<Segment>> ReadHeader(const Storage& storage,
                                          const StoredFile& file,
                                          uint64_t number) {
  INGOT_ASSIGN(const auto source, storage.Open(file.key));
  const bool holds_groups = source->size() > kSegmentHeaderBytes;
  if (source->size() < kSegmentHeaderBytes) return std::optional<Segment>();
  SegmentHeaderBytes bytes;
  INGOT_TRY(source->ReadAt(0, bytes));
  auto header = DecodeSegmentHeader(bytes, file.key);
  if (!header.ok()) {
    if (!holds_groups && header.error().kind == ErrorKind::kCorruption) {
      return std::optional<Segment>();
    }
    return std::move(header).error();
  }
  if (header->number != number) {
    return Corruption(file.key + ": offset 16: is segment " +
                      std::to_string(header->number));
  }
  return std::optional<Segment>(
      Segment{file.key, source->size(), *header, SegmentChecksum(bytes)});
}

// Puts `next` behind the segment that it names. Those between held no group:
// their creator failed and went on with another.
Status Link(Segment next, std::vector<Segment>* chain,
            std::vector<std::string>* remains) {
  const SegmentEnd& previous = next.header.previous;
  while (!chain->empty() && chain->back().header.number != previous.number &&
         chain->back().size <= kSegmentHeaderBytes) {
    remains->push_back(chain->back().key);
    chain->pop_back();
  }
  const SegmentEnd before =
      chain->empty() ? SegmentEnd{}
                     : SegmentEnd{chain->back().header.number, previous.length,
                                  chain->back().checksum};
  if (previous != before) {
    return Corruption(next.key + ": offset 24: follows segment " +
                      std::to_string(previous.number) +
                      ", which is missing or another");
  }
  const uint64_t size = chain->empty() ? 0 : chain->back().size;
  const uint64_t least = chain->empty() ? 0 : kSegmentHeaderBytes;
  if (previous.length > size || previous.length < least) {
    return Corruption(next.key + ": offset 32: the segment before has " +
                      std::to_string(size) + " bytes, expected " +
                      std::to_string(previous.length));
  }
  chain->push_back(std::move(next));
  return {};
}

Status CheckFirstPosition(const Segment& segment, uint64_t expected) {
  if (segment.header.first_position == expected) return {};
  return Corruption(segment.key + ": offset 40: begins at position " +
                    std::to_string(segment.header.first_position) +
                    ", expected " + std::to_string(expected));
}

// Walks the groups of a journal, segment by segment.
class GroupWalker {
 public:
  GroupWalker(JournalState* state, JournalEnd* end)
      : state_(state), known_(state->mark()), end_(end) {}

  // The groups in the first `length` bytes; `last` where they may end with a
  // torn one.
  Status Walk(const Storage& storage, const Segment& segment, uint64_t length,
              bool last) {
    INGOT_ASSIGN(const auto source, storage.Open(segment.key));
    uint64_t offset = kSegmentHeaderBytes;
    while (offset < length) {
      INGOT_ASSIGN(const bool valid, ReadGroup(*source, offset, length));
      if (!valid) {
        if (last && CanBeTorn(length - offset)) break;
        return Corruption(segment.key + ": offset " + std::to_string(offset) +
                          ": expected a group; its checksum or length "
                          "does not match");
      }
      INGOT_TRY(ReadBatches(segment.key, offset));
      offset += group_.size();
    }
    end_->segment = {segment.header.number, offset, segment.checksum};
    return {};
  }

 private:
  // The group at `offset` into group_; false where there is none, with as
  // much of what stands there as one group can take.
  Result<bool> ReadGroup(const Source& source, uint64_t offset,
                         uint64_t length) {
    const uint64_t left = length - offset;
    if (left >= kGroupHeaderBytes) {
      group_.resize(kGroupHeaderBytes);
      INGOT_TRY(source.ReadAt(offset, group_));
      const uint64_t bytes = GroupBytes(LoadGroupHeader(group_));
      if (bytes <= std::min(left, kMaxGroupBytes)) {
        group_.resize(bytes);
        INGOT_TRY(source.ReadAt(offset, group_));
        if (IsValidGroup(group_)) return true;
      }
    }
    group_.resize(std::min(left, kMaxGroupBytes));
    INGOT_TRY(source.ReadAt(offset, group_));
    return false;
  }

  // Whether the invalid group_, with which `left` bytes of the segment begin,
  // can be one whose writing was cut short: no group was written behind it.
  bool CanBeTorn(uint64_t left) const {
    if (left > group_.size()) return false;
    for (size_t at = kGroupAlignment; at < group_.size();
         at += kGroupAlignment) {
      const ByteSpan rest = ByteSpan(group_).subspan(at);
      if (rest.size() < kGroupHeaderBytes) break;
      // Positions first: checksums at every offset would take long.
      if (LoadGroupHeader(rest).first_position > end_->mark.position + 1 &&
          IsValidGroup(rest)) {
        return false;
      }
    }
    return true;
  }

  Status ReadBatches(const std::string& key, uint64_t offset) {
    const GroupHeader header = LoadGroupHeader(group_);
    const ByteSpan group(group_);
    ByteReader group_reader(group, key, offset);
    if (header.first_position != end_->mark.position + 1) {
      return group_reader.Corrupt(
          "group begins at position " + std::to_string(header.first_position) +
          ", expected " + std::to_string(end_->mark.position + 1));
    }
    if (header.time < end_->time) {
      return group_reader.Corrupt("the group's time is before the last one's");
    }
    const ByteSpan padding =
        group.subspan(kGroupHeaderBytes + header.body_bytes);
    if (std::any_of(padding.begin(), padding.end(),
                    [](std::byte byte) { return byte != std::byte{0}; })) {
      return group_reader.Corrupt("the group's padding is not zero");
    }
    const JournalMark mark = {header.first_position + header.batches - 1,
                              header.checksum};
    if (header.first_position <= known_.position &&
        (mark.position > known_.position ||
         (mark.position == known_.position && mark != known_))) {
      return group_reader.Corrupt("not the group that was at position " +
                                  std::to_string(known_.position));
    }
    const bool is_new = mark.position > known_.position;
    ByteReader reader(group.subspan(kGroupHeaderBytes, header.body_bytes), key,
                      offset + kGroupHeaderBytes);
    for (uint32_t i = 0; i < header.batches; ++i) {
      INGOT_TRY(
          ReadBatch(&reader, header.first_position + i, header.time, is_new));
    }
    INGOT_TRY(reader.ExpectDone());
    end_->time = header.time;
    end_->mark = mark;
    return is_new ? state_->Commit(mark) : Status();
  }

  Status ReadBatch(ByteReader* reader, uint64_t position, uint64_t time,
                   bool is_new) {
    // A record takes two bytes or more.
    INGOT_ASSIGN(
        const uint64_t count,
        reader->ReadVarint(reader->remaining() / 2, "number of records"));
    if (count == 0) return reader->Corrupt("a batch without records");
    records_.clear();
    for (uint64_t i = 0; i < count; ++i) {
      INGOT_ASSIGN(const uint64_t type,
                   reader->ReadVarint(UINT16_MAX, "record type"));
      INGOT_ASSIGN(const uint64_t size,
                   reader->ReadVarint(kMaxBatchBytes, "payload length"));
      INGOT_ASSIGN(const ByteSpan payload, reader->ReadBytes(size));
      records_.push_back({static_cast<uint16_t>(type), payload});
    }
    if (!is_new) return {};
    const Status staged = state_->Stage({position, time, records_});
    if (staged.ok()) return {};
    if (staged.error().kind == ErrorKind::kConflict ||
        staged.error().kind == ErrorKind::kNotFound) {
      return Corruption("journal, batch " + std::to_string(position) + ": " +
                        staged.error().message);
    }
    return staged;
  }

  JournalState* const state_;
  const JournalMark known_;
  JournalEnd* const end_;
  std::vector<std::byte> group_;
  std::vector<JournalRecordView> records_;
};

}  // namespace

Result<JournalEnd> ReplayJournal(const Storage& storage, JournalState* state) {
  JournalEnd end;
  std::vector<Segment> chain;
  INGOT_ASSIGN(const auto files, storage.List(kJournalFolder));
  for (const StoredFile& file : files) {
    const std::optional<uint64_t> number = NumberOfKey(file.key);
    if (!number || *number == 0 || *number == UINT64_MAX) {
      return Corruption(file.key + ": not the name of a journal segment");
    }
    end.next_number = *number + 1;
    INGOT_ASSIGN(auto segment, ReadHeader(storage, file, *number));
    if (segment) {
      INGOT_TRY(Link(std::move(*segment), &chain, &end.remains));
    } else {
      end.remains.push_back(file.key);
    }
  }
  const uint64_t known = state->mark().position;
  GroupWalker walker(state, &end);
  for (size_t i = 0; i < chain.size(); ++i) {
    const bool last = i + 1 == chain.size();
    const uint64_t first = end.mark.position + 1;
    INGOT_TRY(CheckFirstPosition(chain[i], first));
    if (!last && chain[i + 1].header.first_position <= known) {
      end.mark.position =
          std::max(first, chain[i + 1].header.first_position) - 1;
      continue;
    }
    INGOT_TRY(walker.Walk(
        storage, chain[i],
        last ? chain[i].size : chain[i + 1].header.previous.length, last));
  }
  if (end.mark.position < known) {
    return Corruption("journal: ends at position " +
                      std::to_string(end.mark.position) + ", but position " +
                      std::to_string(known) + " was acknowledged");
  }
  return end;
}

}  // namespace ingot::store
