#include "tools/selection_report.h"

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "codec/explain.h"
#include "tools/text.h"

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

std::string_view StageName(Attempt::Stage stage) {
  constexpr std::array<std::string_view, 4> kNames = {"detector", "scales",
                                                      "exponents", "method"};
  return kNames[static_cast<size_t>(stage)];
}

std::string_view OutcomeName(const Attempt& attempt) {
  const bool detector = attempt.stage == Attempt::Stage::kDetector;
  switch (attempt.outcome) {
    case Attempt::Outcome::kRuledOut:
      return "ruled out";
    case Attempt::Outcome::kLarger:
      return "larger";
    case Attempt::Outcome::kChosen:
      break;
  }
  return detector ? "worth a try" : "chosen";
}

// Levels that may have written such blocks, the likeliest first.
std::vector<int> LevelsOf(const ObjectStatistics& held) {
  for (const auto& [name, blocks] : held.methods) {
    if (name == "modelled/cm") return {9, 8, 7};
    if (name == "float/rans") return {6};
    if (name == "float/huffman") return {5, 6};
  }
  return {3, 4, 1, 2, 9, 8, 7, 5, 6};
}

uint64_t PlaneBytes(const ObjectStatistics& held) {
  return held.exponent_bytes + held.remainder_bytes + held.byte_bytes;
}

std::string MethodsText(const ObjectStatistics& held) {
  std::string text;
  for (const auto& [name, blocks] : held.methods) {
    text += (text.empty() ? "" : ", ") + name + " x" + std::to_string(blocks);
  }
  return text;
}

// An attempt in all blocks of a group.
struct Tally {
  uint64_t blocks = 0;
  uint64_t chosen = 0;
  uint64_t raw_bytes = 0;  // of blocks whose bytes are known
  uint64_t bytes = 0;
  std::string reason;  // the first
};

// By name, in the order in which they are tried.
std::vector<std::pair<std::string, Tally>> TallyBlocks(
    const GroupSelection& group) {
  std::vector<std::pair<std::string, Tally>> tallies;
  std::map<std::string, size_t> places;
  for (const BlockSelection& block : group.blocks) {
    for (const Attempt& attempt : block.attempts) {
      const auto [place, is_new] =
          places.try_emplace(attempt.name, tallies.size());
      if (is_new) tallies.emplace_back(attempt.name, Tally{});
      Tally& tally = tallies[place->second].second;
      ++tally.blocks;
      tally.chosen += attempt.outcome == Attempt::Outcome::kChosen ? 1 : 0;
      if (attempt.bytes) {
        tally.raw_bytes += block.raw_bytes;
        tally.bytes += *attempt.bytes;
      }
      if (tally.reason.empty()) tally.reason = attempt.reason;
    }
  }
  return tallies;
}

std::string GroupText(const GroupSelection& group, size_t index) {
  std::string text = "\ngroup " + std::to_string(index) + ": elements " +
                     std::to_string(group.first) + " to " +
                     std::to_string(group.first + group.elements) + ", " +
                     Count(group.blocks.size(), "block") + ", " +
                     Count(group.side_bytes, "byte") + " of side data\n";
  std::vector<Row> rows = {
      {"stage", "candidate", "outcome", "estimated bytes", "why"}};
  for (const Attempt& attempt : group.attempts) {
    rows.push_back({std::string(StageName(attempt.stage)), attempt.name,
                    std::string(OutcomeName(attempt)),
                    attempt.bytes ? std::to_string(*attempt.bytes) : "-",
                    attempt.reason});
  }
  if (rows.size() > 1) text += Table(rows, 5);
  rows = {{"method of a block", "tried", "chosen", "bytes", "size", "why"}};
  for (const auto& [name, tally] : TallyBlocks(group)) {
    rows.push_back({name, std::to_string(tally.blocks),
                    std::to_string(tally.chosen),
                    tally.raw_bytes > 0 ? std::to_string(tally.bytes) : "-",
                    Ratio(tally.bytes, tally.raw_bytes), tally.reason});
  }
  return text + Table(rows, 6);
}

Json AttemptsJson(const Attempts& attempts) {
  Json list = Json::array();
  for (const Attempt& attempt : attempts) {
    Json json;
    json["stage"] = StageName(attempt.stage);
    json["candidate"] = attempt.name;
    json["outcome"] = OutcomeName(attempt);
    json["bytes"] = attempt.bytes ? Json(*attempt.bytes) : Json(nullptr);
    json["why"] = attempt.reason;
    list.push_back(std::move(json));
  }
  return list;
}

