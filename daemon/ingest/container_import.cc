#include "daemon/ingest/container_import.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "codec/container_reader.h"
#include "codec/stream_encoder.h"

namespace ingot::ingest {
namespace {

constexpr uint64_t kStep = uint64_t{4} << 20;
// Of most objects of packs.
constexpr uint64_t kOutsideBlock = uint64_t{512} << 10;

// A Source that several readers read.
class SharedSource final : public Source {
 public:
  explicit SharedSource(std::shared_ptr<const Source> source)
      : source_(std::move(source)) {}
  const std::string& name() const override { return source_->name(); }
  uint64_t size() const override { return source_->size(); }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    return source_->ReadAt(offset, out);
  }

 private:
  const std::shared_ptr<const Source> source_;
};

// What decoding may still cost.
class Work {
 public:
  explicit Work(uint64_t left) : left_(left) {}
  Status Take(uint64_t bytes) {
    if (bytes > left_) {
      return Unsupported("the container's deltas take too much work to decode");
    }
    left_ -= bytes;
    return {};
  }

 private:
  uint64_t left_;
};

uint64_t BlockBytes(const ObjectInfo& object) {
  return BlockElements(object.element_dtype, object.columns) *
         (GetDTypeInfo(object.element_dtype).bits / 8);
}

}  // namespace

class ContainerImport::Impl {
 public:
  Impl(std::shared_ptr<const Source> container, OutsideObjects* others,
       const ImportLimits& limits, ImportTarget* target)
      : container_(std::move(container)),
        others_(others),
        limits_(limits),
        target_(target),
        work_(0) {}

  Status Open();
  std::span<const Manifest> files() const {
    return levels_[0]->reader->files();
  }
  Result<bool> Step();

 private:
  // A reader whose objects of depth below `depth` may be read: what an object
  // of that depth refers to. One is busy while it decodes, so each depth has
  // its own.
  struct Level final : public ReferenceSource {
    Status Read(const Digest& object, uint64_t offset,
                MutableByteSpan out) override {
      return owner->ReadReference(*this, object, offset, out);
    }
    Impl* owner = nullptr;
    unsigned depth = 0;
    std::unique_ptr<ContainerReader> reader;
  };

  Result<Level*> LevelOf(unsigned depth);
  Status ReadReference(const Level& from, const Digest& object, uint64_t offset,
                       MutableByteSpan out);
  Status CheckFiles();

  const std::shared_ptr<const Source> container_;
  OutsideObjects* const others_;
  const ImportLimits limits_;
  ImportTarget* const target_;
  Work work_;
  // The first reads files, whose objects may have any depth.
  std::vector<std::unique_ptr<Level>> levels_;
  std::map<Digest, size_t> objects_;
  size_t file_ = 0;
  uint64_t done_ = 0;  // of the file
  bool begun_ = false;
};

Result<ContainerImport::Impl::Level*> ContainerImport::Impl::LevelOf(
    unsigned depth) {
  for (const std::unique_ptr<Level>& level : levels_) {
    if (level->depth == depth) return level.get();
  }
  auto level = std::make_unique<Level>();
  level->owner = this;
  level->depth = depth;
  INGOT_ASSIGN(level->reader, ContainerReader::Open(
                                  std::make_unique<SharedSource>(container_),
                                  {.threads = 1, .references = level.get()}));
  levels_.push_back(std::move(level));
  return levels_.back().get();
}

Status ContainerImport::Impl::CheckFiles() {
  if (files().empty() || files().size() > limits_.files) {
    return InvalidArgument("a container of " + std::to_string(files().size()) +
                           " files, expected 1 to " +
                           std::to_string(limits_.files));
  }
  uint64_t left = limits_.bytes;
  for (const Manifest& file : files()) {
    if (file.id.length > left) {
      return InvalidArgument("the container's files have more than " +
                             std::to_string(limits_.bytes) + " bytes");
    }
    left -= file.id.length;
  }
  return {};
}

Status ContainerImport::Impl::Open() {
  INGOT_ASSIGN(Level* const top, LevelOf(limits_.depth + 1));
  const ContainerReader& reader = *top->reader;
  INGOT_TRY(CheckFiles());
  for (size_t i = 0; i < reader.object_count(); ++i) {
    const ObjectInfo object = reader.object(i);
    if (object.depth > limits_.depth) {
      return InvalidArgument("a chain of " + std::to_string(object.depth) +
                             " deltas, more than " +
                             std::to_string(limits_.depth));
    }
    objects_.emplace(object.id.digest, i);
  }
  work_ = Work(limits_.free_work +
               std::min(limits_.bytes, UINT64_MAX / 32) * limits_.work);
  return {};
}

Status ContainerImport::Impl::ReadReference(const Level& from,
                                            const Digest& object,
                                            uint64_t offset,
                                            MutableByteSpan out) {
  const auto found = objects_.find(object);
  if (found == objects_.end()) {
    INGOT_ASSIGN(const uint64_t length, others_->Length(object));
    // Whoever has it decodes blocks, too.
    INGOT_TRY(work_.Take(out.size() + std::min(length, kOutsideBlock)));
    return others_->Read(object, offset, out);
  }
  const ObjectInfo info = from.reader->object(found->second);
  if (offset > info.id.length || out.size() > info.id.length - offset) {
    return InvalidArgument(ToHex(object) + ": is shorter");
  }
  if (info.depth >= from.depth) {
    return Corruption(ToHex(object) + ": is coded against itself");
  }
  INGOT_TRY(
      work_.Take(out.size() + std::min(info.id.length, BlockBytes(info))));
  INGOT_ASSIGN(Level* const level, LevelOf(info.depth));
  return level->reader->ReadObject(found->second, offset, offset + out.size(),
                                   CopyTo(out));
}

Result<bool> ContainerImport::Impl::Step() {
  if (file_ == files().size()) return false;
  const Manifest& file = files()[file_];
  if (!begun_) {
    INGOT_ASSIGN(const bool wanted, target_->Begin(file.id));
    if (!wanted) {
      ++file_;
      return true;
    }
    begun_ = true;
    done_ = 0;
  }
  const uint64_t end = std::min(file.id.length, done_ + kStep);
  INGOT_TRY(work_.Take(end - done_));
  INGOT_TRY(levels_[0]->reader->ReadFile(
      file_, done_, end,
      [this](ByteSpan bytes) { return target_->Write(bytes); }));
  done_ = end;
  if (done_ < file.id.length) return true;
  begun_ = false;
  ++file_;
  INGOT_TRY(target_->End());
  return true;
}

Result<std::unique_ptr<ContainerImport>> ContainerImport::Open(
    std::shared_ptr<const Source> container, OutsideObjects* others,
    const ImportLimits& limits, ImportTarget* target) {
  auto impl =
      std::make_unique<Impl>(std::move(container), others, limits, target);
  INGOT_TRY(impl->Open());
  return std::unique_ptr<ContainerImport>(new ContainerImport(std::move(impl)));
}

ContainerImport::ContainerImport(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
ContainerImport::~ContainerImport() = default;

std::span<const Manifest> ContainerImport::files() const {
  return impl_->files();
}

Result<bool> ContainerImport::Step() { return impl_->Step(); }

}  // namespace ingot::ingest
