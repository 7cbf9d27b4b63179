// ContainerReport as JSON for programs.

#include <nlohmann/json.hpp>
#include <optional>

#include "tools/container_report.h"

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json SizeOf(uint64_t encoded, uint64_t raw) {
  if (raw == 0) return nullptr;
  return static_cast<double>(encoded) / static_cast<double>(raw);
}

Json TensorJson(const TensorReport& tensor) {
  Json json;
  json["name"] = tensor.name.empty() ? Json(nullptr) : Json(tensor.name);
  json["dtype"] = tensor.dtype;
  json["shape"] = tensor.shape;
  json["method"] = tensor.method;
  json["shared"] = tensor.shared;
  json["depth"] = tensor.depth;
  json["raw_bytes"] = tensor.raw_bytes;
  json["encoded_bytes"] = OrNull(tensor.encoded_bytes);
  json["size"] = tensor.encoded_bytes
                     ? SizeOf(*tensor.encoded_bytes, tensor.raw_bytes)
                     : Json(nullptr);
  json["bits_per_exponent"] = OrNull(tensor.bits_per_exponent);
  json["bits_per_element"] = OrNull(tensor.bits_per_element);
  return json;
}

Json FileJson(const FileReport& file) {
  const Manifest& manifest = *file.manifest;
  Json json;
  json["path"] = manifest.info.path;
  json["format"] = manifest.info.format;
  json["note"] = manifest.note;
  json["bytes"] = manifest.id.length;
  json["sha256"] = ToHex(manifest.id.digest);
  json["mode"] = OrNull(manifest.info.mode);
  json["mtime"] =
      manifest.info.mtime ? Json(manifest.info.mtime->seconds) : Json(nullptr);
  json["literal_bytes"] = file.literal_bytes;
  json["tensors"] = Json::array();
  for (const TensorReport& tensor : file.tensors) {
    json["tensors"].push_back(TensorJson(tensor));
  }
  return json;
}

Json TotalsJson(const ContainerReport& report) {
  const ObjectStatistics& objects = report.totals.objects;
  Json json;
  json["exponent_bytes"] = objects.exponent_bytes;
  json["remainder_bytes"] = objects.remainder_bytes;
  json["byte_bytes"] = objects.byte_bytes;
  json["side_bytes"] = objects.side_bytes;
  json["overhead_bytes"] = objects.overhead_bytes;
  json["literal_bytes"] = report.totals.literal_bytes;
  json["record_bytes"] = report.totals.record_bytes;
  json["index_bytes"] = report.totals.index_bytes;
  json["objects"] = report.objects;
  json["groups"] = objects.groups;
  json["blocks"] = objects.blocks;
  json["predicted_blocks"] = objects.predicted_blocks;
  json["methods"] = Json::object();
  for (const auto& [name, blocks] : objects.methods) {
    json["methods"][name] = blocks;
  }
  return json;
}

}  // namespace

std::string ReportAsJson(const ContainerReport& report) {
  Json json;
  json["container"] = report.path;
  json["encoded_bytes"] = report.encoded_bytes;
  json["raw_bytes"] = report.raw_bytes;
  json["size"] = SizeOf(report.encoded_bytes, report.raw_bytes);
  json["depth"] = report.depth;
  json["base_files"] = Json::array();
  for (const BaseFile& file : report.base_files) {
    json["base_files"].push_back({{"name", file.name},
                                  {"bytes", file.id.length},
                                  {"sha256", ToHex(file.id.digest)}});
  }
  json["files"] = Json::array();
  for (const FileReport& file : report.files) {
    json["files"].push_back(FileJson(file));
  }
  json["totals"] = TotalsJson(report);
  // Names are bytes that need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ingot
