// CommitRequest: what a commit of the Hub's protocol asks for, in lines of JSON
// (NDJSON).
//
// Thread-safety: values; a parser is one thread's.

#ifndef INGOT_DAEMON_API_COMMIT_REQUEST_H_
#define INGOT_DAEMON_API_COMMIT_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/digest.h"
#include "codec/result.h"

namespace ingot::api {

// Of one line, whose file has 1 MiB at most, in base64; of all lines together;
// how many there may be.
inline constexpr size_t kMaxCommitLine = 2 << 20;
inline constexpr size_t kMaxCommitBytes = 32 << 20;
inline constexpr size_t kMaxCommitOperations = 20'000;

struct CommitOperation {
  enum class Kind { kFile, kLargeFile, kDeleteFile, kDeleteFolder };
  Kind kind = Kind::kFile;
  std::string path = {};  // as it was sent
  // kFile:
  std::vector<std::byte> content = {};
  // kLargeFile:
  Digest file = {};
  std::optional<uint64_t> length = {};
};

struct CommitRequest {
  std::string summary;
  std::string description;
  // Hexadecimal digits of the commit that the branch has to be at, the first
  // ones or all.
  std::string parent;
  std::vector<CommitOperation> operations;
};

// Takes the body as it comes; keeps what it means and one line.
class CommitParser {
 public:
  // kInvalidArgument for what is no such line; kResourceExhausted beyond the
  // limits. Messages name the line.
  Status Feed(ByteSpan bytes);
  // kInvalidArgument where there was no header.
  Result<CommitRequest> Finish();

 private:
  Status ParseLine(ByteSpan line);

  std::vector<std::byte> line_;
  size_t lines_ = 0;
  size_t bytes_ = 0;
  bool has_header_ = false;
  CommitRequest request_;
};

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_COMMIT_REQUEST_H_
