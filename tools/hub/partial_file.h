// PartialFile: what a pull has of a file so far, so that a later one goes on
// from there, whatever ended this one.
//
// A file comes in chunks. The bytes are in DIGEST.part, and DIGEST.state says
// in lines which chunks are there: named by digests, no server's path is a file
// name here. A chunk is noted after its bytes were written, which a killed
// process leaves true; what a crash of the machine or anybody else made of it
// shows when the whole is compared with its digest. That is computed as chunks
// complete, while they are still in memory.
//
// Thread-safety: Write and Complete may be called from several threads, for
// distinct chunks; all else when no other thread uses it.

#ifndef INGOT_TOOLS_HUB_PARTIAL_FILE_H_
#define INGOT_TOOLS_HUB_PARTIAL_FILE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "tools/hub/content_id.h"

namespace ingot {

// An open descriptor, closed with it.
class OpenFile {
 public:
  explicit OpenFile(int fd = -1) : fd_(fd) {}
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;

  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

class PartialFile {
 public:
  // Goes on with what is in `folder`, or begins. Files of one chunk have no
  // state: they begin anew.
  // `hashed`: Verify will be called.
  static Result<std::unique_ptr<PartialFile>> Open(const std::string& folder,
                                                   const ContentId& id,
                                                   uint64_t chunk_bytes,
                                                   bool hashed = true);

  size_t chunks() const { return there_.size(); }
  uint64_t ChunkBegin(size_t chunk) const { return chunk * chunk_bytes_; }
  uint64_t ChunkEnd(size_t chunk) const;
  bool IsThere(size_t chunk) const { return there_[chunk]; }
  // What a pull before this one left.
  uint64_t resumed_bytes() const { return resumed_bytes_; }
  // Entity tag of what is there; empty: not known.
  std::string etag();

  Status Write(uint64_t offset, ByteSpan bytes);
  // Notes that all of a chunk was written, and the file's entity tag.
  Status Complete(size_t chunk, const std::string& etag);

  // Whether the bytes are those of the id, and durable. REQUIRES: `hashed`; all
  // chunks are there.
  Result<bool> Verify();
  // Forgets all that is there.
  Status Restart();
  // Where the bytes are.
  std::string path() const { return Path(".part"); }
  // Removes its files.
  void Remove();
  // The file moves to `path`, which must not exist unless `replace`.
  Status MoveTo(const std::string& path, bool replace);
  // The same with a copy of it.
  Status CopyTo(const std::string& path, bool replace);

 private:
  PartialFile(std::string folder, ContentId id, uint64_t chunk_bytes,
              bool hashed);

  std::string Path(const char* suffix) const;
  bool has_state() const { return there_.size() > 1; }
  Status OpenData();
  // What the state file says; nothing where it is not one of this file.
  void ReadState();
  Status BeginState();
  // Hashes the chunks that follow those hashed before, as far as they are
  // there.
  Status Hash();

  const std::string folder_;
  const ContentId id_;
  const uint64_t chunk_bytes_;
  const bool hashes_;
  OpenFile data_;
  OpenFile state_;
  uint64_t resumed_bytes_ = 0;

  std::mutex mutex_;  // guards what follows
  std::vector<char> there_;
  std::string etag_;
  ContentHasher hasher_;  // whoever set hashing_
  size_t hashed_ = 0;     // chunks
  bool hashing_ = false;
};

// Moves a file; kConflict where `to` exists and is not to be replaced.
Status MoveFile(const std::string& from, const std::string& to, bool replace);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_PARTIAL_FILE_H_
