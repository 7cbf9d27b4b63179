// Sources and Sinks that remember whether it was they who failed, so that an
// error of what uses several of them is laid at the right door.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_INGEST_WATCHED_H_
#define INGOT_DAEMON_INGEST_WATCHED_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/sink.h"
#include "codec/source.h"

namespace ingot::ingest {

// A Source that fails once *stop is true, kCancelled, and remembers whether it
// failed otherwise. `stop` may be null.
class WatchedSource final : public Source {
 public:
  WatchedSource(std::unique_ptr<Source> source, const std::atomic<bool>* stop)
      : source_(std::move(source)), stop_(stop) {}

  bool has_failed() const { return has_failed_; }
  const std::string& name() const override { return source_->name(); }
  uint64_t size() const override { return source_->size(); }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    if (stop_ != nullptr && *stop_) {
      return Error{ErrorKind::kCancelled, name() + ": packing was stopped"};
    }
    Status read = source_->ReadAt(offset, out);
    has_failed_ = has_failed_ || !read.ok();
    return read;
  }

 private:
  const std::unique_ptr<Source> source_;
  const std::atomic<bool>* const stop_;
  mutable bool has_failed_ = false;
};

// A Sink that remembers whether it failed.
class WatchedSink final : public Sink {
 public:
  explicit WatchedSink(Sink* sink) : sink_(sink) {}
  bool has_failed() const { return has_failed_; }
  Status Write(ByteSpan bytes) override {
    Status written = sink_->Write(bytes);
    has_failed_ = has_failed_ || !written.ok();
    return written;
  }

 private:
  Sink* const sink_;
  bool has_failed_ = false;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_WATCHED_H_
