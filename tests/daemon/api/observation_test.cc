// What is told of requests: ids, lines of the log, and metrics.

#include "daemon/api/observation.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "daemon/api/admin_routes.h"
#include "daemon/api/metrics_routes.h"
#include "daemon/api/repository_routes.h"
#include "daemon/api/status_routes.h"
#include "daemon/http/content.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/http/raw_client.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Ask;
using http::RawClient;
using http::RawResponse;
using http::Simple;
using nlohmann::json;

Error OnFire() { return {ErrorKind::kIo, "disk 7 is on fire"}; }

awaitable<void> Fail(http::Exchange& exchange, const http::PathParameters&) {
  co_await RespondError(exchange, OnFire());
}

awaitable<void> Throw(http::Exchange&, const http::PathParameters&) {
  throw std::runtime_error("thrown about");
  co_return;
}

// A megabyte, of which the second half is damaged.
class DamagedSource final : public Source {
 public:
  const std::string& name() const override { return name_; }
  uint64_t size() const override { return 1 << 20; }
  Status ReadAt(uint64_t offset, MutableByteSpan) const override {
    if (offset < size() / 2) return {};
    return Corruption("block 2 of file 3");
  }

 private:
  const std::string name_ = "damaged";
};

http::Content DamagedContent() {
  http::Content content;
  content.source = std::make_shared<DamagedSource>();
  return content;
}

