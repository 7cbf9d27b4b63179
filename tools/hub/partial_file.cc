#include "tools/hub/partial_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <utility>

namespace ingot {
namespace {

constexpr int kOpenFlags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
// More than any state is long: 18 bytes for each of four million chunks.
constexpr off_t kMaxStateBytes = 80 << 20;

Status ReadAllAt(int fd, const std::string& path, uint64_t offset,
                 MutableByteSpan out) {
  while (!out.empty()) {
    const ssize_t got =
        pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(path, errno);
    if (got == 0) return Corruption(path + ": somebody else shortened it");
    out = out.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return {};
}

Status WriteAllAt(int fd, const std::string& path, uint64_t offset,
                  ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t put =
        pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return ErrnoError(path, errno);
    bytes = bytes.subspan(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return {};
}

Status MakeDurable(int fd, const std::string& path) {
  while (fsync(fd) != 0) {
    if (errno != EINTR) return ErrnoError(path + ": fsync", errno);
  }
  return {};
}

std::string StateHead(const ContentId& id, uint64_t chunk_bytes) {
  return "ingot-pull 1 " + std::to_string(id.size) + " " +
         std::to_string(chunk_bytes) + "\n";
}

}  // namespace

OpenFile::~OpenFile() {
  if (fd_ >= 0) close(fd_);
}
OpenFile::OpenFile(OpenFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}
OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Status MoveFile(const std::string& from, const std::string& to, bool replace) {
  int failed;
  if (replace) {
    failed = rename(from.c_str(), to.c_str());
  } else {
    failed = renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                       RENAME_NOREPLACE);
    if (failed != 0 && (errno == EINVAL || errno == ENOSYS)) {
      // This file system cannot: a hard link refuses an existing name too.
      failed = link(from.c_str(), to.c_str());
      if (failed == 0) unlink(from.c_str());
    }
  }
  if (failed == 0) return {};
  if (errno == EEXIST) {
    return Error{ErrorKind::kConflict, to + ": appeared meanwhile"};
  }
  return ErrnoError(to, errno);
}

PartialFile::PartialFile(std::string folder, ContentId id, uint64_t chunk_bytes,
                         bool hashed)
    : folder_(std::move(folder)),
      id_(std::move(id)),
      chunk_bytes_(chunk_bytes),
      hashes_(hashed),
      there_(std::max<uint64_t>(1, DivideRoundingUp(id_.size, chunk_bytes))),
      hasher_(id_.kind, id_.size) {}

Result<std::unique_ptr<PartialFile>> PartialFile::Open(
    const std::string& folder, const ContentId& id, uint64_t chunk_bytes,
    bool hashed) {
  std::unique_ptr<PartialFile> file(
      new PartialFile(folder, id, chunk_bytes, hashed));
  INGOT_TRY(file->OpenData());
  if (file->has_state()) {
    const std::string path = file->Path(".state");
    file->state_ = OpenFile(open(path.c_str(), kOpenFlags, 0666));
    if (!file->state_.ok()) return ErrnoError(path, errno);
    file->ReadState();
  }
  if (file->resumed_bytes_ == 0) INGOT_TRY(file->Restart());
  return file;
}

std::string PartialFile::Path(const char* suffix) const {
  return folder_ + "/" + id_.hex + suffix;
}

Status PartialFile::OpenData() {
  const std::string path = Path(".part");
  data_ = OpenFile(open(path.c_str(), kOpenFlags, 0666));
  if (!data_.ok()) return ErrnoError(path, errno);
  struct stat info;
  if (fstat(data_.get(), &info) != 0) return ErrnoError(path, errno);
  // A hard link would have its other name change too.
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1) {
    return Error{ErrorKind::kConflict, path + ": not a regular file"};
  }
  return {};
}

void PartialFile::ReadState() {
  struct stat state;
  struct stat data;
  if (fstat(state_.get(), &state) != 0 || fstat(data_.get(), &data) != 0 ||
      !S_ISREG(state.st_mode) || state.st_size > kMaxStateBytes ||
      static_cast<uint64_t>(data.st_size) != id_.size) {
    return;
  }
  std::string text(static_cast<size_t>(state.st_size), '\0');
  const std::string head = StateHead(id_, chunk_bytes_);
  if (!ReadAllAt(state_.get(), "", 0, std::as_writable_bytes(std::span(text)))
           .ok() ||
      !text.starts_with(head)) {
    return;
  }
  // "etag ..." or a chunk's number; a line that was cut short is none.
  for (size_t begin = head.size(); begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;
    const std::string_view line =
        std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    size_t chunk = 0;
    if (line.starts_with("etag ")) {
      etag_ = line.substr(5);
    } else if (const auto [last, code] = std::from_chars(
                   line.data(), line.data() + line.size(), chunk);
               code == std::errc() && last == line.data() + line.size() &&
               chunk < there_.size() && !there_[chunk]) {
      there_[chunk] = true;
      resumed_bytes_ += ChunkEnd(chunk) - ChunkBegin(chunk);
    }
  }
  // Where a line was cut short, the next begins anew.
  if (!text.ends_with('\n')) {
    (void)WriteAllAt(state_.get(), "", text.size(), AsBytes("\n"));
  }
}

Status PartialFile::Restart() {
  std::ranges::fill(there_, false);
  etag_.clear();
  resumed_bytes_ = 0;
  hashed_ = 0;
  hasher_ = ContentHasher(id_.kind, id_.size);
  const std::string path = Path(".part");
  // From nothing: what was there may take less space than it seems to.
  if (ftruncate(data_.get(), 0) != 0 ||
      ftruncate(data_.get(), static_cast<off_t>(id_.size)) != 0) {
    return ErrnoError(path, errno);
  }
  return has_state() ? BeginState() : Status();
}

Status PartialFile::BeginState() {
  const std::string path = Path(".state");
  if (ftruncate(state_.get(), 0) != 0) return ErrnoError(path, errno);
  return WriteAllAt(state_.get(), path, 0,
                    AsBytes(StateHead(id_, chunk_bytes_)));
}

uint64_t PartialFile::ChunkEnd(size_t chunk) const {
  return std::min(id_.size, ChunkBegin(chunk) + chunk_bytes_);
}

std::string PartialFile::etag() {
  const std::lock_guard lock(mutex_);
  return etag_;
}

Status PartialFile::Write(uint64_t offset, ByteSpan bytes) {
  return WriteAllAt(data_.get(), Path(".part"), offset, bytes);
}

Status PartialFile::Complete(size_t chunk, const std::string& etag) {
  {
    const std::lock_guard lock(mutex_);
    if (has_state()) {
      std::string lines;
      if (etag_.empty() && !etag.empty()) lines = "etag " + etag + "\n";
      lines += std::to_string(chunk) + "\n";
      const off_t end = lseek(state_.get(), 0, SEEK_END);
      if (end < 0) return ErrnoError(Path(".state"), errno);
      INGOT_TRY(WriteAllAt(state_.get(), Path(".state"),
                           static_cast<uint64_t>(end), AsBytes(lines)));
    }
    if (etag_.empty()) etag_ = etag;
    there_[chunk] = true;
  }
  return hashes_ ? Hash() : Status();
}

Status PartialFile::Hash() {
  constexpr uint64_t kPiece = uint64_t{1} << 20;
  {
    const std::lock_guard lock(mutex_);
    if (hashing_) return {};
    hashing_ = true;
  }
  std::vector<std::byte> buffer(std::min(kPiece, id_.size));
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (hashed_ == there_.size() || !there_[hashed_]) {
        hashing_ = false;
        return {};
      }
    }
    for (uint64_t at = ChunkBegin(hashed_); at < ChunkEnd(hashed_);) {
      const MutableByteSpan piece = MutableByteSpan(buffer).first(
          std::min(kPiece, ChunkEnd(hashed_) - at));
      INGOT_TRY(ReadAllAt(data_.get(), Path(".part"), at, piece));
      hasher_.Update(piece);
      at += piece.size();
    }
    const std::lock_guard lock(mutex_);
    ++hashed_;
  }
}

