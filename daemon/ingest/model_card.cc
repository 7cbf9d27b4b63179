#include "daemon/ingest/model_card.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "daemon/store/repository.h"

namespace ingot::ingest {
namespace {

constexpr std::string_view kFence = "---";
constexpr size_t kMaxDepth = 32;
constexpr size_t kMaxParts = 20'000;  // scalars, lists, maps and their ends

std::string_view TakeLine(std::string_view* rest) {
  const size_t end = std::min(rest->find('\n'), rest->size());
  std::string_view line = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Between the two lines; nothing where there are none.
std::optional<std::string_view> FrontMatter(std::string_view readme) {
  std::string_view rest = readme.substr(0, kMaxCardBytes);
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  if (TakeLine(&rest) != kFence) return std::nullopt;
  const std::string_view begin = rest;
  while (!rest.empty()) {
    const size_t length = begin.size() - rest.size();
    if (TakeLine(&rest) == kFence) return begin.substr(0, length);
  }
  return std::nullopt;
}

bool IsRepository(std::string_view name) {
  const size_t slash = name.find('/');
  if (slash == std::string_view::npos) {
    return !name.empty() && store::IsNamePart(name);
  }
  const std::string_view space = name.substr(0, slash);
  const std::string_view rest = name.substr(slash + 1);
  return !space.empty() && store::IsNamePart(space) && !rest.empty() &&
         store::IsNamePart(rest);
}

// Looks at a document as it is parsed, and builds nothing of it.
class BaseModelReader final : public YAML::EventHandler {
 public:
  std::vector<std::string> TakeNames() { return std::move(names_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    OnValue(mark, {});
  }
  // It may stand for something: it is not looked up.
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    OnValue(mark, {});
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    OnValue(mark, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t, YAML::EmitterStyle::value) override {
    Begin(mark);
  }
  void OnSequenceEnd() override { End(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    if (depth_ == 0) is_map_ = true;
    // A list of maps is no list of names.
    Begin(mark);
    if (depth_ == 2) is_wanted_ = false;
  }
  void OnMapEnd() override { End(); }

 private:
  void Count(const YAML::Mark& mark) {
    if (++parts_ > kMaxParts) throw YAML::ParserException(mark, "too long");
  }

  void OnValue(const YAML::Mark& mark, const std::string& value) {
    Count(mark);
    if (depth_ == 2 && is_wanted_) Keep(value);
    if (depth_ != 1) return;
    if (is_key_) {
      is_wanted_ = is_map_ && value == "base_model";
    } else if (is_wanted_) {
      Keep(value);
    }
    is_key_ = !is_key_;
  }

  void Begin(const YAML::Mark& mark) {
    Count(mark);
    // A key that is a list or a map is none of ours.
    if (depth_ == 1 && is_key_) is_wanted_ = false;
    if (++depth_ > kMaxDepth) throw YAML::ParserException(mark, "too deep");
  }

  void End() {
    if (--depth_ == 1) is_key_ = !is_key_;
  }

  void Keep(const std::string& name) {
    if (names_.size() < kMaxBaseModels && IsRepository(name)) {
      names_.push_back(name);
    }
  }

  std::vector<std::string> names_;
  size_t parts_ = 0;
  size_t depth_ = 0;
  bool is_map_ = false;     // the document
  bool is_key_ = true;      // what comes next in it
  bool is_wanted_ = false;  // the value of the last key
};

}  // namespace

std::vector<std::string> BaseModelsOf(std::string_view readme) {
  const auto matter = FrontMatter(readme);
  if (!matter) return {};
  BaseModelReader reader;
  try {
    std::istringstream text{std::string(*matter)};
    YAML::Parser(text).HandleNextDocument(reader);
  } catch (const YAML::Exception&) {
    return {};
  }
  return reader.TakeNames();
}

}  // namespace ingot::ingest