class ObservationTest : public testing::Test {
 protected:
  ObservationTest() {
    auto log = observe::Log::Open({.file = file_});
    EXPECT_TRUE(log.ok());
    log_ = std::move(*log);
    AddStatusRoutes(&router_);
    AddAdminRoutes({store_.get(), maintenance_.get()}, workers_.get(),
                   workers_.get(), &router_);
    AddRepositoryRoutes(store_.get(), workers_.get(), &router_);
    router_.Add("GET", "/fail/{how}", "", Fail);
    router_.Add("GET", "/throw", "", Throw);
    http::ServerOptions options;
    AddMetricsRoutes({.store = store_.get(),
                      .files = &files_,
                      .metrics = &metrics_,
                      .log = log_.get(),
                      .load = options.load.get()},
                     workers_.get(), &router_);
    options.report = [this](const http::RequestReport& report) {
      Observe(report, log_.get(), &metrics_);
      ++reported_;
    };
    auto server = http::HttpServer::Start(
        std::move(options),
        [this](http::Exchange& exchange) { return router_.Handle(exchange); });
    EXPECT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  ~ObservationTest() override {
    server_->Stop();
    workers_.reset();
  }

  // Returns when the request has been reported, so that reports have an order.
  RawResponse SendBytes(const std::string& request) {
    const int before = reported_;
    RawResponse response = Ask(server_->port(), request);
    for (int i = 0; i < 5000 && reported_ == before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return response;
  }
  RawResponse Send(const std::string& line, const std::string& headers = "") {
    return SendBytes(Simple(line, headers));
  }
  // Of a response.
  static std::string IdOf(const RawResponse& response) {
    std::smatch found;
    const bool has = std::regex_search(
        response.head, found, std::regex("\r\nX-Request-Id: ([^\r]*)\r\n"));
    return has ? found[1].str() : "";
  }
  // Ends the server; each line must be JSON.
  std::vector<json> Lines() {
    server_->Drain();
    server_->Stop();
    log_.reset();
    std::vector<json> lines;
    std::ifstream stream(file_);
    for (std::string line; std::getline(stream, line);) {
      text_ += line + "\n";
      lines.push_back(json::parse(line, nullptr, /*allow_exceptions=*/false));
      EXPECT_TRUE(lines.back().is_object()) << line;
    }
    return lines;
  }

  const store::TemporaryFolder temporary_;
  const std::string file_ = temporary_ / "log";
  std::string text_;
  const std::unique_ptr<store::Storage> storage_ = store::MakeMemoryStorage();
  const std::unique_ptr<store::Store> store_ = store::OpenStore(storage_.get());
  const ingest::StoredFiles files_{store_.get()};
  std::unique_ptr<observe::Log> log_;
  observe::Metrics metrics_{"1.2.3"};
  std::unique_ptr<ingest::Maintenance> maintenance_ =
      std::make_unique<ingest::Maintenance>(store_.get());
  std::unique_ptr<http::Workers> workers_ = std::make_unique<http::Workers>(1);
  http::Router router_;
  std::atomic<int> reported_ = 0;
  std::unique_ptr<http::HttpServer> server_;
};

TEST_F(ObservationTest, ResponsesHaveIds) {
  const std::regex made("[0-9a-f]{32}");
  const std::string one = IdOf(Send("GET /healthz"));
  const std::string other = IdOf(Send("GET /healthz"));
  EXPECT_TRUE(std::regex_match(one, made)) << one;
  EXPECT_TRUE(std::regex_match(other, made)) << other;
  EXPECT_NE(one, other);
  // Of refused ones too.
  for (const char* line : {"GET /nothing", "BREW /healthz", "GET /a/../b",
                           "GET /fail/x", "GET /throw", "GET"}) {
    EXPECT_TRUE(std::regex_match(IdOf(Send(line)), made)) << line;
  }
  for (const std::string& id :
       {std::string("a"), std::string("Az09._-"), std::string(64, 'x')}) {
    EXPECT_EQ(IdOf(Send("GET /healthz", "X-Request-Id: " + id + "\r\n")), id);
    EXPECT_EQ(IdOf(Send("GET /..", "x-request-id: " + id + "\r\n")), id);
  }
  for (const std::string& id :
       {std::string(""), std::string(65, 'x'), std::string("a b"),
        std::string("a\"b"), std::string("<a>"), std::string("\xc3\xa4"),
        std::string("a,b"), std::string("a\tb")}) {
    const std::string sent =
        IdOf(Send("GET /healthz", "X-Request-Id: " + id + "\r\n"));
    EXPECT_TRUE(std::regex_match(sent, made)) << id << " " << sent;
  }
}

TEST_F(ObservationTest, RequestsAreLogged) {
  Send("GET /healthz", "X-Request-Id: mine\r\n");
  Send("DELETE /healthz");
  Send("GET /x%2fy/%C3%A4?q=1");
  Send("GET /\xff");
  SendBytes("nonsense\r\n\r\n");
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 5);
  EXPECT_EQ(lines[0]["id"], "mine");
  EXPECT_EQ(lines[0]["peer"], "127.0.0.1");
  EXPECT_EQ(lines[0]["method"], "GET");
  EXPECT_EQ(lines[0]["route"], "/healthz");
  EXPECT_EQ(lines[0]["path"], "/healthz");
  EXPECT_EQ(lines[0]["status"], 200);
  EXPECT_EQ(lines[0]["complete"], true);
  EXPECT_EQ(lines[0]["sent_bytes"], 17);
  EXPECT_EQ(lines[0]["received_bytes"], 0);
  EXPECT_FALSE(lines[0].contains("token"));
  EXPECT_EQ(lines[1]["status"], 405);
  EXPECT_EQ(lines[1]["route"], "/healthz");
  EXPECT_EQ(lines[2]["status"], 404);
  EXPECT_EQ(lines[2]["path"], "/x/y/\xc3\xa4");
  EXPECT_FALSE(lines[2].contains("route"));
  EXPECT_EQ(lines[3]["status"], 400);
  EXPECT_EQ(lines[3]["path"], "");
  EXPECT_EQ(lines[4]["method"], "");
}

TEST_F(ObservationTest, CausesAreForTheLogAlone) {
  const RawResponse failed = Send("GET /fail/x");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, "{\"error\":\"internal error\"}\n");
  const RawResponse thrown = Send("GET /throw");
  EXPECT_EQ(thrown.status, 500);
  EXPECT_EQ(thrown.body, failed.body);
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines[0]["id"], IdOf(failed));
  EXPECT_EQ(lines[0]["level"], "error");
  EXPECT_EQ(lines[0]["cause"], "disk 7 is on fire");
  EXPECT_EQ(lines[1]["id"], IdOf(thrown));
  EXPECT_EQ(lines[1]["cause"], "thrown about");
}

// Its status has been sent when the damage is found.
TEST_F(ObservationTest, DamageThatIsMetInTheMiddleIsLogged) {
  router_.Add("GET", "/damaged", "",
              [this](http::Exchange& exchange,
                     const http::PathParameters&) -> awaitable<void> {
                co_await RespondContent(exchange, workers_.get(),
                                        DamagedContent());
              });
  const RawResponse response = Send("GET /damaged");
  EXPECT_EQ(response.status, 200);
  EXPECT_LT(response.body.size(), 1 << 20);
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 1);
  EXPECT_EQ(lines[0]["cause"], "block 2 of file 3");
  EXPECT_EQ(lines[0]["level"], "error");
  EXPECT_EQ(lines[0]["status"], 200);
  EXPECT_EQ(lines[0]["complete"], false);
}

