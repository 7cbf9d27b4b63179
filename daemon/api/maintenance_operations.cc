// The operations of daemon/api/admin_routes.h that take long.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/api/admin_routes.h"
#include "daemon/api/hub.h"

namespace ingot::api {
namespace {

using nlohmann::json;

constexpr uint64_t kHour = 60ull * 60 * 1000;
constexpr uint64_t kMaxHours = 24ull * 36'500;

// A number of the arguments; nothing where it is not there.
Result<std::optional<uint64_t>> FindNumber(const json& arguments,
                                           const char* member, uint64_t least,
                                           uint64_t most) {
  const auto found = arguments.find(member);
  if (found == arguments.end()) return std::optional<uint64_t>();
  if (found->is_number_unsigned() ||
      (found->is_number_integer() && found->get<int64_t>() >= 0)) {
    const auto number = found->get<uint64_t>();
    if (number >= least && number <= most) return std::optional(number);
  }
  return InvalidArgument(std::string(member) + ": expected a number from " +
                         std::to_string(least) + " to " + std::to_string(most));
}

Result<bool> FindFlag(const json& arguments, const char* member) {
  const auto found = arguments.find(member);
  if (found == arguments.end()) return false;
  if (found->is_boolean()) return found->get<bool>();
  return InvalidArgument(std::string(member) + ": expected true or false");
}

json JsonOf(const ingest::CompactionReport& report) {
  return {{"files", report.files},
          {"packs", report.packs},
          {"raw_bytes", report.raw_bytes},
          {"stored_bytes", report.stored_bytes},
          {"saved_bytes",
           {{"copies", report.saved_by_copies},
            {"known_tensors", report.saved_by_known},
            {"deltas", report.saved_by_deltas},
            {"coding", report.saved_by_coding}}},
          {"failures", report.failures}};
}

json JsonOf(const ingest::CollectionReport& report) {
  return {{"grants_ended", report.grants_ended},
          {"staged",
           {{"files", report.staged_files}, {"bytes", report.staged_bytes}}},
          {"retired",
           {{"packs", report.packs_retired}, {"bytes", report.retired_bytes}}},
          {"repacked",
           {{"packs", report.packs_repacked}, {"bytes", report.live_bytes}}},
          {"written",
           {{"packs", report.packs_written}, {"bytes", report.written_bytes}}},
          {"removed",
           {{"packs", report.packs_removed}, {"bytes", report.removed_bytes}}},
          {"failures", report.failures}};
}

json JsonOf(const ingest::CheckReport& report) {
  json lost = json::array();
  for (const ingest::LostFile& file : report.lost) {
    json repositories = json::array();
    for (const store::RepositoryName& name : file.repositories) {
      repositories.push_back(PagePath(name));
    }
    lost.push_back({{"file", ingot::ToHex(file.file)},
                    {"repositories", std::move(repositories)}});
  }
  return {{"problems", report.problems}, {"lost", std::move(lost)}};
}

Result<json> CompactStore(const Administered& what, const json& arguments) {
  ingest::CompactorOptions options = what.maintenance->compactor_options();
  INGOT_ASSIGN(const auto level, FindNumber(arguments, "level", 1, 9));
  INGOT_ASSIGN(const auto delta, FindNumber(arguments, "delta_level", 1, 9));
  options.level = static_cast<int>(level.value_or(options.level));
  options.delta_level = static_cast<int>(delta.value_or(options.delta_level));
  ingest::CompactionReport report;
  const Status done = what.maintenance->Compact(options, &report);
  json answer = JsonOf(report);
  // What was done until an error is done.
  if (!done.ok()) answer["error"] = done.error().message;
  return answer;
}

Result<json> CollectStore(const Administered& what, const json& arguments) {
  ingest::CollectorOptions options = what.maintenance->collector_options();
  INGOT_ASSIGN(options.dry_run, FindFlag(arguments, "dry_run"));
  INGOT_ASSIGN(options.unreferenced, FindFlag(arguments, "unreferenced"));
  INGOT_ASSIGN(const auto hours,
               FindNumber(arguments, "grace_hours", 0, kMaxHours));
  if (hours) options.grace = *hours * kHour;
  ingest::CollectionReport report;
  const Status done = what.maintenance->Collect(options, &report);
  json answer = JsonOf(report);
  if (!done.ok()) answer["error"] = done.error().message;
  return answer;
}

Result<json> CheckStore(const Administered& what, const json& arguments) {
  ingest::CheckOptions options;
  INGOT_ASSIGN(const auto percent,
               FindNumber(arguments, "read_percent", 0, 100));
  options.read_percent = static_cast<unsigned>(percent.value_or(0));
  ingest::CheckReport report;
  INGOT_TRY(what.maintenance->Check(options, &report));
  return JsonOf(report);
}

Result<json> RepairStore(const Administered& what, const json&) {
  ingest::RepairReport report;
  const Status done = what.maintenance->Repair(&report);
  json answer = {{"before", JsonOf(report.before)},
                 {"compaction", JsonOf(report.compaction)},
                 {"collection", JsonOf(report.collection)},
                 {"after", JsonOf(report.after)}};
  if (!done.ok()) answer["error"] = done.error().message;
  return answer;
}

}  // namespace

const AdminOperation kCompactStore = {
    "POST", "/api/compact", "Pack what was uploaded", CompactStore, true};
const AdminOperation kCollectStore = {
    "POST", "/api/gc", "Give back the space of what is of no use", CollectStore,
    true};
const AdminOperation kCheckStore = {"POST", "/api/check",
                                    "Look for damage in all that is stored",
                                    CheckStore, true};
const AdminOperation kRepairStore = {
    "POST", "/api/repair", "Mend what can be mended", RepairStore, true};

}  // namespace ingot::api
