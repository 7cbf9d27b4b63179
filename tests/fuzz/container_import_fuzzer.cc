// Any bytes as a container that somebody uploads, as they are and with their
// checksums repaired: no more is written than was said, and what is taken for
// whole is.

#include <optional>
#include <vector>

#include "codec/digest.h"
#include "codec/source.h"
#include "daemon/ingest/container_import.h"
#include "tests/fuzz/any_source.h"
#include "tests/fuzz/container_repair.h"
#include "tests/fuzz/fuzz_checks.h"

namespace ingot {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{1} << 20;
constexpr size_t kMaxFiles = 20;

class AnyObjects final : public ingest::OutsideObjects {
 public:
  Result<uint64_t> Length(const Digest& object) override {
    std::byte none{};
    INGOT_TRY(any_.Read(object, 0, {&none, 0}));
    return AnySource::kLength;
  }
  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    bytes_read += out.size();
    return any_.Read(object, offset, out);
  }
  uint64_t bytes_read = 0;

 private:
  AnySource any_;
};

class CheckingTarget final : public ingest::ImportTarget {
 public:
  Result<bool> Begin(const ObjectId& file) override {
    Check(!file_);
    file_ = file;
    hasher_ = Hasher();
    size_ = 0;
    // One in four is not wanted.
    if ((file.digest.bytes[1] & std::byte{3}) != std::byte{}) return true;
    file_.reset();
    return false;
  }
  Status Write(ByteSpan bytes) override {
    Check(file_.has_value());
    hasher_.Update(bytes);
    size_ += bytes.size();
    total_ += bytes.size();
    Check(size_ <= file_->length && total_ <= kMaxBytes);
    return {};
  }
  Status End() override {
    Check(size_ == file_->length);
    const bool same = hasher_.Finish() == file_->digest;
    file_.reset();
    return same ? Status() : Status(Corruption("another digest"));
  }

 private:
  std::optional<ObjectId> file_;
  Hasher hasher_;
  uint64_t size_ = 0;
  uint64_t total_ = 0;
};

void TryImport(ByteSpan bytes) {
  AnyObjects objects;
  CheckingTarget target;
  ingest::ImportLimits limits;
  limits.files = kMaxFiles;
  limits.bytes = kMaxBytes;
  limits.free_work = kMaxBytes;
  const auto import = ingest::ContainerImport::Open(MakeMemorySource(bytes),
                                                    &objects, limits, &target);
  Result<bool> more = true;
  if (import.ok()) {
    Check((*import)->files().size() <= kMaxFiles);
    while (more.ok() && *more) more = (*import)->Step();
  }
  Check(objects.bytes_read <= limits.free_work + limits.work * kMaxBytes);
  const Status status = !import.ok() ? Status(import.error())
                        : more.ok()  ? Status()
                                     : Status(more.error());
  if (!status.ok() && status.error().kind != ErrorKind::kInvalidArgument) {
    CheckRefusalOrMissing(status.error());
  }
}

}  // namespace
}  // namespace ingot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ingot::ByteSpan bytes(reinterpret_cast<const std::byte*>(data), size);
  std::vector<std::byte> repaired(bytes.begin(), bytes.end());
  ingot::RepairChecksums(&repaired);
  ingot::TryImport(bytes);
  ingot::TryImport(repaired);
  return 0;
}
