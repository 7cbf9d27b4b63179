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

  uint64_t position = 0;
  uint64_t time = 0;
  uint64_t payload_bytes = 0;
  const auto read = [&](const JournalBatch& batch) -> Status {
    Require(batch.position == ++position);
    Require(batch.time >= time);
    Require(!batch.records.empty());
    time = batch.time;
    for (const JournalRecordView& record : batch.records) {
      payload_bytes += record.payload.size();
    }
    return {};
  };
  auto journal = Journal::Open(storage.get(), {}, 0, read);
  Require(payload_bytes <= size);
  if (!journal.ok()) {
    Require(!journal.error().message.empty());
    return 0;
  }
  Require((*journal)->last_position() == position);
  const std::vector<JournalRecord> records = {{1, {std::byte{2}}}};
  const auto appended = (*journal)->Append(records);
  Require(appended.ok() && *appended == position + 1);
  position = time = payload_bytes = 0;
  Require(Journal::Open(storage.get(), {}, 0, read).ok());
  Require(position == *appended);
  return 0;
}
