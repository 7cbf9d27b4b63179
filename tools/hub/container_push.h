// ContainerPush: what a push does to send files as containers, where that moves
// fewer bytes than the files themselves.
//
// A file is coded as `ingot compress` does it, into a file without a name in
// $TMPDIR, and that is sent unless it saves less than a twentieth; coding ends
// as soon as that is plain. With bases, tensors are coded against theirs: the
// server has to have those, packed, where the token may read them. Where it
// lacks one, this file and those after it are coded without.
//
// Thread-safety: any thread. One file is coded at a time, by all cores, with
// the memory that `ingot compress` takes, while another one is sent: a server
// decodes one at a time.

#ifndef INGOT_TOOLS_HUB_CONTAINER_PUSH_H_
#define INGOT_TOOLS_HUB_CONTAINER_PUSH_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "codec/result.h"
#include "codec/source.h"
#include "formats/base_models.h"
#include "tools/hub/content_id.h"
#include "tools/hub/transfer.h"

namespace ingot {

class ContainerPush {
 public:
  // `bases`: paths as of --base. `cancelled` must outlive it.
  static Result<std::unique_ptr<ContainerPush>> Create(
      const std::vector<std::string>& bases,
      const std::atomic<bool>* cancelled);

  // Sends `file`, whose bytes are those of `id`, and says how many bytes that
  // took; nothing where it is to be sent as it is. kCancelled.
  Result<std::optional<uint64_t>> Send(Transfer* transfer, const Source& file,
                                       const ContentId& id);

  // What a person may want to know of files that were refused.
  std::vector<std::string> TakeNotes();

 private:
  explicit ContainerPush(const std::atomic<bool>* cancelled)
      : cancelled_(cancelled), bases_({.threads = 0}) {}

  struct Encoded {
    std::unique_ptr<Source> container;
    bool refers = false;  // to what bases have
  };
  // Nothing where it would save too little.
  Result<std::optional<Encoded>> Encode(const Source& file,
                                        const ContentId& id);

  const std::atomic<bool>* const cancelled_;
  std::atomic<bool> refused_ = false;  // the server takes no containers
  std::mutex encoding_;                // guards bases_
  BaseModels bases_;
  std::atomic<bool> use_bases_ = false;
  std::mutex sending_;
  std::mutex mutex_;  // guards notes_
  std::vector<std::string> notes_;
};

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_CONTAINER_PUSH_H_
