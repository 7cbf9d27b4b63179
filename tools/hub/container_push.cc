#include "tools/hub/container_push.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "codec/digest.h"
#include "codec/sink.h"
#include "codec/stream_encoder.h"
#include "formats/encode_file.h"
#include "tools/hub/partial_file.h"

namespace ingot {
namespace {

// Of what was read so far a container may be no longer than this part. Not
// looked at before that much was read: it may begin with what is hard to code.
constexpr uint64_t kPercent = 95;
constexpr uint64_t kLookAfter = uint64_t{128} << 20;

// A temporary file without a name, which is gone with the last that has it
// open. Refuses what makes it longer than is worth while.
class ContainerFile final : public Sink {
 public:
  ContainerFile(OpenFile file, std::string name, uint64_t raw_bytes,
                const std::atomic<bool>* cancelled)
      : file_(std::move(file)),
        name_(std::move(name)),
        raw_bytes_(raw_bytes),
        cancelled_(cancelled) {}

  static Result<std::unique_ptr<ContainerFile>> Create(
      uint64_t raw_bytes, const std::atomic<bool>* cancelled) {
    std::error_code error;
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path(error);
    if (error) return ErrnoError("TMPDIR", error.value());
    std::string name = folder / "ingot-push-XXXXXX";
    OpenFile file(mkostemp(name.data(), O_CLOEXEC));
    if (!file.ok()) return ErrnoError(name, errno);
    unlink(name.c_str());
    return std::make_unique<ContainerFile>(std::move(file), std::move(name),
                                           raw_bytes, cancelled);
  }

  void HasRead(uint64_t bytes) { read_ += bytes; }
  bool saves_too_little() const { return saves_too_little_; }
  Result<std::unique_ptr<Source>> Open() const {
    return OpenFileSource("/proc/self/fd/" + std::to_string(file_.get()));
  }

  Status Write(ByteSpan bytes) override {
    if (*cancelled_) return Error{ErrorKind::kCancelled, "cancelled"};
    const uint64_t limit = read_ < kLookAfter ? raw_bytes_ : read_;
    if (written_ + bytes.size() > limit / 100 * kPercent) {
      saves_too_little_ = true;
      return Error{ErrorKind::kResourceExhausted, name_ + ": no shorter"};
    }
    while (!bytes.empty()) {
      const ssize_t put = pwrite(file_.get(), bytes.data(), bytes.size(),
                                 static_cast<off_t>(written_));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return ErrnoError(name_, errno);
      bytes = bytes.subspan(static_cast<size_t>(put));
      written_ += static_cast<uint64_t>(put);
    }
    return {};
  }
  bool CanRewind() const override { return true; }
  Status Rewind(uint64_t position) override {
    if (ftruncate(file_.get(), static_cast<off_t>(position)) != 0) {
      return ErrnoError(name_, errno);
    }
    written_ = position;
    return {};
  }

 private:
  const OpenFile file_;
  const std::string name_;
  const uint64_t raw_bytes_;
  const std::atomic<bool>* const cancelled_;
  uint64_t written_ = 0;
  uint64_t read_ = 0;
  bool saves_too_little_ = false;
};

}  // namespace

Result<std::unique_ptr<ContainerPush>> ContainerPush::Create(
    const std::vector<std::string>& bases, const std::atomic<bool>* cancelled) {
  std::unique_ptr<ContainerPush> push(new ContainerPush(cancelled));
  for (const std::string& base : bases) INGOT_TRY(push->bases_.Add(base));
  push->use_bases_ = !bases.empty();
  return push;
}

Result<std::optional<ContainerPush::Encoded>> ContainerPush::Encode(
    const Source& file, const ContentId& id) {
  const std::lock_guard lock(encoding_);
  INGOT_ASSIGN(const std::unique_ptr<ContainerFile> sink,
               ContainerFile::Create(file.size(), cancelled_));
  BaseModels* const bases = use_bases_ ? &bases_ : nullptr;
  bool refers = false;
  const auto encode = [&]() -> Result<ObjectId> {
    INGOT_ASSIGN(const Layout layout, ChooseLayout(file, std::nullopt));
    INGOT_ASSIGN(
        const std::unique_ptr<StreamEncoder> encoder,
        StreamEncoder::Create(sink.get(), {.threads = 0, .references = bases}));
    FileInfo info;
    info.path = "file";  // its name is in the commit
    INGOT_ASSIGN(const ObjectId encoded,
                 EncodeFile(
                     file, layout, std::move(info), encoder.get(),
                     [&](uint64_t bytes) { sink->HasRead(bytes); }, bases));
    INGOT_TRY(encoder->Finish());
    refers = !encoder->outside_objects().empty();
    return encoded;
  };
  const Result<ObjectId> encoded = encode();
  if (sink->saves_too_little()) return std::optional<Encoded>();
  if (!encoded.ok()) return encoded.error();
  if (ToHex(encoded->digest) != id.hex) {
    return Error{ErrorKind::kConflict,
                 file.name() + ": changed while it was read"};
  }
  Encoded result;
  INGOT_ASSIGN(result.container, sink->Open());
  result.refers = refers;
  return std::optional(std::move(result));
}

Result<std::optional<uint64_t>> ContainerPush::Send(Transfer* transfer,
                                                    const Source& file,
                                                    const ContentId& id) {
  while (!refused_) {
    Result<std::optional<Encoded>> encoded = Encode(file, id);
    if (encoded.ok() && !*encoded) break;
    Status sent;
    if (encoded.ok()) {
      const std::lock_guard lock(sending_);
      if (refused_) break;
      sent = transfer->SendContainer(*(**encoded).container, file.size());
      if (sent.ok()) return std::optional((**encoded).container->size());
    } else {
      sent = std::move(encoded).error();
    }
    const Error& error = sent.error();
    if (error.kind == ErrorKind::kCancelled) return error;
    // A server without containers is none that anything is wrong with.
    if (encoded.ok() && (error.kind == ErrorKind::kNotFound ||
                         error.kind == ErrorKind::kUnsupported)) {
      refused_ = true;
      break;
    }
    const bool again = encoded.ok() && (**encoded).refers &&
                       error.kind == ErrorKind::kInvalidArgument;
    {
      const std::lock_guard lock(mutex_);
      notes_.push_back(file.name() +
                       (again ? ": is sent without bases: "
                              : ": is not sent as a container: ") +
                       error.message);
    }
    if (!again) break;
    use_bases_ = false;
  }
  return std::optional<uint64_t>();
}

std::vector<std::string> ContainerPush::TakeNotes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notes_, {});
}

}  // namespace ingot
