#include "daemon/store/journal.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store/keys.h"

namespace ingot::store {
namespace {

uint64_t SystemTime() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t time =
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return static_cast<uint64_t>(std::max<int64_t>(time, 0));
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::Open(Storage* storage,
                                               JournalOptions options,
                                               JournalState* state) {
  if (!options.clock) options.clock = SystemTime;
  // Only the last segment can hold groups that nobody synced: beginning one
  // follows the sync of the one before. Those of failed beginnings may lie
  // behind it.
  INGOT_ASSIGN(const auto files, storage->List(kJournalFolder));
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    INGOT_TRY(storage->Sync(file->key));
    if (file->size > kSegmentHeaderBytes) break;
  }
  INGOT_ASSIGN(JournalEnd end, ReplayJournal(*storage, state));
  std::unique_ptr<Journal> journal(
      new Journal(storage, std::move(options), state, std::move(end)));
  journal->last_position_ = journal->end_.mark.position;
  journal->last_time_ = journal->end_.time;
  return journal;
}

uint64_t Journal::last_position() const {
  const std::lock_guard lock(mutex_);
  return last_position_;
}

uint64_t Journal::now() const {
  const uint64_t clock = options_.clock();
  const std::lock_guard lock(mutex_);
  return std::max(clock, last_time_);
}

Result<uint64_t> Journal::Append(std::span<const JournalRecord> records) {
  INGOT_ASSIGN(const std::vector<std::byte> batch, EncodeBatch(records));
  Waiter self;
  self.records = records;
  self.batch = batch;
  std::unique_lock lock(mutex_);
  queue_.push_back(&self);
  self.woken.wait(
      lock, [&] { return self.done || (!led_ && queue_.front() == &self); });
  if (self.done) return self.result;
  // Leads a group whose first batch is its own.
  led_ = true;
  std::vector<Waiter*> group;
  size_t bytes = 0;
  while (!queue_.empty() &&
         queue_.front()->batch.size() <= kMaxBatchBytes - bytes) {
    bytes += queue_.front()->batch.size();
    group.push_back(queue_.front());
    queue_.pop_front();
  }
  lock.unlock();
  Lead(group);
  lock.lock();
  last_position_ = end_.mark.position;
  last_time_ = end_.time;
  led_ = false;
  // The next leader first: its group waits for nothing else.
  if (!queue_.empty()) queue_.front()->woken.notify_one();
  for (Waiter* waiter : group) {
    waiter->done = true;
    waiter->woken.notify_one();
  }
  return self.result;
}

void Journal::Lead(std::span<Waiter* const> waiters) {
  const uint64_t time = std::max(end_.time, options_.clock());
  const uint64_t first = end_.mark.position + 1;
  std::vector<Waiter*> accepted;
  std::vector<ByteSpan> batches;
  for (Waiter* waiter : waiters) {
    const Status staged =
        broken_.ok() ? StageBatch(*waiter, first + accepted.size(), time)
                     : broken_;
    if (!staged.ok()) {
      waiter->result = staged.error();
      continue;
    }
    waiter->result = first + accepted.size();
    accepted.push_back(waiter);
    batches.push_back(waiter->batch);
  }
  if (accepted.empty()) return;
  const Status written = WriteGroup(batches, time);
  if (written.ok()) return;
  for (Waiter* waiter : accepted) waiter->result = written.error();
}

Status Journal::StageBatch(const Waiter& waiter, uint64_t position,
                           uint64_t time) {
  std::vector<JournalRecordView> views;
  views.reserve(waiter.records.size());
  for (const JournalRecord& record : waiter.records) {
    views.push_back({record.type, record.payload});
  }
  return state_->Stage({position, time, views});
}

Status Journal::WriteGroup(std::span<const ByteSpan> batches, uint64_t time) {
  const uint64_t first = end_.mark.position + 1;
  if (end_.segment.length >= options_.segment_bytes) file_.reset();
  Status written = file_ == nullptr ? BeginSegment() : Status();
  const std::vector<std::byte> group = EncodeGroup(batches, first, time);
  if (written.ok()) {
    written = file_->Append(group);
    if (written.ok()) written = file_->Sync();
    if (!written.ok()) file_.reset();
  }
  if (!written.ok()) {
    state_->Drop();
    return written;
  }
  const JournalMark mark = {first + batches.size() - 1,
                            LoadGroupHeader(group).checksum};
  const Status committed = state_->Commit(mark);
  if (!committed.ok()) {
    // Durable, and so to be found by the next opening: nothing may follow
    // that does not know it.
    broken_ = WithContext("restart to go on: ", committed.error());
    return broken_;
  }
  end_.segment.length += group.size();
  end_.mark = mark;
  end_.time = time;
  return {};
}

Status Journal::BeginSegment() {
  // A number for each attempt: one that failed may have left its name.
  const uint64_t number = end_.next_number++;
  const std::string key = NumberedKey(kJournalFolder, number);
  INGOT_ASSIGN(auto file, storage_->Create(key));
  const SegmentHeaderBytes header =
      EncodeSegmentHeader({.number = number,
                           .previous = end_.segment,
                           .first_position = end_.mark.position + 1});
  Status written = file->Append(header);
  if (written.ok()) written = file->Sync();
  if (!written.ok()) {
    end_.remains.push_back(key);
    return written;
  }
  file_ = std::move(file);
  end_.segment = {number, kSegmentHeaderBytes, SegmentChecksum(header)};
  // What cannot be removed now is seen, and removed, by a later opening.
  for (const std::string& remains : end_.remains) {
    (void)storage_->Remove(remains).ok();
  }
  end_.remains.clear();
  return {};
}

}  // namespace ingot::store
