// Options of the commands that speak to a server: where it is, and who asks.
//
// Thread-safety: values.

#ifndef INGOT_TOOLS_HUB_SERVER_OPTIONS_H_
#define INGOT_TOOLS_HUB_SERVER_OPTIONS_H_

#include <string>

#include "codec/result.h"
#include "tools/hub/http_client.h"

namespace CLI {
class App;
}

namespace ingot {

struct ServerOptions {
  std::string endpoint = "http://127.0.0.1:7878";
  std::string token_file;
  unsigned timeout = 60;
};

// --endpoint (INGOT_ENDPOINT), --token-file, --timeout.
void AddServerOptions(CLI::App* command, ServerOptions* options);

// -j, --jobs.
void AddJobsOption(CLI::App* command, int* jobs);

// What they say, with the token of the file or of INGOT_TOKEN: it has no
// option, since command lines are seen by everybody. kInvalidArgument for an
// endpoint or a token that is none.
Result<HttpOptions> ResolveServer(const ServerOptions& options,
                                  HttpTraffic* traffic);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_SERVER_OPTIONS_H_
