// HostileHubTest: runs the ingot binary against servers that lie.

#ifndef INGOT_TESTS_TOOLS_HUB_HOSTILE_HUB_H_
#define INGOT_TESTS_TOOLS_HUB_HOSTILE_HUB_H_

#include <string>
#include <string_view>

#include "codec/digest.h"
#include "tests/tools/cli_harness.h"
#include "tests/tools/hub/scripted_server.h"

namespace ingot {

inline constexpr char kSecret[] = "hf_ingot_secret";
inline constexpr char kCommitId[] = "0123456789abcdef0123456789abcdef01234567";

inline std::string Sha256Of(const std::string& bytes) {
  return ToHex(HashBytes(AsBytes(bytes)));
}

inline bool Asks(const ScriptedRequest& request, std::string_view what) {
  return request.line.find(what) != std::string::npos;
}

class HostileHubTest : public CliTest {
 protected:
  RunOptions To(const ScriptedServer& server) const {
    RunOptions options;
    options.environment = {"INGOT_ENDPOINT=" + server.url(),
                           std::string("INGOT_TOKEN=") + kSecret, "NO_PROXY=*"};
    return options;
  }
};

}  // namespace ingot

#endif  // INGOT_TESTS_TOOLS_HUB_HOSTILE_HUB_H_
