#include "daemon/app/commands.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/api/admin_routes.h"
#include "daemon/api/json_body.h"
#include "daemon/app/admin_client.h"
#include "daemon/store/file_storage.h"
#include "daemon/store/keys.h"
#include "daemon/store/store.h"

namespace ingot::app {

using nlohmann::json;

Status PrintStats(const std::string& data, bool as_json) {
  INGOT_ASSIGN(const json stats,
               RunAdmin(data, api::kReadStats, json::object()));
  if (as_json) {
    std::printf("%s\n", api::EncodeJson(stats).c_str());
    return {};
  }
  for (const auto& [part, numbers] : stats.items()) {
    for (const auto& [name, value] : numbers.items()) {
      std::printf("%-6s  %-7s  %s\n", part.c_str(), name.c_str(),
                  value.dump().c_str());
    }
  }
  return {};
}

Status CreateToken(const std::string& data, const std::string& name,
                   const std::string& scope, const std::string& repository,
                   uint64_t days) {
  INGOT_ASSIGN(const json answer, RunAdmin(data, api::kCreateToken,
                                           {{"name", name},
                                            {"scope", scope},
                                            {"repository", repository},
                                            {"days", days}}));
  std::printf("%s\n", answer.at("secret").get<std::string>().c_str());
  return {};
}

Status ListTokens(const std::string& data, bool as_json) {
  INGOT_ASSIGN(const json answer,
               RunAdmin(data, api::kListTokens, json::object()));
  const json& tokens = answer.at("tokens");
  if (as_json) {
    std::printf("%s\n", api::EncodeJson(tokens).c_str());
    return {};
  }
  for (const json& token : tokens) {
    const std::string where = token.at("repository");
    std::printf("%llu  %-5s  %s  %s%s\n",
                token.at("number").get<unsigned long long>(),
                token.at("scope").get<std::string>().c_str(),
                where.empty() ? "everything" : where.c_str(),
                token.at("name").get<std::string>().c_str(),
                token.at("expired") == true ? "  (expired)" : "");
  }
  return {};
}

Status RevokeToken(const std::string& data, uint64_t number) {
  const auto revoked = RunAdmin(data, api::kRevokeToken, {{"number", number}});
  return revoked.ok() ? Status() : revoked.error();
}

Status RebuildIndex(const std::string& data) {
  // Nobody else has the store open while this is held.
  INGOT_ASSIGN(std::unique_ptr<store::Storage> storage,
               store::OpenFileStorage(data));
  INGOT_TRY(store::RemoveIndex(store::IndexFolder(data)));
  const auto opened = store::Store::Open(
      storage.get(), {.index = {.folder = store::IndexFolder(data)}});
  return opened.ok() ? Status() : opened.error();
}

}  // namespace ingot::app
