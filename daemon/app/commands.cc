#include "daemon/app/commands.h"

#include <signal.h>

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/api/status_routes.h"
#include "daemon/http/router.h"
#include "daemon/http/server.h"
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

std::string IndexFolder(const std::string& data) {
  return data + "/" + std::string(store::kIndexFolder);
}

Result<OpenedStore> OpenStore(const std::string& data) {
  OpenedStore opened;
  INGOT_ASSIGN(opened.storage, store::OpenFileStorage(data));
  INGOT_ASSIGN(opened.store,
               store::Store::Open(opened.storage.get(),
                                  {.index = {.folder = IndexFolder(data)}}));
  return opened;
}

struct Address {
  std::string host;
  uint16_t port;
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
  if (!parsed.is_loopback()) {
    return refused(
        "is not a loopback address, and without tokens the daemon listens on "
        "no other");
  }
  return address;
}

// Prints a problem; returns whether there was one.
bool Report(const Status& status) {
  if (status.ok()) return false;
  std::printf("%s\n", status.error().message.c_str());
  return true;
}

}  // namespace

Status Serve(const std::string& data, const std::string& listen, int threads) {
  INGOT_ASSIGN(const Address address, ParseListen(listen));
  // Before there are threads, so that none of them takes the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  INGOT_ASSIGN(const OpenedStore opened, OpenStore(data));
  http::Router router;
  api::AddStatusRoutes(opened.store.get(), &router);
  INGOT_ASSIGN(
      const std::unique_ptr<http::HttpServer> server,
      http::HttpServer::Start(
          {.address = address.host, .port = address.port, .threads = threads},
          [&](http::Exchange& exchange) { return router.Handle(exchange); }));
  std::fprintf(stderr, "ingotd: listening on %s, port %u\n",
               address.host.c_str(), server->port());
  int received = 0;
  sigwait(&signals, &received);
  std::fprintf(stderr, "ingotd: ending\n");
  server->Drain();
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

Status RebuildIndex(const std::string& data) {
  // Nobody else has the store open while this is held.
  INGOT_ASSIGN(std::unique_ptr<store::Storage> storage,
               store::OpenFileStorage(data));
  INGOT_TRY(store::RemoveIndex(IndexFolder(data)));
  const auto opened = store::Store::Open(
      storage.get(), {.index = {.folder = IndexFolder(data)}});
  return opened.ok() ? Status() : opened.error();
}

}  // namespace ingot::app
