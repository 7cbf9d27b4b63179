// The document of routes: that it has all of them, and is OpenAPI 3.1.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "daemon/api/admin_routes.h"
#include "daemon/api/hub_account_routes.h"
#include "daemon/api/hub_commit_routes.h"
#include "daemon/api/hub_file_routes.h"
#include "daemon/api/hub_read_routes.h"
#include "daemon/api/hub_ref_routes.h"
#include "daemon/api/hub_tree_routes.h"
#include "daemon/api/lfs_routes.h"
#include "daemon/api/metrics_routes.h"
#include "daemon/api/openapi_routes.h"
#include "daemon/api/repository_routes.h"
#include "daemon/api/status_routes.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using nlohmann::json;
using Name = std::pair<std::string, std::string>;

awaitable<void> Nothing(http::Exchange&, const http::PathParameters&) {
  co_return;
}

// Those of the daemon; no handler is called.
http::Router AllRoutes() {
  http::Router router;
  AddStatusRoutes(&router);
  AddAdminRoutes({}, nullptr, nullptr, &router);
  AddMetricsRoutes({}, nullptr, &router);
  AddRepositoryRoutes(nullptr, nullptr, &router);
  AddLfsRoutes({}, &router);
  AddHubAccountRoutes({}, &router);
  AddHubRefRoutes({}, &router);
  AddHubCommitRoutes({}, &router);
  AddHubReadRoutes({}, &router);
  AddHubFileRoutes({}, &router);
  AddHubTreeRoutes({}, &router);
  AddOpenApiRoutes(&router);
  return router;
}

TEST(OpenApiTest, RoutesAndDocumentAreTheSame) {
  const http::Router router = AllRoutes();
  std::set<Name> routes;
  for (const http::Router::Route& route : router.routes()) {
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    std::string pattern = route.pattern;
    std::erase(pattern, '*');
    EXPECT_TRUE(routes.emplace(pattern, method).second) << pattern;
  }
  std::set<Name> described;
  const json document = json::parse(OpenApiOf(router));
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      described.emplace(path, method);
    }
  }
  EXPECT_EQ(described, routes);
  EXPECT_GE(routes.size(), 11);
}

TEST(OpenApiTest, OperationsAreWhole) {
  const json document = json::parse(OpenApiOf(AllRoutes()));
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_EQ(document["info"]["version"], INGOT_VERSION);
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      SCOPED_TRACE(method + " " + path);
      EXPECT_NE(operation["summary"], "");
      ASSERT_TRUE(operation["responses"].contains("200"));
      for (const auto& [status, response] : operation["responses"].items()) {
        EXPECT_TRUE(status == "default" || status.size() == 3) << status;
        EXPECT_NE(response["description"], "");
      }
      // Each name in the path is a parameter, and the other way round.
      size_t names = 0;
      for (const json& parameter :
           operation.value("parameters", json::array())) {
        const std::string name = parameter["name"];
        if (parameter["in"] != "path") continue;
        ++names;
        EXPECT_NE((path + "/").find("/{" + name + "}/"), std::string::npos);
        EXPECT_EQ(parameter["required"], true);
      }
      EXPECT_EQ(names, std::ranges::count(path, '{'));
      for (const json& one : operation.value("security", json::array())) {
        for (const auto& [scheme, scopes] : one.items()) {
          EXPECT_TRUE(
              document["components"]["securitySchemes"].contains(scheme));
        }
      }
    }
  }
}

TEST(OpenApiTest, RoutesSayWhatTheyDo) {
  http::Router router;
  router.Add("POST", "/a/{b}",
             http::RouteInfo("Do it")
                 .Needs("write")
                 .Query("q", "What for")
                 .Takes("text/plain")
                 .Gives("application/x+json")
                 .Says(409, "Done already."),
             Nothing);
  const json document = json::parse(OpenApiOf(router));
  const json& operation = document["paths"]["/a/{b}"]["post"];
  EXPECT_EQ(operation["summary"], "Do it");
  EXPECT_EQ(operation["x-ingot-right"], "write");
  EXPECT_EQ(operation["security"].size(), 2);
  EXPECT_EQ(operation["parameters"][0]["name"], "b");
  EXPECT_EQ(operation["parameters"][1]["name"], "q");
  EXPECT_EQ(operation["parameters"][1]["description"], "What for");
  EXPECT_EQ(operation["parameters"][1]["required"], false);
  EXPECT_TRUE(operation["requestBody"]["content"].contains("text/plain"));
  const json& responses = operation["responses"];
  EXPECT_TRUE(responses["200"]["content"].contains("application/x+json"));
  EXPECT_EQ(responses["409"]["description"], "Done already.");
  EXPECT_TRUE(responses.contains("401"));
  EXPECT_TRUE(responses.contains("403"));
}

}  // namespace
}  // namespace ingot::api
