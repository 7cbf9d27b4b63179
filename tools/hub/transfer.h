// Transfer: how the bytes of files come from and go to a server. What is sent
// and fetched, in which order, and what is done with it is for others
// (push.h, pull.h), which know no more of the way than this.
//
// Thread-safety: one thread at a time; each thread makes its own.

#ifndef INGOT_TOOLS_HUB_TRANSFER_H_
#define INGOT_TOOLS_HUB_TRANSFER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"
#include "tools/hub/content_id.h"

namespace ingot {

// Shorter files go and come as they are: to ask for a container takes as long.
inline constexpr uint64_t kMinContainerFile = uint64_t{1} << 20;

// A container of a file that a server makes (daemon/API.md, "Native").
struct ContainerOffer {
  uint64_t size = 0;
  std::string etag;  // never empty
};

// A part of a file at a commit, or of a container of it.
struct FetchRequest {
  std::string commit;
  std::string path;
  uint64_t size = 0;  // of the file
  uint64_t begin = 0;
  uint64_t end = 0;
  // Entity tag of what was fetched before; the part must be of the same.
  std::string etag = {};
  // Not null: size, part and tag are of a container of the file, which need not
  // hold these objects (SHA-256, as lower-case hex).
  const std::vector<std::string>* have = nullptr;
};

// What sending a file takes, as a server said it; good for a while.
struct SendTicket {
  ContentId id;
  bool is_there = false;  // nothing is to be sent
  // For the Transfer alone:
  std::string address = {};
  std::vector<std::string> headers = {};
  std::string verify_address = {};
};

// How many files one Offer may have.
inline constexpr size_t kMaxOffered = 100;

class Transfer {
 public:
  virtual ~Transfer() = default;

  // Calls `consume` for the bytes of [begin, end) in their order; from `begin`
  // again where `restart` was called. The file's entity tag; empty: none.
  // kConflict where it is no longer that of the request; kCorruption where the
  // server sends other bytes than were asked for.
  virtual Result<std::string> Fetch(
      const FetchRequest& request, const std::function<Status()>& restart,
      const std::function<Status(ByteSpan)>& consume) = 0;

  // The container of a file, which need not hold the objects `have`. Nothing
  // where there is none of it; kNotFound where the server has no containers.
  virtual Result<std::optional<ContainerOffer>> FindContainer(
      const std::string& commit, const std::string& path,
      const std::vector<std::string>& have) = 0;
  // The files that hold what a file is coded against, by SHA-256.
  virtual Result<std::vector<std::string>> BasesOf(const std::string& commit,
                                                   const std::string& path) = 0;

  // One ticket for each of `files`.
  virtual Result<std::vector<SendTicket>> Offer(
      std::span<const ContentId> files) = 0;

  // Sends all of `bytes`, which are what the ticket says. Returns when the
  // server has them durably.
  virtual Status Send(const SendTicket& ticket, const Source& bytes) = 0;

  // Sends a container of files of `raw_bytes` together. Returns when the server
  // has decoded it, and has the files durably. kInvalidArgument where the
  // server lacks what it refers to.
  virtual Status SendContainer(const Source& container, uint64_t raw_bytes) = 0;
};

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_TRANSFER_H_
