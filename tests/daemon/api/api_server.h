// ApiServer: all routes over a store in memory, on a port of their own.

#ifndef INGOT_TESTS_DAEMON_API_API_SERVER_H_
#define INGOT_TESTS_DAEMON_API_API_SERVER_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/api/hub_account_routes.h"
#include "daemon/api/hub_commit_routes.h"
#include "daemon/api/hub_file_routes.h"
#include "daemon/api/hub_read_routes.h"
#include "daemon/api/hub_ref_routes.h"
#include "daemon/api/hub_tree_routes.h"
#include "daemon/api/lfs_routes.h"
#include "daemon/api/native_routes.h"
#include "daemon/api/repository_routes.h"
#include "daemon/http/server.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/http/raw_client.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/store_samples.h"

namespace ingot::api {

using nlohmann::json;

class ApiServer : public testing::Test {
 protected:
  ApiServer() {
    AddRepositoryRoutes(store_.get(), workers_.get(), &router_);
    AddLfsRoutes(hub_, &router_);
    AddHubAccountRoutes(hub_, &router_);
    AddHubRefRoutes(hub_, &router_);
    AddHubCommitRoutes(hub_, &router_);
    AddHubReadRoutes(hub_, &router_);
    AddHubFileRoutes(hub_, &router_);
    AddHubTreeRoutes(hub_, &router_);
    AddNativeRoutes(hub_, &router_);
    auto server = http::HttpServer::Start({}, [this](http::Exchange& exchange) {
      return router_.Handle(exchange);
    });
    EXPECT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  ~ApiServer() override {
    server_->Stop();
    workers_.reset();
  }

  std::string Token(store::TokenScope scope, const std::string& space = "") {
    const auto secret = store_->tokens().Create(
        {.name = "", .secret = {}, .scope = scope, .space = space});
    EXPECT_TRUE(secret.ok());
    return "Authorization: Bearer " + *secret + "\r\n";
  }
  http::RawResponse Send(const std::string& line, const std::string& headers,
                         const std::string& body) {
    return http::Ask(
        server_->port(),
        http::Simple(line, headers + "Content-Length: " +
                               std::to_string(body.size()) + "\r\n") +
            body);
  }
  http::RawResponse Create(const std::string& name, const std::string& headers,
                           bool is_private = true) {
    const json body = {{"name", name}, {"private", is_private}};
    return Send("POST /api/repos/create", headers, body.dump());
  }
  http::RawResponse Batch(const std::string& name, const std::string& operation,
                          const json& objects,
                          const std::string& headers = "") {
    const json body = {{"operation", operation},
                       {"transfers", {"basic"}},
                       {"objects", objects}};
    return Send("POST /" + name + ".git/info/lfs/objects/batch", headers,
                body.dump());
  }
  http::RawResponse Put(const std::string& name, const std::string& oid,
                        const std::string& body,
                        const std::string& headers = "") {
    return Send("PUT /" + name + ".git/info/lfs/objects/" + oid, headers, body);
  }
  http::RawResponse Get(const std::string& name, const std::string& oid,
                        const std::string& headers = "",
                        const std::string& method = "GET") {
    return http::Ask(
        server_->port(),
        http::Simple(method + " /" + name + ".git/info/lfs/objects/" + oid,
                     headers));
  }
  static std::string OidOf(const std::string& body) {
    return ToHex(HashBytes(AsBytes(body)));
  }

  // Advances by as much as a test wants.
  std::atomic<uint64_t> time_ = 1'700'000'000'000;
  store::FaultyStorage storage_{store::MakeMemoryStorage()};
  std::unique_ptr<store::Store> store_ = store::OpenStore(
      &storage_, {.journal = {.clock = [this] { return time_.load(); }}});
  const UrlSigner signer_;
  std::unique_ptr<http::Workers> workers_ = std::make_unique<http::Workers>(2);
  const ingest::StoredFiles files_{store_.get()};
  MultipartUploads multipart_{
      store_.get(), {.bytes = 100'000, .most_of_repository = 3, .most = 5}};
  const Hub hub_ = {.store = store_.get(),
                    .files = &files_,
                    .workers = workers_.get(),
                    .signer = &signer_,
                    .multipart = &multipart_};
  http::Router router_;
  std::unique_ptr<http::HttpServer> server_;
  const std::string body_ = std::string(300'000, 'm') + "odel";
  const std::string oid_ = OidOf(body_);
  const json objects_ = {{{"oid", oid_}, {"size", body_.size()}}};
};

}  // namespace ingot::api

#endif  // INGOT_TESTS_DAEMON_API_API_SERVER_H_