TEST_F(ObservationTest, SecretsAreNotLogged) {
  const auto secret = store_->tokens().Create(
      {.name = "", .secret = {}, .scope = store::TokenScope::kAdmin});
  ASSERT_TRUE(secret.ok());
  const std::string bearer = "Authorization: Bearer " + *secret + "\r\n";
  EXPECT_EQ(Send("GET /api/stats", bearer).status, 200);
  Send("GET /api/stats?sig=s1gnature&token=" + *secret, bearer);
  Send("GET /nothing?sig=s1gnature", "Cookie: c00kie\r\n");
  Send("GET /api/stats", "Authorization: Basic dXNlcjpwYXNz\r\n");
  Send("GET /../x?sig=s1gnature", bearer);
  Send("GET /api/stats", "X-Request-Id: x?sig=s1gnature\r\n" + bearer);
  const std::string body = "{\"name\": \"b0dy\"}";
  SendBytes(Simple("POST /api/repos/create",
                   bearer + "Content-Length: " + std::to_string(body.size()) +
                       "\r\n") +
            body);
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 7);
  EXPECT_EQ(lines[0]["token"], 1);
  EXPECT_EQ(lines[6]["received_bytes"], body.size());
  for (const std::string& hidden :
       {*secret, std::string("s1gnature"), std::string("c00kie"),
        std::string("dXNlcjpwYXNz"), std::string("pass"), std::string("b0dy"),
        std::string("Bearer"), std::string("sig")}) {
    EXPECT_EQ(text_.find(hidden), std::string::npos) << hidden;
  }
}

// The samples of a text, by name and labels. Each must have HELP and TYPE
// before it, and may come once.
std::map<std::string, double> Samples(const std::string& text) {
  static const std::regex kSample(
      R"re(([a-z_]+)((?:\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})?) ([^ ]+))re");
  std::map<std::string, double> samples;
  std::set<std::string> helped;
  std::set<std::string> typed;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::string mark, what, name;
    if (line.starts_with("#")) {
      words >> mark >> what >> name;
      EXPECT_TRUE((what == "HELP" ? helped : typed).insert(name).second)
          << line;
      continue;
    }
    std::smatch parts;
    if (!std::regex_match(line, parts, kSample)) {
      ADD_FAILURE() << "not a sample: " << line;
      continue;
    }
    const std::string family = std::regex_replace(
        parts[1].str(), std::regex("_(bucket|sum|count)$"), "");
    EXPECT_TRUE(helped.contains(family) || helped.contains(parts[1])) << line;
    EXPECT_TRUE(typed.contains(family) || typed.contains(parts[1])) << line;
    EXPECT_TRUE(
        samples.emplace(parts[1].str() + parts[2].str(), std::stod(parts[3]))
            .second)
        << line;
  }
  return samples;
}

