#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "daemon/api/authenticate.h"
#include "daemon/api/held_file.h"
#include "daemon/api/hub.h"
#include "daemon/api/json_body.h"
#include "daemon/api/native_routes.h"
#include "daemon/api/object_access.h"
#include "daemon/api/receive_upload.h"
#include "daemon/ingest/container_import.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using ingest::ContainerImport;
using nlohmann::json;
using store::RepositoryName;

// Containers that are decoded at the same time, so that workers are left for
// others. Others wait for a while.
constexpr int kMaxImports = 1;
constexpr std::chrono::milliseconds kLook{100};
constexpr int kMaxLooks = 600;

// One of the containers that are being decoded.
class ImportSlot {
 public:
  explicit ImportSlot(std::shared_ptr<std::atomic<int>> running)
      : running_(std::move(running)) {}
  ~ImportSlot() {
    if (taken_) --*running_;
  }
  ImportSlot(const ImportSlot&) = delete;
  ImportSlot& operator=(const ImportSlot&) = delete;

  bool Take() {
    int running = *running_;
    while (running < kMaxImports && !taken_) {
      taken_ = running_->compare_exchange_weak(running, running + 1);
    }
    return taken_;
  }

 private:
  const std::shared_ptr<std::atomic<int>> running_;
  bool taken_ = false;
};

// Objects that somebody may read. What goes wrong with them is the store's
// fault, not the container's.
class ReadableObjects final : public ingest::OutsideObjects {
 public:
  ReadableObjects(const Hub& hub, auth::Principal who)
      : hub_(hub), access_(hub.store, hub.files->objects(), std::move(who)) {}

  Result<uint64_t> Length(const Digest& object) override {
    const auto known = lengths_.find(object);
    if (known != lengths_.end()) return known->second;
    const Result<bool> readable = access_.MayReadObject(object);
    if (!readable.ok()) return Broken(readable.error());
    if (!*readable) return Missing();
    const auto places = hub_.store->packs().FindObject(object);
    if (!places.ok()) return Broken(places.error());
    if (places->empty()) return Missing();
    return lengths_[object] = places->front().length;
  }

  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    INGOT_ASSIGN(const uint64_t length, Length(object));
    if (offset > length || out.size() > length - offset) {
      return InvalidArgument("is shorter");
    }
    const Status read = hub_.files->objects()->Read(object, offset, out);
    return read.ok() ? Status() : Status(Broken(read.error()));
  }

 private:
  static Error Missing() {
    return {ErrorKind::kNotFound, "not among what may be read here"};
  }
  static Error Broken(const Error& error) {
    return {ErrorKind::kIo, error.message};
  }

  const Hub& hub_;
  ObjectAccess access_;
  std::map<Digest, uint64_t> lengths_;
};

// Files become uploads, and the repository's.
class UploadTarget final : public ingest::ImportTarget {
 public:
  UploadTarget(const Hub* hub, uint64_t repository)
      : hub_(hub), store_(hub->store), repository_(repository) {}

  Result<bool> Begin(const ObjectId& file) override {
    file_ = file;
    INGOT_ASSIGN(const auto held, HoldFile(*hub_, repository_, file.digest));
    if (held) {
      if (held == file.length) return false;
      return Corruption("file " + ToHex(file.digest) + ": has another length");
    }
    INGOT_ASSIGN(upload_, store_->staging().Begin(file.length));
    return true;
  }
  Status Write(ByteSpan bytes) override { return upload_->Write(bytes); }
  Status End() override {
    if (upload_->digest() != file_.digest) {
      return Corruption("file " + ToHex(file_.digest) +
                        ": its bytes have another SHA-256");
    }
    INGOT_TRY(KeepUpload(store_, upload_.get(), repository_));
    upload_.reset();
    return {};
  }

 private:
  const Hub* const hub_;
  store::Store* const store_;
  const uint64_t repository_;
  ObjectId file_;
  std::unique_ptr<store::Staging::Upload> upload_;
};

// What was sent, under a name that says nothing of where it lies.
class SentContainer final : public Source {
 public:
  explicit SentContainer(std::shared_ptr<const Source> bytes)
      : bytes_(std::move(bytes)) {}
  const std::string& name() const override { return name_; }
  uint64_t size() const override { return bytes_->size(); }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    Status read = bytes_->ReadAt(offset, out);
    if (read.ok()) return read;
    // The disk's fault, which is logged and not sent.
    return Error{ErrorKind::kIo, read.error().message};
  }

 private:
  const std::shared_ptr<const Source> bytes_;
  const std::string name_ = "container";
};

// What decoding a container takes, from one step to the next.
struct Import {
  Import(const Hub& hub, uint64_t repository, auth::Principal who)
      : objects(hub, std::move(who)), target(&hub, repository) {}

