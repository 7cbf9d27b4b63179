// Reads hostile segments as a journal. The input is a list of segments: two
// bytes of length, then the bytes. Checksums and the chain are mended first,
// unless the first byte is odd, so that what lies behind them is reached.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "daemon/store/journal.h"
#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"

namespace {

using ingot::ByteSpan;
using ingot::LoadLittleEndian;
using ingot::StoreLittleEndian;
using ingot::Status;
using namespace ingot::store;

void Require(bool holds) {
  if (!holds) std::abort();
}

// Batches come in order, each in a group that is then committed.
class CheckingState final : public JournalState {
 public:
  JournalMark mark() const override { return mark_; }
  Status Stage(const JournalBatch& batch) override {
    Require(batch.position == ++position_);
    Require(batch.time >= time_);
    Require(!batch.records.empty());
    time_ = batch.time;
    for (const JournalRecordView& record : batch.records) {
      payload_bytes += record.payload.size();
    }
    return {};
  }
  Status Commit(const JournalMark& mark) override {
    Require(mark.position == position_);
    mark_ = mark;
    return {};
  }
  void Drop() override { std::abort(); }

  uint64_t payload_bytes = 0;

 private:
  JournalMark mark_;
  uint64_t position_ = 0;
  uint64_t time_ = 0;
};

void Mend(std::vector<std::byte>* segment, uint64_t number, SegmentEnd* end) {
  if (segment->size() < kSegmentHeaderBytes) return;
  const auto first_position =
      LoadLittleEndian<uint64_t>(segment->data() + 40);
  const SegmentHeaderBytes header = EncodeSegmentHeader(
      {.number = number, .previous = *end, .first_position = first_position});
  std::memcpy(segment->data(), header.data(), header.size());
  size_t offset = header.size();
  while (segment->size() - offset >= kGroupHeaderBytes) {
    const ByteSpan group = ByteSpan(*segment).subspan(offset);
    const GroupHeader fields = LoadGroupHeader(group);
    if (GroupBytes(fields) > group.size()) break;
    StoreLittleEndian(segment->data() + offset + kGroupChecksumOffset,
                      GroupChecksum(group));
    offset += GroupBytes(fields);
  }
  *end = {number, offset, SegmentChecksum(header)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const bool mend = data[0] % 2 == 0;
  ByteSpan rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  const auto storage = MakeMemoryStorage();
  SegmentEnd end;
  for (uint64_t number = 1; rest.size() >= 2; ++number) {
    const size_t length =
        std::min<size_t>(LoadLittleEndian<uint16_t>(rest.data()),
                         rest.size() - 2);
    std::vector<std::byte> segment(rest.begin() + 2, rest.begin() + 2 + length);
    rest = rest.subspan(2 + length);
    if (mend) Mend(&segment, number, &end);
    auto file = storage->Create(NumberedKey(kJournalFolder, number));
    Require(file.ok() && (*file)->Append(segment).ok());
  }

  CheckingState state;
  auto journal = Journal::Open(storage.get(), {}, &state);
  Require(state.payload_bytes <= size);
  if (!journal.ok()) {
    Require(!journal.error().message.empty());
    return 0;
  }
  Require((*journal)->last_position() == state.mark().position);
  const std::vector<JournalRecord> records = {{1, {std::byte{2}}}};
  const auto appended = (*journal)->Append(records);
  Require(appended.ok() && *appended == state.mark().position);
  CheckingState again;
  Require(Journal::Open(storage.get(), {}, &again).ok());
  Require(again.mark() == state.mark());
  // From where the state already is there is nothing to be told.
  const uint64_t told = again.payload_bytes;
  Require(Journal::Open(storage.get(), {}, &again).ok());
  Require(again.payload_bytes == told && again.mark() == state.mark());
  return 0;
}
