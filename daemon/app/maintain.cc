#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/app/admin_client.h"
#include "daemon/app/commands.h"

namespace ingot::app {
namespace {

using nlohmann::json;

void PrintBytes(const char* what, const json& bytes) {
  std::printf("%-28s %12.1f MiB\n", what, bytes.get<double>() / (1 << 20));
}

void PrintCount(const char* what, const json& count) {
  std::printf("%-28s %12s\n", what, count.dump().c_str());
}

void PrintFailures(const char* what, const json& failures) {
  for (const json& failure : failures) {
    std::printf("%s: %s\n", what, failure.get<std::string>().c_str());
  }
}

void PrintCompaction(const json& report) {
  std::printf("%s files, %s packs\n", report.at("files").dump().c_str(),
              report.at("packs").dump().c_str());
  PrintBytes("raw", report.at("raw_bytes"));
  PrintBytes("stored", report.at("stored_bytes"));
  const json& saved = report.at("saved_bytes");
  PrintBytes("saved by whole copies", saved.at("copies"));
  PrintBytes("saved by known tensors", saved.at("known_tensors"));
  PrintBytes("saved by deltas", saved.at("deltas"));
  PrintBytes("saved by coding", saved.at("coding"));
  PrintFailures("not packed", report.at("failures"));
}

void PrintCollection(const json& report) {
  PrintCount("grants ended", report.at("grants_ended"));
  PrintCount("uploads discarded", report.at("staged").at("files"));
  PrintBytes("  of", report.at("staged").at("bytes"));
  PrintCount("packs of no use", report.at("retired").at("packs"));
  PrintCount("packs repacked", report.at("repacked").at("packs"));
  PrintBytes("  of which is of use", report.at("repacked").at("bytes"));
  PrintCount("packs written", report.at("written").at("packs"));
  PrintBytes("  of", report.at("written").at("bytes"));
  PrintCount("packs removed", report.at("removed").at("packs"));
  PrintBytes("  of", report.at("removed").at("bytes"));
  PrintBytes("retired packs that stay", report.at("retired").at("bytes"));
  PrintFailures("not collected", report.at("failures"));
}

void PrintCheck(const json& report) {
  for (const json& problem : report.at("problems")) {
    std::printf("%s\n", problem.get<std::string>().c_str());
  }
  for (const json& lost : report.at("lost")) {
    std::printf("cannot be restored: %s",
                lost.at("file").get_ref<const std::string&>().c_str());
    for (const json& repository : lost.at("repositories")) {
      std::printf(" %s", repository.get_ref<const std::string&>().c_str());
    }
    std::printf("\n");
  }
}

// Prints an answer; what it could not finish is an error all the same.
Status Print(const json& answer, bool as_json, void (*print)(const json&)) {
  if (as_json) {
    std::printf("%s\n", answer.dump().c_str());
  } else {
    print(answer);
  }
  const auto error = answer.find("error");
  if (error == answer.end()) return {};
  return Error{ErrorKind::kUnavailable, error->get<std::string>()};
}

}  // namespace

Result<uint64_t> Compact(const std::string& data, std::optional<int> level,
                         std::optional<int> delta_level, bool as_json) {
  json arguments = json::object();
  if (level) arguments["level"] = *level;
  if (delta_level) arguments["delta_level"] = *delta_level;
  INGOT_ASSIGN(const json answer,
               RunAdmin(data, api::kCompactStore, arguments));
  INGOT_TRY(Print(answer, as_json, PrintCompaction));
  return answer.at("failures").size();
}

Result<uint64_t> Collect(const std::string& data, const GcOptions& options) {
  json arguments = {{"dry_run", options.dry_run},
                    {"unreferenced", options.unreferenced}};
  if (options.grace_hours) arguments["grace_hours"] = *options.grace_hours;
  INGOT_ASSIGN(const json answer,
               RunAdmin(data, api::kCollectStore, arguments));
  INGOT_TRY(Print(answer, options.json, PrintCollection));
  return answer.at("failures").size();
}

Result<uint64_t> Check(const std::string& data, unsigned read_percent,
                       bool as_json) {
  INGOT_ASSIGN(const json answer, RunAdmin(data, api::kCheckStore,
                                           {{"read_percent", read_percent}}));
  INGOT_TRY(Print(answer, as_json, PrintCheck));
  return answer.at("problems").size() + answer.at("lost").size();
}

Result<uint64_t> Repair(const std::string& data, bool as_json) {
  INGOT_ASSIGN(const json answer,
               RunAdmin(data, api::kRepairStore, json::object()));
  const auto print = [](const json& report) {
    std::printf("Found\n");
    PrintCheck(report.at("before"));
    std::printf("Packed\n");
    PrintCompaction(report.at("compaction"));
    std::printf("Collected\n");
    PrintCollection(report.at("collection"));
    std::printf("Left\n");
    PrintCheck(report.at("after"));
  };
  INGOT_TRY(Print(answer, as_json, print));
  return answer.at("after").at("lost").size();
}

}  // namespace ingot::app