  Status Open(store::Staging::Upload* upload, uint64_t bytes) {
    INGOT_ASSIGN(std::shared_ptr<const Source> sent, upload->ReadBack());
    auto source = std::make_shared<const SentContainer>(std::move(sent));
    ingest::ImportLimits limits;
    limits.bytes = bytes;
    INGOT_ASSIGN(container, ContainerImport::Open(std::move(source), &objects,
                                                  limits, &target));
    return {};
  }
  json Files() const {
    json files = json::array();
    for (const Manifest& file : container->files()) {
      files.push_back({{"path", file.info.path},
                       {"oid", ToHex(file.id.digest)},
                       {"size", file.id.length}});
    }
    return {{"files", std::move(files)}};
  }

  ReadableObjects objects;
  UploadTarget target;
  std::unique_ptr<ContainerImport> container;
};

std::optional<uint64_t> StatedBytes(const Exchange& exchange) {
  const auto text = exchange.request().target.Parameter("bytes");
  uint64_t bytes = 0;
  if (!text || text->empty()) return std::nullopt;
  const char* const end = text->data() + text->size();
  const auto [last, code] = std::from_chars(text->data(), end, bytes);
  if (code != std::errc() || last != end || bytes > kMaxUploadBytes) {
    return std::nullopt;
  }
  return bytes;
}

// Of a container that was not decoded.
awaitable<void> RefuseImport(Exchange& exchange, Error error) {
  switch (error.kind) {
    case ErrorKind::kCorruption:
    case ErrorKind::kUnsupported:
    case ErrorKind::kNotFound:
      // The container's fault.
      error.kind = ErrorKind::kInvalidArgument;
      break;
    default:
      break;
  }
  co_await http::RespondError(exchange, std::move(error));
}

Error Unavailable(const char* why) { return {ErrorKind::kUnavailable, why}; }

// Waits for a slot. False: there was none, which has been answered.
awaitable<bool> WaitForSlot(Exchange& exchange, ImportSlot* slot) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (int looks = 0; !slot->Take(); ++looks) {
    if (looks == kMaxLooks || exchange.draining()) {
      co_await http::RespondError(
          exchange, Unavailable("other containers are being decoded"));
      co_return false;
    }
    timer.expires_after(kLook);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  co_return true;
}

awaitable<void> Decode(const Hub& hub, Exchange& exchange, Import* import,
                       store::Staging::Upload* upload, uint64_t bytes) {
  const auto open = [&] { return import->Open(upload, bytes); };
  Status opened = co_await hub.workers->Run(open);
  if (!opened.ok()) {
    co_await RefuseImport(exchange, std::move(opened).error());
    co_return;
  }
  const auto step = [&] { return import->container->Step(); };
  while (true) {
    if (exchange.draining()) {
      co_await http::RespondError(exchange, Unavailable("the server ends"));
      co_return;
    }
    Result<bool> more = co_await hub.workers->Run(step);
    if (!more.ok()) {
      co_await RefuseImport(exchange, std::move(more).error());
      co_return;
    }
    if (!*more) break;
  }
  co_await RespondHub(exchange, import->Files());
}

awaitable<void> Put(const Hub& hub, std::shared_ptr<std::atomic<int>> running,
                    Exchange& exchange, RepositoryName name) {
  const auto repository = co_await FindHubRepository(exchange, hub.store, name,
                                                     auth::Right::kWrite);
  if (!repository) co_return;
  const auto who = co_await FindPrincipal(exchange, hub.store->tokens());
  if (!who) co_return;
  const auto bytes = StatedBytes(exchange);
  if (!bytes) {
    co_await http::RespondError(
        exchange, InvalidArgument("bytes: expected how many the files have"));
    co_return;
  }
  const auto upload = hub.store->staging().Begin();
  if (!upload.ok()) {
    co_await http::RespondError(exchange, upload.error());
    co_return;
  }
  store::Staging::Upload* const received = upload->get();
  const unsigned failed =
      co_await ReceiveUpload(exchange, hub.workers, received, kMaxUploadBytes);
  if (failed != 0) {
    co_await http::RespondError(exchange, failed, "the upload failed");
    co_return;
  }
  ImportSlot slot(std::move(running));
  if (!co_await WaitForSlot(exchange, &slot)) co_return;
  Import import(hub, repository->number, *who);
  co_await Decode(hub, exchange, &import, received, *bytes);
}

}  // namespace

void AddNativeUploadRoutes(const Hub& hub, http::Router* router) {
  const auto running = std::make_shared<std::atomic<int>>(0);
  AddNativeRoute(router, "PUT", "/container",
                 http::RouteInfo("Upload files as a container")
                     .Needs("write")
                     .Query("bytes", "How many the files have, at least")
                     .Takes(kContainerType)
                     .Says(400, "The container is damaged, or not as said.")
                     .Says(503, "Others are being decoded.")
                     .Says(507, "There is no space."),
                 [hub, running](Exchange& exchange, RepositoryName name,
                                const PathParameters&) {
                   return Put(hub, running, exchange, std::move(name));
                 });
}

}  // namespace ingot::api
