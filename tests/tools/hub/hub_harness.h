// HubTest: runs the ingot binary beside an ingotd of its own.

#ifndef INGOT_TESTS_TOOLS_HUB_HUB_HARNESS_H_
#define INGOT_TESTS_TOOLS_HUB_HUB_HARNESS_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/app/daemon_process.h"
#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {

// What a report says of a file.
inline std::string StateOf(const nlohmann::json& report,
                           const std::string& path) {
  for (const nlohmann::json& file : report["files"]) {
    if (file["path"] == path) return file["state"];
  }
  return "";
}

class HubTest : public CliTest {
 protected:
  // The store lies beside the test's folder, which it would otherwise be in.
  ~HubTest() override {
    daemon_.reset();
    std::error_code error;
    std::filesystem::remove_all(store_, error);
  }

  void Serve(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"serve", "--data", store_ + "/data",
                                          "--listen", "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    daemon_ =
        std::make_unique<app::Daemon>(std::move(arguments), store_ + "/log");
    port_ = daemon_->Port();
  }
  void Kill() {
    daemon_->Signal(SIGKILL);
    daemon_->Wait();
  }
  // A token's secret; from the first one on the store asks for one.
  std::string MakeToken(const std::string& scope) {
    app::Daemon create(
        {"token", "create", "--data", store_ + "/data", "--scope", scope},
        store_ + "/token");
    EXPECT_EQ(create.Wait(), 0) << create.Log();
    std::string secret = create.Log(".out");
    secret.pop_back();
    return secret;
  }

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
  }
  // Options that name the server, and no token but this one.
  RunOptions To(const std::string& url, const std::string& token = "") const {
    RunOptions options;
    options.environment = {"INGOT_ENDPOINT=" + url, "INGOT_TOKEN=" + token,
                           "NO_PROXY=*"};
    return options;
  }
  std::string Hub(const std::vector<std::string>& arguments) const {
    return RunOk(arguments, To(url()));
  }
  nlohmann::json HubJson(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    return nlohmann::json::parse(Hub(arguments), nullptr, false);
  }

  // A folder of all sorts.
  void WriteModel() const {
    Write("model/model.safetensors", SampleModel(1));
    Write("model/copy/model.safetensors", SampleModel(1));
    Write("model/config.json", "{\"a\": 1}\n");
    Write("model/empty", "");
    Write("model/empty.bin", "");
    Write("model/one", "x");
    Write("model/zeros.bin", std::string(3000, '\0'));
    Write("model/gr\xC3\xBC\xC3\x9F dich/%20 +&?#;=.txt", "text");
    Write("model/\xE6\xA8\xA1\xE5\x9E\x8B.bin", RandomBytes(2'000'000, 3));
    Write("model/ a b ", "spaces");
    Write("model/long.txt", std::string(1 << 20, 'x'));
    Write("model/longer.txt", std::string((1 << 20) + 1, 'y'));
  }
  // Both folders have the same files, but for .gitattributes.
  void ExpectSame(const std::string& a, const std::string& b) const {
    const auto names = [&](const std::string& folder) {
      std::vector<std::string> found;
      for (const std::string& name : List()) {
        if (!name.starts_with(folder + "/") || name.ends_with('/')) continue;
        const std::string rest = name.substr(folder.size() + 1);
        if (rest != ".gitattributes") found.push_back(rest);
      }
      return found;
    };
    ASSERT_EQ(names(a), names(b));
    for (const std::string& name : names(a)) {
      EXPECT_TRUE(Read(a + "/" + name) == Read(b + "/" + name)) << name;
    }
  }

  const std::string store_ = [] {
    std::string pattern =
        std::filesystem::temp_directory_path() / "ingot-hub-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    return pattern;
  }();
  std::unique_ptr<app::Daemon> daemon_;
  uint16_t port_ = 0;
};

}  // namespace ingot

#endif  // INGOT_TESTS_TOOLS_HUB_HUB_HARNESS_H_