TEST_F(ObservationTest, MetricsCount) {
  const auto requests = [](const std::string& labels) {
    return "ingot_http_requests_total{" + labels + "}";
  };
  ASSERT_TRUE(
      store::StageBytes(&store_->staging(), store::SampleUpload(1)).ok());
  for (int i = 0; i < 3; ++i) Send("GET /healthz");
  Send("HEAD /healthz");
  for (int i = 0; i < 50; ++i) {
    Send("BREW" + std::to_string(i) + " /healthz");
    Send("GET /nothing/" + std::to_string(i));
    Send("GET /fail/" + std::to_string(i));
  }
  Send("GET /a/../b");
  RawClient idle(server_->port());
  const RawResponse response = Send("GET /metrics");
  ASSERT_EQ(response.status, 200);
  EXPECT_NE(response.head.find("Content-Type: text/plain; version=0.0.4"),
            std::string::npos);
  auto samples = Samples(response.body);
  EXPECT_EQ(samples[requests(R"(code="200",method="GET",route="/healthz")")],
            3);
  EXPECT_EQ(samples[requests(R"(code="200",method="HEAD",route="/healthz")")],
            1);
  EXPECT_EQ(samples[requests(R"(code="405",method="other",route="/healthz")")],
            50);
  EXPECT_EQ(samples[requests(R"(code="404",method="GET",route="none")")], 50);
  EXPECT_EQ(samples[requests(R"(code="400",method="GET",route="none")")], 1);
  EXPECT_EQ(samples[requests(R"(code="500",method="GET",route="/fail/{how}")")],
            50);
  const std::string duration = "ingot_http_request_duration_seconds";
  EXPECT_EQ(samples[duration + R"(_count{method="GET",route="/healthz"})"], 3);
  EXPECT_EQ(
      samples[duration + R"(_bucket{method="GET",route="/healthz",le="+Inf"})"],
      3);
  EXPECT_GT(samples["ingot_http_response_bytes_total"], 3 * 17);
  EXPECT_EQ(samples["ingot_http_request_bytes_total"], 0);
  EXPECT_EQ(samples["ingot_http_inflight_requests"], 1);
  EXPECT_GE(samples["ingot_http_connections"], 1);
  EXPECT_EQ(samples["ingot_store_staged_files"], 1);
  EXPECT_EQ(samples["ingot_store_staged_bytes"], store::SampleUpload(1).size());
  EXPECT_TRUE(samples.contains("ingot_store_packs_files"));
  EXPECT_TRUE(samples.contains("ingot_store_packs_bytes"));
  for (const char* const name :
       {"ingot_cache_hits_total", "ingot_cache_misses_total",
        "ingot_cache_shared_total", "ingot_cache_bytes"}) {
    EXPECT_TRUE(samples.contains(name)) << name;
  }
  EXPECT_EQ(samples[R"(ingot_build_info{version="1.2.3"})"], 1);
  EXPECT_GT(samples["process_resident_memory_bytes"], 1 << 20);
  EXPECT_GT(samples["process_open_fds"], 3);
  EXPECT_GT(samples["process_cpu_seconds_total"], 0);
  EXPECT_NEAR(samples["process_start_time_seconds"],
              static_cast<double>(std::time(nullptr)), 600);
  // As long as there are routes, not as long as there are requests.
  EXPECT_LT(samples.size(), 200);

  // Prometheus's own opinion, where it is installed.
  if (std::system("promtool --version >/dev/null 2>&1") == 0) {
    const std::string file = temporary_ / "metrics";
    std::ofstream(file) << response.body;
    EXPECT_EQ(std::system(("promtool check metrics <" + file).c_str()), 0);
  }
}

TEST_F(ObservationTest, MetricsAreNotForEverybody) {
  const auto token = [&](store::TokenScope scope, const std::string& space) {
    const auto secret = store_->tokens().Create(
        {.name = "", .secret = {}, .scope = scope, .space = space});
    EXPECT_TRUE(secret.ok());
    return "Authorization: Bearer " + *secret + "\r\n";
  };
  for (const bool has_tokens : {false, true}) {
    EXPECT_EQ(Send("GET /metrics").status, 200);
    for (const char* header :
         {"Origin: http://x\r\n", "X-Forwarded-For: 192.0.2.1\r\n",
          "Forwarded: for=192.0.2.1\r\n"}) {
      EXPECT_EQ(Send("GET /metrics", header).status, 401) << header;
    }
    // Credentials say nothing while there are no tokens.
    EXPECT_EQ(Send("GET /metrics", "Authorization: Bearer x\r\n").status,
              has_tokens ? 401 : 200);
    if (!has_tokens) token(store::TokenScope::kRead, "");
  }
  const std::string reader = token(store::TokenScope::kRead, "");
  const std::string bounded = token(store::TokenScope::kAdmin, "ns");
  EXPECT_EQ(Send("GET /metrics", reader).status, 200);
  EXPECT_EQ(Send("GET /metrics", "Origin: http://x\r\n" + reader).status, 200);
  EXPECT_EQ(Send("GET /metrics", bounded).status, 403);
}

TEST_F(ObservationTest, BrokenOffRequestsAreLogged) {
  {
    RawClient client(server_->port());
    client.Send(Simple("POST /api/repos/create",
                       "Expect: 100-continue\r\nContent-Length: 100\r\n"));
    EXPECT_EQ(client.Receive().status, 100);
    client.Send("some");
  }
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 1);
  EXPECT_EQ(lines[0]["received_bytes"], 4);
}

}  // namespace
}  // namespace ingot::api
