// Sink: where encoded or restored bytes go, in order.
//
// A Sink that writes a file keeps what it writes under a temporary name in the
// target's folder until Commit, which makes it durable (fsync) and visible
// under its name (rename) in one step: a file appears whole or not at all.
// Destroying a Sink without Commit abandons what was written.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_CODEC_SINK_H_
#define INGOT_CODEC_SINK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"

namespace ingot {

class Sink {
 public:
  virtual ~Sink() = default;

  virtual Status Write(ByteSpan bytes) = 0;

  // True where Rewind works: files and memory, not pipes.
  virtual bool CanRewind() const { return false; }
  // Forgets what was written at and after `position`, counted from the Sink's
  // first byte. REQUIRES: CanRewind(), `position` <= bytes written.
  virtual Status Rewind(uint64_t position);

  // Makes what was written final. Nothing may be written afterwards.
  virtual Status Commit() { return {}; }
};

// Appends to `*bytes`, which the caller keeps alive.
std::unique_ptr<Sink> MakeMemorySink(std::vector<std::byte>* bytes);

// Writes to an open descriptor that stays the caller's, such as stdout.
std::unique_ptr<Sink> MakeDescriptorSink(int fd, std::string name);

struct FileSinkOptions {
  bool overwrite = false;  // replace an existing file, else kConflict
  // Permission bits of the new file, masked by the process's umask.
  uint32_t mode = 0666;
  // Where a file is replaced: give the new one its permissions, whatever the
  // umask, and its owner and group, as far as the process may. From the
  // beginning: there is no moment in which it has others.
  bool keep_permissions = false;
};

// Creates `path` on Commit; its folder must exist.
Result<std::unique_ptr<Sink>> CreateFileSink(const std::string& path,
                                             const FileSinkOptions& options);

// Removes the temporary files of all file Sinks that are not committed.
// Async-signal-safe: for SIGINT and SIGTERM handlers.
void RemoveTemporaryFilesFromSignalHandler();

}  // namespace ingot

#endif  // INGOT_CODEC_SINK_H_
