#include "daemon/api/multipart_uploads.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ranges>
#include <stop_token>
#include <utility>

#include "codec/digest.h"
#include "daemon/api/receive_upload.h"

namespace ingot::api {
namespace {

constexpr uint64_t kMaxParts = 1000;
constexpr size_t kCopiedBytes = 1 << 20;
// A request that brings a part appends as many at most: one's own, and one of
// those that came before their turn.
constexpr int kAppendedAtOnce = 2;

uint64_t CeilOfRatio(uint64_t a, uint64_t b) {
  return a / b + (a % b != 0 ? 1 : 0);
}

uint64_t PartsOf(const PartPermit& permit) {
  return CeilOfRatio(permit.whole.length, permit.chunk);
}

Status Copy(const store::Staging::Upload& from, store::Staging::Upload* to) {
  INGOT_ASSIGN(const std::unique_ptr<Source> source, from.Open());
  std::vector<std::byte> bytes;
  for (uint64_t at = 0; at < source->size(); at += bytes.size()) {
    bytes.resize(std::min<uint64_t>(kCopiedBytes, source->size() - at));
    INGOT_TRY(source->ReadAt(at, bytes));
    INGOT_TRY(to->Write(bytes));
  }
  return {};
}

}  // namespace

// One upload.
struct MultipartUploads::Whole {
  struct Held {
    Digest digest;
    // Null: appended, or just being so.
    std::unique_ptr<store::Staging::Upload> file;
  };

  // What changes of these is guarded by the registry's mutex.
  uint64_t repository = 0;
  size_t uses = 0;
  uint64_t last_used = 0;

  // Whoever set `busy` has this alone: the parts 1 to `appended`.
  std::unique_ptr<store::Staging::Upload> upload;
  uint64_t appended = 0;

  std::mutex mutex;  // guards the rest
  std::map<uint64_t, Held> parts;
  bool busy = false;
  std::optional<Error> failed;  // for good
};

class MultipartUploads::Use {
 public:
  Use(MultipartUploads* uploads, std::shared_ptr<Whole> whole)
      : uploads_(uploads), whole_(std::move(whole)) {}
  ~Use() {
    const uint64_t now = uploads_->store_->tokens().now();
    const std::lock_guard lock(uploads_->mutex_);
    --whole_->uses;
    whole_->last_used = now;
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  Whole* whole() const { return whole_.get(); }

 private:
  MultipartUploads* const uploads_;
  const std::shared_ptr<Whole> whole_;
};

MultipartUploads::Part::Part(std::unique_ptr<Use> use, uint64_t number,
                             uint64_t length,
                             std::unique_ptr<store::Staging::Upload> upload)
    : use_(std::move(use)),
      number_(number),
      length_(length),
      upload_(std::move(upload)) {}
MultipartUploads::Part::~Part() = default;

MultipartUploads::MultipartUploads(store::Store* store,
                                   MultipartOptions options)
    : store_(store), options_(options), expirer_([this](std::stop_token stop) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
          ending_.wait_for(lock, stop, std::chrono::minutes(1),
                           [] { return false; });
          Expire();
        }
      }) {}
MultipartUploads::~MultipartUploads() = default;

std::optional<PartsPlan> MultipartUploads::Plan(uint64_t length) const {
  if (options_.bytes == 0 || length <= options_.bytes) return std::nullopt;
  const uint64_t chunk =
      std::max(options_.bytes, CeilOfRatio(length, kMaxParts));
  return PartsPlan{.chunk = chunk, .parts = CeilOfRatio(length, chunk)};
}

Result<std::unique_ptr<MultipartUploads::Use>> MultipartUploads::Find(
    const PartPermit& permit, bool may_create) {
  const uint64_t now = store_->tokens().now();
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(permit.upload);
  if (found == uploads_.end() && !may_create) {
    return Error{ErrorKind::kNotFound,
                 "no part of this upload has come, or it is over"};
  }
  std::shared_ptr<Whole> whole;
  if (found != uploads_.end()) {
    whole = found->second;
  } else {
    const auto same = std::ranges::count(
        uploads_ | std::views::values, permit.whole.repository,
        [](const std::shared_ptr<Whole>& one) { return one->repository; });
    if (uploads_.size() >= options_.most ||
        static_cast<size_t>(same) >= options_.most_of_repository) {
      return Error{ErrorKind::kUnavailable, "too many unfinished uploads"};
    }
    whole = std::make_shared<Whole>();
    whole->repository = permit.whole.repository;
    uploads_.emplace(permit.upload, whole);
  }
  ++whole->uses;
  whole->last_used = now;
  return std::make_unique<Use>(this, std::move(whole));
}

Result<std::unique_ptr<MultipartUploads::Part>> MultipartUploads::BeginPart(
    const PartPermit& permit) {
  const uint64_t parts = PartsOf(permit);
  if (permit.part == 0 || permit.part > parts) {
    return InvalidArgument("there is no such part");
  }
  const uint64_t length = std::min(
      permit.chunk, permit.whole.length - (permit.part - 1) * permit.chunk);
  INGOT_ASSIGN(std::unique_ptr<Use> use, Find(permit, /*may_create=*/true));
  INGOT_ASSIGN(auto upload, store_->staging().Begin(length));
  return std::unique_ptr<Part>(
      new Part(std::move(use), permit.part, length, std::move(upload)));
}

