#include "bench/results.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/csv.h"

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kHead = "data,codec,part,raw_bytes,encoded_bytes";

Json ToJson(const Measurement& m) {
  return {{"codec", m.codec},
          {"sample", m.sample},
          {"raw_bytes", m.raw_bytes},
          {"encoded_bytes", m.encoded_bytes},
          {"encode_gbps", m.encode_gbps},
          {"decode_gbps", m.decode_gbps},
          {"encode_x_memcpy", m.encode_ratio},
          {"decode_x_memcpy", m.decode_ratio},
          {"encode_runs", m.encode_runs},
          {"decode_runs", m.decode_runs}};
}

Measurement MeasurementFrom(const Json& json) {
  Measurement m;
  m.codec = json.at("codec");
  m.sample = json.at("sample");
  m.raw_bytes = json.at("raw_bytes");
  m.encoded_bytes = json.at("encoded_bytes");
  m.encode_gbps = json.at("encode_gbps");
  m.decode_gbps = json.at("decode_gbps");
  m.encode_ratio = json.at("encode_x_memcpy");
  m.decode_ratio = json.at("decode_x_memcpy");
  m.encode_runs = json.at("encode_runs");
  m.decode_runs = json.at("decode_runs");
  return m;
}

Json ToJson(const DataResult& data) {
  Json json = {{"name", data.name},
               {"is_file", data.is_file},
               {"dtype", data.dtype},
               {"raw_bytes", data.raw_bytes},
               {"float_bytes", data.float_bytes},
               {"memcpy_gbps", data.memcpy_gbps},
               {"level_3_bits",
                {{"elements", data.fields.elements},
                 {"exponent", data.fields.exponent},
                 {"sign_and_mantissa", data.fields.remainder},
                 {"other", data.fields.other}}}};
  for (const Measurement& m : data.measurements) {
    json["measurements"].push_back(ToJson(m));
  }
  return json;
}

DataResult DataFrom(const Json& json) {
  DataResult data;
  data.name = json.at("name");
  data.is_file = json.at("is_file");
  data.dtype = json.at("dtype");
  data.raw_bytes = json.at("raw_bytes");
  data.float_bytes = json.at("float_bytes");
  data.memcpy_gbps = json.at("memcpy_gbps");
  const Json& fields = json.at("level_3_bits");
  data.fields.elements = fields.at("elements");
  data.fields.exponent = fields.at("exponent");
  data.fields.remainder = fields.at("sign_and_mantissa");
  data.fields.other = fields.at("other");
  for (const Json& m : json.at("measurements")) {
    data.measurements.push_back(MeasurementFrom(m));
  }
  return data;
}

bool ParseRow(std::string_view line, SizeRow* row) {
  std::string part, raw, encoded;
  if (!TakeCsvField(&line, &row->data) || !TakeCsvField(&line, &row->codec) ||
      !TakeCsvField(&line, &part) || !TakeCsvField(&line, &raw) ||
      !TakeCsvField(&line, &encoded) || !line.empty()) {
    return false;
  }
  row->sample = part == "sample";
  return (row->sample || part == "all") &&
         ParseCsvNumber(raw, &row->raw_bytes) &&
         ParseCsvNumber(encoded, &row->encoded_bytes) && row->raw_bytes > 0;
}

}  // namespace

const Measurement* DataResult::Find(std::string_view codec) const {
  const auto found =
      std::find_if(measurements.begin(), measurements.end(),
                   [codec](const Measurement& m) { return m.codec == codec; });
  return found == measurements.end() ? nullptr : &*found;
}

const DataResult* Results::Find(std::string_view name) const {
  const auto found =
      std::find_if(data.begin(), data.end(),
                   [name](const DataResult& d) { return d.name == name; });
  return found == data.end() ? nullptr : &*found;
}

std::string ResultsToJson(const Results& results) {
  Json json = {{"versions", results.versions},
               {"kernel", results.kernel},
               {"processor", results.processor},
               {"data", Json::array()}};
  for (const DataResult& data : results.data) {
    json["data"].push_back(ToJson(data));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Results> ResultsFromJson(std::string_view json) {
  Results results;
  try {
    const Json parsed = Json::parse(json);
    results.versions = parsed.at("versions");
    results.kernel = parsed.at("kernel");
    results.processor = parsed.at("processor");
    for (const Json& data : parsed.at("data")) {
      results.data.push_back(DataFrom(data));
    }
  } catch (const Json::exception& error) {
    return Corruption(std::string("not the results of ingot_peers: ") +
                      error.what());
  }
  return results;
}

std::string ResultsToCsv(const Results& results) {
  std::string csv =
      "# ingot_peers: encoded bytes, everything counted; peers: " +
      results.versions + "\n" + std::string(kHead) + "\n";
  for (const DataResult& data : results.data) {
    for (const Measurement& m : data.measurements) {
      csv += CsvField(data.name) + "," + CsvField(m.codec) + "," +
             (m.sample ? "sample" : "all") + "," + std::to_string(m.raw_bytes) +
             "," + std::to_string(m.encoded_bytes) + "\n";
    }
  }
  return csv;
}

Result<std::vector<SizeRow>> SizesFromCsv(std::string_view csv) {
  std::vector<SizeRow> rows;
  bool has_head = false;
  for (int number = 1; !csv.empty(); ++number) {
    const size_t end = std::min(csv.find('\n'), csv.size());
    const std::string_view line = csv.substr(0, end);
    csv.remove_prefix(std::min(end + 1, csv.size()));
    if (line.starts_with('#')) continue;
    SizeRow row;
    if (has_head ? !ParseRow(line, &row) : line != kHead) {
      return Corruption("line " + std::to_string(number) + ": expected " +
                        std::string(kHead));
    }
    if (has_head) rows.push_back(std::move(row));
    has_head = true;
  }
  return rows;
}

std::vector<std::string> CompareSizes(const std::vector<SizeRow>& before,
                                      const std::vector<SizeRow>& after) {
  std::map<std::pair<std::string, std::string>, const SizeRow*> known;
  for (const SizeRow& row : before) known[{row.data, row.codec}] = &row;
  std::vector<std::string> changes;
  for (const SizeRow& row : after) {
    const auto found = known.find({row.data, row.codec});
    if (found == known.end() || *found->second == row) continue;
    changes.push_back(row.data + ": " + row.codec + ": " +
                      std::to_string(found->second->encoded_bytes) + " -> " +
                      std::to_string(row.encoded_bytes) + " bytes");
  }
  return changes;
}

}  // namespace ingot
