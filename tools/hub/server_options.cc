#include "tools/hub/server_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

#include "codec/source.h"
#include "tools/hub/url.h"

namespace ingot {
namespace {

constexpr size_t kMaxTokenBytes = 4096;

// The first line.
Result<std::string> ReadTokenFile(const std::string& path) {
  INGOT_ASSIGN(const std::unique_ptr<Source> source, OpenFileSource(path));
  std::string text(std::min<uint64_t>(source->size(), kMaxTokenBytes + 1),
                   '\0');
  INGOT_TRY(source->ReadAt(0, std::as_writable_bytes(std::span(text))));
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty()) return InvalidArgument(path + ": expected a token");
  return text;
}

}  // namespace

void AddServerOptions(CLI::App* command, ServerOptions* options) {
  command
      ->add_option("--endpoint", options->endpoint,
                   "The server; http://127.0.0.1:7878 without")
      ->option_text("URL")
      ->envname("INGOT_ENDPOINT");
  command
      ->add_option("--token-file", options->token_file,
                   "A file with the token; without, INGOT_TOKEN is the token")
      ->option_text("FILE");
  command
      ->add_option("--timeout", options->timeout,
                   "Seconds without progress; 60 without")
      ->option_text("S")
      ->check(CLI::Range(1, 86'400));
}

void AddJobsOption(CLI::App* command, int* jobs) {
  command->add_option("-j,--jobs", *jobs, "Transfers at once; 4 without")
      ->option_text("N")
      ->check(CLI::Range(1, 64));
}

Result<HttpOptions> ResolveServer(const ServerOptions& options,
                                  HttpTraffic* traffic) {
  HttpOptions http;
  INGOT_ASSIGN(http.endpoint, CheckEndpoint(options.endpoint));
  if (!options.token_file.empty()) {
    INGOT_ASSIGN(http.token, ReadTokenFile(options.token_file));
  } else if (const char* const token = std::getenv("INGOT_TOKEN")) {
    http.token = token;
  }
  const bool printable = std::ranges::all_of(
      http.token, [](char c) { return c > ' ' && c < 0x7F; });
  if (http.token.size() > kMaxTokenBytes || !printable) {
    return InvalidArgument(
        "the token: expected letters, digits and signs, and no spaces");
  }
  http.timeout = std::chrono::seconds(options.timeout);
  http.traffic = traffic;
  return http;
}

}  // namespace ingot
