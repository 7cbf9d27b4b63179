#include <signal.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/api/admin_routes.h"
#include "daemon/api/hub_account_routes.h"
#include "daemon/api/hub_commit_routes.h"
#include "daemon/api/hub_file_routes.h"
#include "daemon/api/hub_read_routes.h"
#include "daemon/api/hub_ref_routes.h"
#include "daemon/api/hub_tree_routes.h"
#include "daemon/api/lfs_routes.h"
#include "daemon/api/metrics_routes.h"
#include "daemon/api/multipart_uploads.h"
#include "daemon/api/native_routes.h"
#include "daemon/api/observation.h"
#include "daemon/api/openapi_routes.h"
#include "daemon/api/repository_routes.h"
#include "daemon/api/status_routes.h"
#include "daemon/app/admin_client.h"
#include "daemon/app/background_log.h"
#include "daemon/app/commands.h"
#include "daemon/app/notify.h"
#include "daemon/app/opened_store.h"
#include "daemon/http/router.h"
#include "daemon/http/server.h"
#include "daemon/http/target.h"
#include "daemon/http/tls.h"
#include "daemon/http/workers.h"
#include "daemon/ingest/background.h"
#include "daemon/ingest/maintenance.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/store/file_storage.h"
#include "daemon/store/keys.h"
#include "daemon/store/store.h"

