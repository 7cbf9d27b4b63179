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
                                               uint64_t after,
                                               const JournalReader& reader) {
  if (!options.clock) options.clock = SystemTime;
  // Only the last segment can hold groups that nobody synced: beginning one
  // follows the sync of the one before. Those of failed beginnings may lie
  // behind it.
  INGOT_ASSIGN(const auto files, storage->List(kJournalFolder));
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    INGOT_TRY(storage->Sync(file->key));
    if (file->size > kSegmentHeaderBytes) break;
  }
  INGOT_ASSIGN(JournalEnd end, ReplayJournal(*storage, after, reader));
  std::unique_ptr<Journal> journal(
      new Journal(storage, std::move(options), std::move(end)));
  journal->last_position_ = journal->end_.next_position - 1;
  return journal;
}

uint64_t Journal::last_position() const {
  const std::lock_guard lock(mutex_);
  return last_position_;
}

Result<uint64_t> Journal::Append(std::span<const JournalRecord> records) {
  INGOT_ASSIGN(const std::vector<std::byte> batch, EncodeBatch(records));
  Waiter self{.batch = batch};
  std::unique_lock lock(mutex_);
  queue_.push_back(&self);
  while (true) {
    changed_.wait(lock, [&] { return self.done || !led_; });
    if (self.done) return self.result;
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
    const uint64_t position = end_.next_position;
    const Status written = WriteGroup(group);
    lock.lock();
    for (size_t i = 0; i < group.size(); ++i) {
      group[i]->done = true;
      if (written.ok()) {
        group[i]->result = position + i;
        last_position_ = position + i;
      } else {
        group[i]->result = written.error();
      }
    }
    led_ = false;
    changed_.notify_all();
  }
}

Status Journal::WriteGroup(std::span<Waiter* const> waiters) {
  if (end_.segment.length >= options_.segment_bytes) file_.reset();
  if (file_ == nullptr) INGOT_TRY(BeginSegment());
  std::vector<ByteSpan> batches;
  for (const Waiter* waiter : waiters) batches.push_back(waiter->batch);
  const uint64_t time = std::max(end_.time, options_.clock());
  const std::vector<std::byte> group =
      EncodeGroup(batches, end_.next_position, time);
  Status written = file_->Append(group);
  if (written.ok()) written = file_->Sync();
  if (!written.ok()) {
    file_.reset();
    return written;
  }
  end_.segment.length += group.size();
  end_.next_position += waiters.size();
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
                           .first_position = end_.next_position});
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
