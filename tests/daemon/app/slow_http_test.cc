// The program against slowhttptest, which keeps connections busy with as
// little as it can, from 127.0.0.1; others come from elsewhere.

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "codec/digest.h"
#include "tests/daemon/app/daemon_load.h"
#include "tests/daemon/app/daemon_process.h"
#include "tests/daemon/http/raw_client.h"
#include "tests/daemon/store/temporary_folder.h"
#include "tests/sanitized.h"
#include "tests/tools/samples.h"

namespace ingot::app {
namespace {

using std::chrono::milliseconds;

struct Attack {
  std::string name;
  std::string options;  // of slowhttptest
};

class SlowHttpTest : public testing::TestWithParam<Attack> {
 protected:
  void SetUp() override {
    if (std::system("command -v slowhttptest >/dev/null") != 0) {
      GTEST_SKIP() << "needs slowhttptest (Debian: slowhttptest)";
    }
    RaiseDescriptorLimit();
  }
};

// The default limit of one address keeps the others' connections free; without
// it there are enough for 1,000 slow ones.
TEST_P(SlowHttpTest, OthersAreServed) {
  const store::TemporaryFolder temporary;
  for (const bool is_limited : {true, false}) {
    std::vector<std::string> arguments = {
        "serve", "--data", temporary / "store", "--listen", "127.0.0.1:0"};
    if (!is_limited) {
      arguments.insert(arguments.end(), {"--connections", "3000",
                                         "--connections-per-address", "2000"});
    }
    Daemon daemon(arguments, temporary / "log");
    const uint16_t port = daemon.Port();
    // Something large to be read slowly.
    const std::string file = RandomBytes(8 << 20, 1);
    const std::string body = "{\"name\": \"me/model\"}";
    http::Ask(port, http::Simple("POST /api/repos/create",
                                 "Content-Length: " +
                                     std::to_string(body.size()) + "\r\n") +
                        body);
    const std::string path =
        "/me/model.git/info/lfs/objects/" + ToHex(HashBytes(AsBytes(file)));
    ASSERT_EQ(
        http::Ask(port, http::Simple("PUT " + path,
                                     "Content-Length: " +
                                         std::to_string(file.size()) + "\r\n") +
                            file)
            .status,
        200);
    std::string seen = "nothing";
    {
      Bystander bystander(port);
      MemoryWatch watch(daemon.process());
      const std::string line =
          "timeout 60 slowhttptest " + GetParam().options +
          " -c 1000 -r 500 -l 12 -u http://127.0.0.1:" + std::to_string(port) +
          path + " >" + (temporary / "output") + " 2>&1";
      std::thread attack([&] { EXPECT_EQ(std::system(line.c_str()), 0); });
      // How many there are at once, as the daemon sees it.
      double most = 0;
      for (int i = 0; i < 80; ++i) {
        most = std::max(most, ReadMetric(port, "ingot_http_connections"));
        std::this_thread::sleep_for(milliseconds(100));
      }
      attack.join();
      std::printf("%s, %s: %.0f connections, at most %.1f MiB anonymous\n",
                  GetParam().name.c_str(), is_limited ? "limited" : "not so",
                  most, static_cast<double>(watch.most()) / (1 << 20));
      if (is_limited) {
        EXPECT_LE(most, 256 + 10);
      }
      bystander.ExpectServed(milliseconds(kSanitized ? 60'000 : 3'000));
      if (!kSanitized) {
        EXPECT_LT(watch.most(), 512 << 20);
      }
    }
    std::ifstream stream(temporary / "output");
    seen.assign(std::istreambuf_iterator<char>(stream), {});
    EXPECT_NE(seen.find("slow"), std::string::npos) << seen;
    daemon.Signal(SIGTERM);
    EXPECT_EQ(daemon.Wait(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Attacks, SlowHttpTest,
    testing::Values(Attack{"SlowHeaders", "-H -i 2 -x 8 -t GET"},
                    Attack{"SlowBody", "-B -i 2 -x 8 -s 100000 -t PUT"},
                    Attack{"Ranges", "-R -a 1 -b 3000 -t HEAD"},
                    Attack{"SlowRead", "-X -w 1 -y 64 -n 1 -z 1 -k 3"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ingot::app