namespace ingot::app {

namespace {

constexpr uint64_t kHour = 60ull * 60 * 1000;  // milliseconds

struct Address {
  std::string host;
  uint16_t port;
  bool is_loopback = true;
};

// "127.0.0.1:7878", "[::1]:7878".
Result<Address> ParseListen(const std::string& text) {
  const auto refused = [&](const char* why) {
    return InvalidArgument("--listen " + text + ": " + why);
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return refused("expected ADDRESS:PORT");
  Address address = {.host = text.substr(0, colon), .port = 0};
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  const char* const end = text.data() + text.size();
  const auto [last, code] =
      std::from_chars(text.data() + colon + 1, end, address.port);
  if (code != std::errc() || last != end) {
    return refused("expected a port from 0 to 65535");
  }
  boost::system::error_code failed;
  const auto parsed = boost::asio::ip::make_address(address.host, failed);
  if (failed) return refused("expected an IP address");
  address.is_loopback = parsed.is_loopback();
  return address;
}

// As many connections as there may be, with the descriptors that the process
// may have; some are for the store.
size_t ConnectionLimit(size_t wanted, observe::Log* log) {
  constexpr rlim_t kOthers = 256;
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
      limit.rlim_cur >= wanted + kOthers) {
    return wanted;
  }
  const rlim_t most =
      limit.rlim_cur > 2 * kOthers ? limit.rlim_cur - kOthers : kOthers;
  log->Message(
      observe::LogLevel::kWarning,
      "--connections " + std::to_string(wanted) + ": " + std::to_string(most) +
          ", since the process may have no "
          "more than " +
          std::to_string(limit.rlim_cur) + " open files (LimitNOFILE)");
  return static_cast<size_t>(most);
}

// What SIGHUP asks for.
void Reload(http::Tls* tls, observe::Log* log) {
  const Status reopened = log->Reopen();
  if (!reopened.ok()) {
    log->Message(observe::LogLevel::kError, reopened.error().message);
  }
  if (tls == nullptr) return;
  const Status read = tls->Reload();
  if (read.ok()) {
    log->Message(observe::LogLevel::kInfo, "read the certificate again");
  } else {
    log->Message(observe::LogLevel::kError,
                 "the certificate stays as it was: " + read.error().message);
  }
}

}  // namespace

Status Serve(const ServeOptions& options) {
  const std::string& data = options.data;
  const std::string& listen = options.listen;
  INGOT_ASSIGN(const Address address, ParseListen(listen));
  std::string public_url;
  if (!options.public_url.empty()) {
    auto origin = http::ParseOrigin(options.public_url);
    if (!origin.ok()) {
      return InvalidArgument("--public-url " + origin.error().message);
    }
    public_url = *std::move(origin);
  }
  std::shared_ptr<http::Tls> tls;
  if (!options.tls.certificate.empty()) {
    INGOT_ASSIGN(tls, http::Tls::Open(options.tls));
  }
  // Before there are threads, so that none of them takes the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  INGOT_ASSIGN(const OpenedStore opened, OpenStore(data));
  INGOT_ASSIGN(const bool has_tokens, opened.store->tokens().Any());
  if (!address.is_loopback && !has_tokens) {
    return InvalidArgument(
        "--listen " + listen +
        ": is not a loopback address, and there is no token: 'ingotd token "
        "create' makes one");
  }
  INGOT_ASSIGN(const std::unique_ptr<observe::Log> log,
               observe::Log::Open(options.log));
  observe::Metrics metrics(INGOT_VERSION);
  http::ServerOptions http_options = {
      .address = address.host,
      .port = address.port,
      .tls = tls,
      .public_url = public_url,
      .threads = options.threads,
      .max_connections = ConnectionLimit(options.connections, log.get()),
      .max_connections_per_address = options.connections_per_address,
      .buffer_memory = options.buffer_mebibytes << 20};
  // Not worth not to serve for: a path that is too long.
  const std::string admin = AdminSocket(data);
  if (admin.size() < sizeof(sockaddr_un::sun_path)) {
    http_options.socket = admin;
  } else {
    log->Message(observe::LogLevel::kWarning,
                 admin + ": too long for a Unix socket, not listened on");
  }
  http_options.report = [&](const http::RequestReport& report) {
    api::Observe(report, log.get(), &metrics);
  };
  http::RateLimit limit(options.rate);
  http::Router router;
  // Outlives the server, whose coroutines hold parts.
  api::MultipartUploads multipart(opened.store.get(),
                                  {.bytes = options.multipart_bytes});
  std::unique_ptr<http::HttpServer> server;
  http::Workers workers(static_cast<size_t>(options.threads));
  ingest::StoredObjectsOptions objects;
  objects.cache_bytes = options.cache_bytes;
  const ingest::StoredFiles files(opened.store.get(), objects);
  ingest::CompactorOptions compacting;
  compacting.level = options.level;
  compacting.delta_level = options.delta_level;
  ingest::Maintenance maintenance(opened.store.get(), compacting,
                                  {.grace = options.grace_hours * kHour},
                                  files.objects());
  http::Workers patient(1);
  api::AddOpenApiRoutes(&router);
  api::AddStatusRoutes(&router);
  api::AddAdminRoutes({opened.store.get(), &maintenance}, &workers, &patient,
                      &router);
  api::AddRepositoryRoutes(opened.store.get(), &workers, &router);
  const api::UrlSigner signer;
  const api::Hub hub = {.store = opened.store.get(),
                        .files = &files,
                        .workers = &workers,
                        .signer = &signer,
                        .multipart = &multipart};
  api::AddLfsRoutes(hub, &router);
  api::AddHubAccountRoutes(hub, &router);
  api::AddHubRefRoutes(hub, &router);
  api::AddHubCommitRoutes(hub, &router);
  api::AddHubReadRoutes(hub, &router);
  api::AddHubFileRoutes(hub, &router);
  api::AddHubTreeRoutes(hub, &router);
  api::AddNativeRoutes(hub, &router);
  api::AddMetricsRoutes({.store = opened.store.get(),
                         .files = &files,
                         .metrics = &metrics,
                         .log = log.get(),
                         .load = http_options.load.get(),
                         .tls = tls.get()},
                        &workers, &router);
  INGOT_ASSIGN(
      server,
      http::HttpServer::Start(
          http_options, http::LimitRate(&limit, [&](http::Exchange& exchange) {
            return router.Handle(exchange);
          })));
  log->Message(observe::LogLevel::kInfo, "listening on " + address.host +
                                             ", port " +
                                             std::to_string(server->port()));
  if (!tls && !address.is_loopback && !public_url.starts_with("https:")) {
    log->Message(observe::LogLevel::kWarning,
                 "tokens and files are sent without encryption: there is no "
                 "--tls-certificate");
  }
  std::optional<ingest::Background> background;
  background.emplace(opened.store.get(), &maintenance, LogBackground(log.get()),
                     ingest::BackgroundOptions{
                         .compact = options.compact,
                         .collect = std::chrono::hours(options.collect_hours),
                         .scrub = std::chrono::hours(24 * options.scrub_days)});
  NotifyManager("READY=1");
  int received = 0;
  while (sigwait(&signals, &received) == 0 && received == SIGHUP) {
    Reload(tls.get(), log.get());
  }
  NotifyManager("STOPPING=1");
  log->Message(observe::LogLevel::kInfo, "ending");
  background.reset();
  server->Drain();
  server->Stop();
  unlink(http_options.socket.c_str());
  return {};
}

}  // namespace ingot::app
