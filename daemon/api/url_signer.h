// UrlSigner: addresses that let whoever has them do one thing for a while,
// such as an upload by a client that sends no credentials there.
//
// Signatures are HMACs (RFC 2104) with SHA-256 under a secret that this process
// makes up: they end with it, and with their time.
//
// Thread-safety: may be used from several threads at once.

#ifndef INGOT_DAEMON_API_URL_SIGNER_H_
#define INGOT_DAEMON_API_URL_SIGNER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/digest.h"
#include "daemon/http/target.h"

namespace ingot::api {

// One file, to be uploaded to one repository.
struct UploadPermit {
  uint64_t repository = 0;  // its number: another of the same name is another
  Digest file;
  uint64_t length = 0;   // bytes
  uint64_t expires = 0;  // milliseconds since 1970, by the journal
};

// One part of such a file, or putting all of them together.
struct PartPermit {
  UploadPermit whole;
  uint64_t upload = 0;  // which of several of the same file
  uint64_t chunk = 1;   // bytes of each part but the last; not 0
  uint64_t part = 0;    // from 1 on; 0: the completion
};

class UrlSigner {
 public:
  UrlSigner();

  // What to put behind "?".
  std::string Sign(const UploadPermit& permit) const;
  // The permit for `file` in a target's parameters, if they are a signature of
  // it that has not expired by `now`.
  std::optional<UploadPermit> Verify(const http::Target& target,
                                     uint64_t repository, const Digest& file,
                                     uint64_t now) const;

  // The same of parts.
  std::string Sign(const PartPermit& permit) const;
  std::optional<PartPermit> VerifyPart(const http::Target& target,
                                       uint64_t repository, const Digest& file,
                                       uint64_t part, uint64_t now) const;

 private:
  std::string Signature(const std::string& text) const;
  bool IsSigned(const http::Target& target, const std::string& text) const;

  std::array<std::byte, 32> secret_;
};

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_URL_SIGNER_H_
