#include "daemon/http/tls.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <ctime>
#include <utility>

namespace ingot::http {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr size_t kMaxFileBytes = size_t{1} << 20;

struct Descriptor {
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  const int number;
};

Result<std::string> ReadPem(const std::string& path, bool is_secret) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status = {};
  if (file.number < 0 || fstat(file.number, &status) != 0) {
    return ErrnoError(path, errno);
  }
  // A group is fine: Debian keeps keys for the group ssl-cert.
  if (is_secret && (status.st_mode & S_IRWXO) != 0) {
    return InvalidArgument(path +
                           ": a key that every user of the machine may read or "
                           "write; 'chmod o=' takes that away");
  }
  std::string bytes(kMaxFileBytes + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t n =
        read(file.number, bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(path, errno);
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  if (size > kMaxFileBytes) {
    return InvalidArgument(path + ": too long for a certificate or key");
  }
  bytes.resize(size);
  return bytes;
}

// The first of the client's protocols that this is one of (RFC 7301); a client
// that has others alone is told so.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned int offered_size,
                   void*) {
  static constexpr unsigned char kKnown[] = "\x08http/1.1\x08http/1.0";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kKnown, sizeof(kKnown) - 1, offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// What all connections have in common.
void Configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // Of TLS 1.2 what keeps old traffic secret when a key is lost, and is
  // authenticated as a whole. What TLS 1.3 has is all so.
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Sessions are kept by the clients, encrypted, and take no memory here.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
}

// When a context's certificate expires, in seconds since 1970.
int64_t ExpiryOf(SSL_CTX* context) {
  const X509* const certificate = SSL_CTX_get0_certificate(context);
  std::tm parts = {};
  if (certificate == nullptr ||
      ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) {
    return 0;
  }
  return timegm(&parts);
}

}  // namespace

Tls::Tls(TlsFiles files) : files_(std::move(files)) {}

Result<std::shared_ptr<Tls>> Tls::Open(TlsFiles files) {
  std::shared_ptr<Tls> tls(new Tls(std::move(files)));
  INGOT_TRY(tls->Reload());
  return tls;
}

Status Tls::Reload() {
  INGOT_ASSIGN(std::string certificate, ReadPem(files_.certificate, false));
  INGOT_ASSIGN(std::string key, ReadPem(files_.key, true));
  const auto context = std::make_shared<Context>(Context::tls_server);
  Configure(context->native_handle());
  error_code code;
  // Nobody is there who could be asked for one.
  context->set_password_callback(
      [](size_t, Context::password_purpose) { return std::string(); }, code);
  context->use_certificate_chain(boost::asio::buffer(certificate), code);
  if (code) {
    return InvalidArgument(files_.certificate +
                           ": no certificates in PEM: " + code.message());
  }
  context->use_private_key(boost::asio::buffer(key), Context::pem, code);
  OPENSSL_cleanse(key.data(), key.size());
  if (code) {
    return InvalidArgument(files_.key + ": no key of " + files_.certificate +
                           " in PEM without a passphrase: " + code.message());
  }
  const int64_t expires = ExpiryOf(context->native_handle());
  const std::lock_guard lock(mutex_);
  context_ = context;
  expires_ = expires;
  return {};
}

std::shared_ptr<Tls::Context> Tls::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

int64_t Tls::expires() const {
  const std::lock_guard lock(mutex_);
  return expires_;
}

}  // namespace ingot::http