Json GroupJson(const GroupSelection& group) {
  Json json;
  json["first_element"] = group.first;
  json["elements"] = group.elements;
  json["raw_bytes"] = group.raw_bytes;
  json["side_bytes"] = group.side_bytes;
  json["attempts"] = AttemptsJson(group.attempts);
  json["blocks"] = Json::array();
  for (const BlockSelection& block : group.blocks) {
    Json one;
    one["elements"] = block.elements;
    one["raw_bytes"] = block.raw_bytes;
    one["payload_bytes"] = block.payload_bytes;
    one["method"] = block.winner;
    one["attempts"] = AttemptsJson(block.attempts);
    json["blocks"].push_back(std::move(one));
  }
  return json;
}

}  // namespace

Result<SelectionReport> MakeSelectionReport(ContainerReader* reader,
                                            const TensorPlace& place,
                                            std::optional<int> level) {
  const Segment& segment = reader->files()[place.file].segments[place.segment];
  SelectionReport report;
  report.path = reader->name();
  report.tensor = segment.view->name;
  report.dtype = GetDTypeInfo(segment.view->dtype).name;
  report.shape = segment.view->shape;
  report.raw_bytes = segment.length;
  if (segment.kind == Segment::Kind::kLiteral) return report;
  if (segment.kind == Segment::Kind::kOutside) {
    return Error{ErrorKind::kNotFound, reader->name() + ": tensor \"" +
                                           report.tensor +
                                           "\" lies outside the container"};
  }
  INGOT_ASSIGN(report.held, reader->Statistics(segment.object));
  const ObjectInfo object = reader->object(segment.object);
  const TensorSpec spec{.dtype = object.element_dtype,
                        .columns = object.columns};
  for (const int candidate :
       level ? std::vector<int>{*level} : LevelsOf(report.held)) {
    SelectionExplainer explainer(spec, candidate);
    INGOT_TRY(reader->ReadSegment(
        place.file, place.segment, 0, segment.length,
        [&](ByteSpan bytes) { return explainer.Write(bytes); }));
    INGOT_ASSIGN(Selection selection, explainer.Finish());
    report.same_bytes = selection.side_bytes == report.held.side_bytes &&
                        selection.plane_bytes == PlaneBytes(report.held);
    // Where no level gives the bytes, the likeliest stays.
    if (report.same_bytes || !report.selection) {
      report.selection = std::move(selection);
    }
    if (report.same_bytes) break;
  }
  return report;
}

std::string SelectionAsText(const SelectionReport& report) {
  std::string text = Printable(report.tensor) + ": " + report.dtype + " " +
                     ShapeText(report.shape) + ", " +
                     Count(report.raw_bytes, "byte") + "\n";
  if (!report.selection) {
    return text +
           "A literal: so small that it lies beside the file's other bytes, "
           "and nothing is chosen.\n";
  }
  const Selection& selection = *report.selection;
  const auto bytes = [](uint64_t planes, uint64_t side) {
    return Count(planes, "byte") + " in planes, " + std::to_string(side) +
           " of side data";
  };
  text +=
      "container: " + bytes(PlaneBytes(report.held), report.held.side_bytes) +
      "; " + MethodsText(report.held) + "\n";
  text += "level " + std::to_string(selection.level) + ":   " +
          bytes(selection.plane_bytes, selection.side_bytes) +
          (report.same_bytes ? ", the same\n" : ", not what it holds\n");
  for (size_t i = 0; i < selection.groups.size(); ++i) {
    text += GroupText(selection.groups[i], i);
  }
  return text;
}

std::string SelectionAsJson(const SelectionReport& report) {
  Json json;
  json["container"] = report.path;
  json["tensor"] = report.tensor;
  json["dtype"] = report.dtype;
  json["shape"] = report.shape;
  json["raw_bytes"] = report.raw_bytes;
  json["held"] = nullptr;
  json["selection"] = nullptr;
  if (report.selection) {
    Json held;
    held["side_bytes"] = report.held.side_bytes;
    held["plane_bytes"] = PlaneBytes(report.held);
    held["methods"] = Json::object();
    for (const auto& [name, blocks] : report.held.methods) {
      held["methods"][name] = blocks;
    }
    json["held"] = std::move(held);
    Json selection;
    selection["level"] = report.selection->level;
    selection["same_bytes"] = report.same_bytes;
    selection["side_bytes"] = report.selection->side_bytes;
    selection["plane_bytes"] = report.selection->plane_bytes;
    selection["groups"] = Json::array();
    for (const GroupSelection& group : report.selection->groups) {
      selection["groups"].push_back(GroupJson(group));
    }
    json["selection"] = std::move(selection);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ingot
