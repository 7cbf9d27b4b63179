// What `ingotd` does, command by command.

#ifndef INGOT_DAEMON_APP_COMMANDS_H_
#define INGOT_DAEMON_APP_COMMANDS_H_

#include <cstdint>
#include <string>

#include "codec/result.h"
#include "daemon/api/multipart_uploads.h"
#include "daemon/http/rate_limit.h"
#include "daemon/http/tls.h"
#include "daemon/observe/log.h"

namespace ingot::app {

struct ServeOptions {
  std::string data;                       // the store's folder
  std::string listen = "127.0.0.1:7878";  // loopback, unless there are tokens
  int threads = 1;
  observe::LogOptions log;
  http::RateOptions rate;
  http::TlsFiles tls;  // both empty: not encrypted
  std::string public_url;
  size_t connections = 1024;
  size_t connections_per_address = 256;
  size_t buffer_mebibytes = 128;
  bool compact = true;  // packs what is uploaded, too
  int level = 3;
  int delta_level = 5;
  // How often it collects what is of no use, and how long that must have been
  // so; how long it takes to read everything once, to find damage. 0: never.
  uint64_t collect_hours = 1;
  uint64_t grace_hours = 24;
  uint64_t scrub_days = 30;
  // Files that are longer come in parts, from clients that can; 0: none.
  uint64_t multipart_bytes = api::MultipartOptions().bytes;
  // Of decoded blocks that others are coded against.
  uint64_t cache_bytes = uint64_t{64} << 20;
};

// Serves a store until SIGTERM or SIGINT, which the caller's process must not
// have handled otherwise. SIGHUP: reads the certificate and its key again, and
// goes on in a new log file.
Status Serve(const ServeOptions& options);

// All but Serve and RebuildIndex work while a daemon serves the store, too, by
// its socket.

// Packs what is staged in `data`, prints to stdout what was saved, and returns
// how many files could not be packed.
Result<uint64_t> Compact(const std::string& data, std::optional<int> level,
                         std::optional<int> delta_level, bool as_json);

struct GcOptions {
  bool dry_run = false;
  bool unreferenced = false;
  std::optional<uint64_t> grace_hours = std::nullopt;
  bool json = false;
};

// Gives back the space of what is of no use, prints to stdout what was done,
// and returns how many things could not be.
Result<uint64_t> Collect(const std::string& data, const GcOptions& options);

// Looks at all that the store in `data` holds, prints what is wrong to stdout,
// and returns how many things are. Reads that many of a hundred files and packs
// to their ends.
Result<uint64_t> Check(const std::string& data, unsigned read_percent,
                       bool as_json);

// Reads everything and mends what can be mended, prints to stdout what was
// found and done, and returns how many files cannot be restored.
Result<uint64_t> Repair(const std::string& data, bool as_json);

// Prints how much the store holds to stdout, as a table or as JSON.
Status PrintStats(const std::string& data, bool as_json);

// Makes a token and prints its secret to stdout. `scope`: read, write or
// admin. `repository`: NAMESPACE/NAME, or a namespace, or empty for all.
// `days`: until it expires; 0: never.
Status CreateToken(const std::string& data, const std::string& name,
                   const std::string& scope, const std::string& repository,
                   uint64_t days);
// Prints all tokens to stdout, as a table or as JSON.
Status ListTokens(const std::string& data, bool as_json);
Status RevokeToken(const std::string& data, uint64_t number);

// Makes the index anew.
Status RebuildIndex(const std::string& data);

}  // namespace ingot::app

#endif  // INGOT_DAEMON_APP_COMMANDS_H_
