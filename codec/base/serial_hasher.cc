#include "codec/base/serial_hasher.h"

#include <system_error>

namespace ingot {

SerialHasher::SerialHasher(bool use_thread) {
  if (!use_thread) return;
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    // Where the system refuses a thread the caller's does the work.
  }
}

SerialHasher::~SerialHasher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

uint64_t SerialHasher::Update(ByteSpan bytes) {
  if (!thread_.joinable()) {
    hasher_.Update(bytes);
    return 0;
  }
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(bytes);
  }
  changed_.notify_all();
  return ++queued_;
}

void SerialHasher::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const ByteSpan bytes = queue_.front();
    queue_.pop_front();
    lock.unlock();
    hasher_.Update(bytes);
    lock.lock();
    ++hashed_;
    changed_.notify_all();
  }
}

void SerialHasher::Wait(uint64_t mark) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return hashed_ >= mark; });
}

Digest SerialHasher::Peek() {
  Wait(queued_);
  return hasher_.Peek();
}

Digest SerialHasher::Finish() {
  Wait(queued_);
  return hasher_.Finish();
}

}  // namespace ingot