Result<bool> PartialFile::Verify() {
  INGOT_TRY(Hash());
  if (hashed_ != there_.size() || hasher_.Hex() != id_.hex) return false;
  INGOT_TRY(MakeDurable(data_.get(), Path(".part")));
  return true;
}

void PartialFile::Remove() {
  unlink(Path(".part").c_str());
  if (has_state()) unlink(Path(".state").c_str());
}

Status PartialFile::MoveTo(const std::string& path, bool replace) {
  INGOT_TRY(MoveFile(Path(".part"), path, replace));
  if (has_state()) unlink(Path(".state").c_str());
  return {};
}

Status PartialFile::CopyTo(const std::string& path, bool replace) {
  const std::string copy = Path(".copy");
  unlink(copy.c_str());
  const OpenFile out(open(copy.c_str(), kOpenFlags | O_EXCL, 0666));
  if (!out.ok()) return ErrnoError(copy, errno);
  std::vector<std::byte> buffer(
      std::min<uint64_t>(uint64_t{1} << 20, id_.size));
  for (uint64_t at = 0; at < id_.size;) {
    const MutableByteSpan piece = MutableByteSpan(buffer).first(
        std::min<uint64_t>(buffer.size(), id_.size - at));
    INGOT_TRY(ReadAllAt(data_.get(), Path(".part"), at, piece));
    INGOT_TRY(WriteAllAt(out.get(), copy, at, piece));
    at += piece.size();
  }
  INGOT_TRY(MakeDurable(out.get(), copy));
  return MoveFile(copy, path, replace);
}

}  // namespace ingot
