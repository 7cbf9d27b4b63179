// Tls: the certificate that a server shows, and its key, as they are in two
// files at the moment (API.md, "TLS").
//
// Thread-safety: all functions from any thread.

#ifndef INGOT_DAEMON_HTTP_TLS_H_
#define INGOT_DAEMON_HTTP_TLS_H_

#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "codec/result.h"

namespace ingot::http {

struct TlsFiles {
  std::string certificate;  // a chain in PEM, the server's own first
  std::string key;          // its private key in PEM, without a passphrase
};

class Tls {
 public:
  using Context = boost::asio::ssl::context;

  // kInvalidArgument where the files do not fit together or are none, or where
  // others than the key's owner and group may read it; errors of reading them.
  static Result<std::shared_ptr<Tls>> Open(TlsFiles files);

  // Reads the files again, for connections from now on. After an error all
  // stays as it was.
  Status Reload();
  // What a new connection is to use, as long as it likes.
  std::shared_ptr<Context> context() const;
  // When the certificate expires, in seconds since 1970.
  int64_t expires() const;

 private:
  explicit Tls(TlsFiles files);

  const TlsFiles files_;
  mutable std::mutex mutex_;  // of what follows
  std::shared_ptr<Context> context_;
  int64_t expires_ = 0;
};

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_TLS_H_
