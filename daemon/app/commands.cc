#include "daemon/app/commands.h"

#include <signal.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/api/hub_account_routes.h"
#include "daemon/api/hub_commit_routes.h"
#include "daemon/api/hub_read_routes.h"
#include "daemon/api/hub_ref_routes.h"
#include "daemon/api/lfs_routes.h"
#include "daemon/api/metrics_routes.h"
#include "daemon/api/observation.h"
#include "daemon/api/openapi_routes.h"
#include "daemon/api/repository_routes.h"
#include "daemon/api/status_routes.h"
#include "daemon/http/router.h"
#include "daemon/http/server.h"
#include "daemon/http/workers.h"
#include "daemon/store/file_storage.h"
#include "daemon/store/keys.h"
#include "daemon/store/store.h"

namespace ingot::app {
namespace {

// A store and what it lies on.
struct OpenedStore {
  std::unique_ptr<store::Storage> storage;
  std::unique_ptr<store::Store> store;
};

Result<OpenedStore> OpenStore(const std::string& data) {
  OpenedStore opened;
  INGOT_ASSIGN(opened.storage, store::OpenFileStorage(data));
  INGOT_ASSIGN(
      opened.store,
      store::Store::Open(opened.storage.get(),
                         {.index = {.folder = store::IndexFolder(data)}}));
  return opened;
}

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

// Prints a problem; returns whether there was one.
bool Report(const Status& status) {
  if (status.ok()) return false;
  std::printf("%s\n", status.error().message.c_str());
  return true;
}

}  // namespace

Status Serve(const ServeOptions& options) {
  const auto& [data, listen, threads, log_options, rate] = options;
  INGOT_ASSIGN(const Address address, ParseListen(listen));
  // Before there are threads, so that none of them takes the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
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
               observe::Log::Open(log_options));
  observe::Metrics metrics(INGOT_VERSION);
  http::ServerOptions http_options = {
      .address = address.host, .port = address.port, .threads = threads};
  http_options.report = [&](const http::RequestReport& report) {
    api::Observe(report, log.get(), &metrics);
  };
  http::RateLimit limit(rate);
  http::Router router;
  std::unique_ptr<http::HttpServer> server;
  http::Workers workers(static_cast<size_t>(threads));
  api::AddOpenApiRoutes(&router);
  api::AddStatusRoutes(opened.store.get(), &router);
  api::AddRepositoryRoutes(opened.store.get(), &workers, &router);
  const api::UrlSigner signer;
  const api::Hub hub = {
      .store = opened.store.get(), .workers = &workers, .signer = &signer};
  api::AddLfsRoutes(hub, &router);
  api::AddHubAccountRoutes(hub, &router);
  api::AddHubRefRoutes(hub, &router);
  api::AddHubCommitRoutes(hub, &router);
  api::AddHubReadRoutes(hub, &router);
  api::AddMetricsRoutes({.store = opened.store.get(),
                         .metrics = &metrics,
                         .log = log.get(),
                         .load = http_options.load.get()},
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
  int received = 0;
  sigwait(&signals, &received);
  log->Message(observe::LogLevel::kInfo, "ending");
  server->Drain();
  server->Stop();
  return {};
}

Result<uint64_t> Check(const std::string& data, bool read_data) {
  INGOT_ASSIGN(const OpenedStore opened, OpenStore(data));
  const store::Staging& staging = opened.store->staging();
  const store::Packs& packs = opened.store->packs();
  uint64_t problems = 0;
  INGOT_ASSIGN(const std::vector<store::StagedRecord> staged, staging.List());
  for (const store::StagedRecord& record : staged) {
    const auto source = staging.Open(record.digest);
    problems += Report(!source.ok() ? source.error()
                       : read_data  ? staging.Check(record.digest)
                                    : Status());
  }
  INGOT_ASSIGN(const std::vector<store::PackInfo> list, packs.List());
  for (const store::PackInfo& pack : list) {
    const auto source = packs.Open(pack.number);
    problems += Report(!source.ok() ? source.error()
                       : read_data  ? packs.Check(pack.number)
                                    : Status());
  }
  return problems;
}

Status CreateToken(const std::string& data, const std::string& name,
                   const std::string& scope, const std::string& repository,
                   uint64_t days) {
  constexpr uint64_t kDay = 24ull * 60 * 60 * 1000;
  store::Token token = {.name = name, .secret = {}};
  token.scope = scope == "admin"   ? store::TokenScope::kAdmin
                : scope == "write" ? store::TokenScope::kWrite
                                   : store::TokenScope::kRead;
  const size_t slash = std::min(repository.find('/'), repository.size());
  token.space = repository.substr(0, slash);
  if (slash < repository.size()) {
    token.repository = repository.substr(slash + 1);
  }
  INGOT_ASSIGN(const OpenedStore opened, OpenStore(data));
  store::Tokens& tokens = opened.store->tokens();
  if (days > 0) token.expires = tokens.now() + days * kDay;
  INGOT_ASSIGN(const std::string secret, tokens.Create(std::move(token)));
  std::printf("%s\n", secret.c_str());
  return {};
}

Status ListTokens(const std::string& data, bool json) {
  INGOT_ASSIGN(const OpenedStore opened, OpenStore(data));
  const store::Tokens& tokens = opened.store->tokens();
  INGOT_ASSIGN(const std::vector<store::TokenInfo> list, tokens.List());
  const auto scope = [](const store::Token& token) {
    return token.scope == store::TokenScope::kAdmin   ? "admin"
           : token.scope == store::TokenScope::kWrite ? "write"
                                                      : "read";
  };
  nlohmann::json all = nlohmann::json::array();
  for (const auto& [number, token] : list) {
    const bool expired = token.expires != 0 && token.expires <= tokens.now();
    std::string where = token.space;
    if (!token.repository.empty()) where += "/" + token.repository;
    if (json) {
      all.push_back({{"number", number},
                     {"name", token.name},
                     {"scope", scope(token)},
                     {"repository", where},
                     {"expires", token.expires},
                     {"expired", expired}});
    } else {
      std::printf("%llu  %-5s  %s  %s%s\n",
                  static_cast<unsigned long long>(number), scope(token),
                  where.empty() ? "everything" : where.c_str(),
                  token.name.c_str(), expired ? "  (expired)" : "");
    }
  }
  if (json) std::printf("%s\n", all.dump().c_str());
  return {};
}

Status RevokeToken(const std::string& data, uint64_t number) {
  INGOT_ASSIGN(const OpenedStore opened, OpenStore(data));
  return opened.store->tokens().Revoke(number);
}

Status RebuildIndex(const std::string& data) {
  // Nobody else has the store open while this is held.
  INGOT_ASSIGN(std::unique_ptr<store::Storage> storage,
               store::OpenFileStorage(data));
  INGOT_TRY(store::RemoveIndex(store::IndexFolder(data)));
  const auto opened = store::Store::Open(
      storage.get(), {.index = {.folder = store::IndexFolder(data)}});
  return opened.ok() ? Status() : opened.error();
}

}  // namespace ingot::app
