// Certificates that sign themselves, as `openssl` makes them.

#ifndef INGOT_TESTS_DAEMON_HTTP_CERTIFICATES_H_
#define INGOT_TESTS_DAEMON_HTTP_CERTIFICATES_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "daemon/http/tls.h"

namespace ingot::http {

inline bool HasOpenssl() {
  return std::system("openssl version >/dev/null 2>&1") == 0;
}

// Of localhost and 127.0.0.1, for a day: PREFIX.pem and PREFIX.key.
inline TlsFiles MakeCertificate(const std::string& prefix) {
  TlsFiles files;
  files.certificate = prefix + ".pem";
  files.key = prefix + ".key";
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-days 1 -subj /CN=localhost "
      "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out " +
      files.certificate + " -keyout " + files.key +
      " 2>/dev/null && chmod 600 " + files.key;
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return files;
}

}  // namespace ingot::http

#endif  // INGOT_TESTS_DAEMON_HTTP_CERTIFICATES_H_