Result<std::string> MultipartUploads::KeepPart(std::unique_ptr<Part> part) {
  if (part->upload_->size() != part->length_) {
    return InvalidArgument("expected " + std::to_string(part->length_) +
                           " bytes");
  }
  Whole* const whole = part->use_->whole();
  const Digest digest = part->upload_->digest();
  part->upload_->Close();
  // Its file is removed when nobody waits for it.
  std::unique_ptr<store::Staging::Upload> replaced;
  {
    const std::lock_guard lock(whole->mutex);
    if (whole->failed) return *whole->failed;
    const auto [held, is_new] = whole->parts.try_emplace(part->number_);
    if (is_new || held->second.file) {
      replaced = std::move(held->second.file);
      held->second = {digest, std::move(part->upload_)};
    } else if (held->second.digest != digest) {
      return Error{ErrorKind::kConflict,
                   "the part has come with other bytes, and was used"};
    }
    if (whole->busy) return ToHex(digest);
    whole->busy = true;
  }
  for (int i = 0; i < kAppendedAtOnce; ++i) {
    const Result<bool> appended = AppendNext(whole);
    if (!appended.ok()) return appended.error();
    if (!*appended) break;
  }
  const std::lock_guard lock(whole->mutex);
  whole->busy = false;
  return ToHex(digest);
}

Result<bool> MultipartUploads::AppendNext(Whole* whole) {
  std::unique_ptr<store::Staging::Upload> next;
  {
    const std::lock_guard lock(whole->mutex);
    const auto held = whole->parts.find(whole->appended + 1);
    if (held == whole->parts.end()) return false;
    next = std::move(held->second.file);
  }
  const auto append = [&]() -> Status {
    if (!whole->upload) {
      INGOT_ASSIGN(whole->upload, store_->staging().Begin());
    }
    return Copy(*next, whole->upload.get());
  };
  const Status appended = append();
  if (appended.ok()) {
    ++whole->appended;
    return true;
  }
  // Half of a part cannot be taken back. The space is for others.
  whole->upload.reset();
  std::map<uint64_t, Whole::Held> dropped;
  const std::lock_guard lock(whole->mutex);
  whole->failed = appended.error();
  dropped.swap(whole->parts);
  return appended.error();
}

Status MultipartUploads::Complete(
    const PartPermit& permit, const std::map<uint64_t, std::string>& etags) {
  INGOT_ASSIGN(const std::unique_ptr<Use> use, Find(permit, false));
  Whole* const whole = use->whole();
  {
    const std::lock_guard lock(whole->mutex);
    for (uint64_t part = 1; !whole->failed && part <= PartsOf(permit); ++part) {
      const auto held = whole->parts.find(part);
      const auto etag = etags.find(part);
      if (held == whole->parts.end() || etag == etags.end() ||
          etag->second != ToHex(held->second.digest)) {
        return InvalidArgument("part " + std::to_string(part) +
                               " is missing, or another");
      }
    }
    if (!whole->failed && whole->busy) {
      return Error{ErrorKind::kConflict, "is being put together"};
    }
    // For good.
    whole->busy = true;
  }
  const Status finished = Finish(whole, permit);
  Forget(permit.upload);
  return finished;
}

Status MultipartUploads::Finish(Whole* whole, const PartPermit& permit) {
  {
    const std::lock_guard lock(whole->mutex);
    if (whole->failed) return *whole->failed;
  }
  while (true) {
    INGOT_ASSIGN(const bool appended, AppendNext(whole));
    if (!appended) break;
  }
  if (!whole->upload || whole->upload->size() != permit.whole.length ||
      whole->upload->digest() != permit.whole.file) {
    return InvalidArgument("the bytes have another SHA-256");
  }
  return KeepUpload(store_, whole->upload.get(), permit.whole.repository);
}

void MultipartUploads::Forget(uint64_t upload) {
  // Files are removed when nobody waits for it.
  std::shared_ptr<Whole> forgotten;
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(upload);
  if (found == uploads_.end()) return;
  forgotten = std::move(found->second);
  uploads_.erase(found);
}

void MultipartUploads::Expire() {
  const uint64_t now = store_->tokens().now();
  std::vector<std::shared_ptr<Whole>> expired;
  const std::lock_guard lock(mutex_);
  for (auto one = uploads_.begin(); one != uploads_.end();) {
    const Whole& whole = *one->second;
    if (whole.uses == 0 &&
        now - whole.last_used >= options_.idle_milliseconds) {
      expired.push_back(std::move(one->second));
      one = uploads_.erase(one);
    } else {
      ++one;
    }
  }
}

size_t MultipartUploads::unfinished() const {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

}  // namespace ingot::api
