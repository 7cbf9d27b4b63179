// Where the program's options may come from: the command line, the environment
// and a file, each of them for every option; and that the README has them all.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "tests/daemon/app/daemon_process.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::app {
namespace {

// A value for each option that is not its default.
const std::map<std::string, std::string> kValues = {
    {"buffer-memory", "77"},
    {"burst", "77"},
    {"cache", "77"},
    {"collect", "77"},
    {"compact", "false"},
    {"connections", "77"},
    {"connections-per-address", "77"},
    {"data", "/nowhere"},
    {"delta-level", "7"},
    {"grace", "77"},
    {"level", "7"},
    {"listen", "127.0.0.1:77"},
    {"log", "/nowhere/log"},
    {"log-format", "text"},
    {"log-level", "error"},
    {"multipart-bytes", "77"},
    {"public-url", "https://hub.example.org"},
    {"rate", "77"},
    {"rate-loopback", "true"},
    {"scrub", "77"},
    {"threads", "7"},
    {"tls-certificate", "/nowhere/certificate"},
    {"tls-key", "/nowhere/key"},
};

std::string Contents(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class IngotdOptionsTest : public testing::Test {
 protected:
  // What a command prints to stdout.
  std::string Out(const std::vector<std::string>& arguments, int code = 0) {
    Daemon daemon(arguments, temporary_ / "log");
    EXPECT_EQ(daemon.Wait(), code) << daemon.Log();
    error_ = daemon.Log();
    return daemon.Log(".out");
  }
  std::string WriteConfig(const std::string& text) {
    std::ofstream(temporary_ / "ingotd.toml") << text;
    return temporary_ / "ingotd.toml";
  }
  // Of the options in a help text: name, and variable of the environment.
  static std::map<std::string, std::string> OptionsIn(const std::string& help) {
    static const std::regex kOption(R"re(\n  (-\w,)?--([a-z-]+)[^\n]*)re");
    static const std::regex kVariable(R"re(\(Env:([A-Z_]+)\))re");
    std::map<std::string, std::string> options;
    for (std::sregex_iterator it(help.begin(), help.end(), kOption), end;
         it != end; ++it) {
      const std::string line = it->str();
      std::smatch variable;
      std::regex_search(line, variable, kVariable);
      options[(*it)[2]] = variable.empty() ? "" : variable[1].str();
    }
    return options;
  }

  const store::TemporaryFolder temporary_;
  std::string error_;
};

TEST_F(IngotdOptionsTest, ComeFromAnywhere) {
  auto options = OptionsIn(Out({"serve", "--help"}));
  const auto global = OptionsIn(Out({"--help"}));
  options.insert(global.begin(), global.end());
  for (const char* name : {"help", "version", "config", "print-config"}) {
    EXPECT_EQ(options.erase(name), 1) << name;
  }
  EXPECT_EQ(options.size(), kValues.size());
  const std::string readme = Contents(INGOT_README);
  for (const auto& [name, variable] : options) {
    SCOPED_TRACE(name);
    std::string expected = "INGOTD_" + name;
    std::ranges::transform(expected, expected.begin(), [](unsigned char c) {
      return c == '-' ? '_' : static_cast<char>(std::toupper(c));
    });
    EXPECT_EQ(variable, expected);
    EXPECT_NE(readme.find("| `--" + name + "`"), std::string::npos)
        << "not in README.md";
    const auto value = kValues.find(name);
    if (value == kValues.end()) {
      ADD_FAILURE() << "this test has no value for it";
      continue;
    }
    // Some make sense with another one only.
    std::vector<std::string> arguments = {"serve", "--print-config"};
    if (name != "data") arguments.push_back("--data=/x");
    if (name == "tls-key") arguments.push_back("--tls-certificate=/x");
    if (name == "tls-certificate") arguments.push_back("--tls-key=/x");
    std::vector<std::string> by_line = arguments;
    by_line.push_back("--" + name + "=" + value->second);
    const std::string print = Out(by_line);
    EXPECT_NE(print.find(name + "="), std::string::npos) << print;
    setenv(variable.c_str(), value->second.c_str(), 1);
    EXPECT_EQ(Out(arguments), print) << "by the environment";
    unsetenv(variable.c_str());
    std::vector<std::string> by_file = arguments;
    by_file.insert(
        by_file.begin(),
        {"--config", WriteConfig((name == "data" ? "" : "[serve]\n") + name +
                                 " = \"" + value->second + "\"\n")});
    EXPECT_EQ(Out(by_file), print) << "by a file";
    // What is printed is such a file.
    by_file[1] = WriteConfig(print);
    EXPECT_EQ(Out({"--config", by_file[1], "serve", "--print-config"}), print);
    // A value that nobody can mean.
    if (value->second == "77" || value->second == "7") {
      setenv(variable.c_str(), "x", 1);
      Out(arguments, 2);
      unsetenv(variable.c_str());
    }
  }
}

TEST_F(IngotdOptionsTest, TheLineComesBeforeTheFileBeforeTheEnvironment) {
  const std::string file = WriteConfig("[serve]\nlevel = 1\n");
  std::vector<std::string> arguments = {"--config", file, "serve",
                                        "--data",   "/x", "--print-config"};
  EXPECT_NE(Out(arguments).find("level=1\n"), std::string::npos);
  setenv("INGOTD_LEVEL", "2", 1);
  const std::string both = Out(arguments);
  arguments.insert(arguments.end(), {"--level", "3"});
  EXPECT_NE(Out(arguments).find("level=3\n"), std::string::npos);
  unsetenv("INGOTD_LEVEL");
  EXPECT_NE(both.find("level=1\n"), std::string::npos) << both;
}

TEST_F(IngotdOptionsTest, TheSampleIsRight) {
  const std::string readme = Contents(INGOT_README);
  const std::string begin = "```toml\n";
  const size_t at = readme.find(begin);
  ASSERT_NE(at, std::string::npos);
  const std::string file = WriteConfig(
      readme.substr(at + begin.size(),
                    readme.find("```", at + begin.size()) - at - begin.size()));
  EXPECT_NE(Out({"--config", file, "serve", "--print-config"})
                .find("connections=8192\n"),
            std::string::npos);
}

TEST_F(IngotdOptionsTest, UnknownKeysAreErrors) {
  for (const std::string text :
       {"daat = \"/x\"\n", "[serve]\nlisen = \"127.0.0.1:0\"\n",
        "[sreve]\nlisten = \"127.0.0.1:0\"\n", "[serve]\ndata = \"/x\"\n",
        "listen = \"127.0.0.1:0\"\n", "[serve.more]\nlisten = \"x\"\n",
        "[serve]\nprint-config = true\n", "print-config = true\n"}) {
    Out({"--config", WriteConfig(text), "serve", "--data", "/nowhere/x"}, 2);
    EXPECT_NE(error_, "");
  }
  Out({"--config", "/nowhere/x", "serve", "--data", "/nowhere/x"}, 2);
  // What one command has makes no other one run.
  const std::string file = WriteConfig("[serve]\nlisten = \"127.0.0.1:0\"\n");
  EXPECT_NE(Out({"--config", file, "stats", "--data", temporary_ / "store"})
                .find("staged"),
            std::string::npos);
}

}  // namespace
}  // namespace ingot::app
