// The Hub's clients for JavaScript, unmodified, against ingotd: what they do is
// in hub_client.mjs. Installs them, so that it needs the network.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/daemon/app/daemon_process.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::app {
namespace {

TEST(HubClientTest, ClientsAreContent) {
  if (std::system("npm --version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "npm is not installed (Debian: npm)";
  }
  const store::TemporaryFolder temporary;
  const std::string data = temporary / "store";
  Daemon create({"token", "create", "--data", data, "--scope", "write"},
                temporary / "token");
  ASSERT_EQ(create.Wait(), 0);
  std::string secret = create.Log(".out");
  secret.pop_back();
  // Its model of 3 MB comes in parts, all else whole.
  const Daemon daemon({"serve", "--data", data, "--listen", "127.0.0.1:0",
                       "--multipart-bytes", "500000"},
                      temporary / "daemon");
  const std::string url = "http://127.0.0.1:" + std::to_string(daemon.Port());
  std::filesystem::copy_file(INGOT_HUB_CLIENT, temporary / "hub_client.mjs");
  const std::string line =
      "cd " + (temporary / ".") +
      " && (timeout 300 npm install --silent --no-save --no-package-lock "
      "--ignore-scripts @huggingface/hub@2.17.5 @huggingface/gguf@0.4.6 "
      "@huggingface/transformers@4.3.2 && "
      "timeout 120 node hub_client.mjs " +
      url + " " + secret + " " + (temporary / "cache") + ") >output 2>&1";
  const bool done = std::system(line.c_str()) == 0;
  std::ifstream stream(temporary / "output");
  const std::string output{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_TRUE(done && output.ends_with("done\n")) << output;
  const std::string log = daemon.Log();
  for (const char* const part : {"/parts/1\"", "/parts/6\"", "/parts\""}) {
    EXPECT_NE(log.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(log.find("/parts/7\""), std::string::npos);
}

}  // namespace
}  // namespace ingot::app
