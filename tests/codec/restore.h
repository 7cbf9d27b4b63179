// Restores what a container holds, through each of its readers, whether it is
// valid or not.

#ifndef INGOT_TESTS_CODEC_RESTORE_H_
#define INGOT_TESTS_CODEC_RESTORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/options.h"
#include "codec/result.h"
#include "tests/codec/container_parts.h"

namespace ingot {

// What came out before `status`. A container that promises terabytes is given
// up at kMaxRestoredBytes with kCancelled.
struct Restored {
  Status status;
  std::vector<Bytes> files;

  bool ok() const { return status.ok(); }
  ErrorKind kind() const { return status.error().kind; }
  std::string message() const { return ok() ? "" : status.error().message; }
};
inline constexpr uint64_t kMaxRestoredBytes = uint64_t{64} << 20;

// ContainerReader: every file whole.
Restored RestoreWithReader(ByteSpan container, const DecodeOptions& options);

// StreamDecoder, fed `chunk` bytes at a time.
Restored RestoreWithStream(ByteSpan container, size_t chunk,
                           const DecodeOptions& options);

// ContainerReader::Verify; what refers to objects that `references` has not, or
// that nobody has, is passed over.
Status VerifyContainer(ByteSpan container,
                       ReferenceSource* references = nullptr);

// True for the kinds that a hostile container may end in.
bool IsRefusal(const Status& status);

// True where every file begins with what was restored of it.
bool IsPrefixOf(const std::vector<Bytes>& restored,
                const std::vector<Bytes>& files);

}  // namespace ingot

#endif  // INGOT_TESTS_CODEC_RESTORE_H_
