#include "tools/similarity_report.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "tools/text.h"

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

uint64_t EstimatedBytes(uint64_t size, double share) {
  return static_cast<uint64_t>(std::llround(static_cast<double>(size) * share));
}

std::string NameOf(const ModelObject& object) {
  return object.name.empty() ? "(no name)" : Printable(object.name);
}

std::string FileTable(const Similarity& similarity) {
  std::vector<Row> rows = {
      {"file", "best base", "raw", "alone", "with base", "bytes", "distance"}};
  for (const Similarity::File& file : similarity.files) {
    Row row = {Printable(file.name), "-", std::to_string(file.size),
               Decimal(file.plain_size, 4)};
    if (file.best_base) {
      const FilePair& pair = *file.given[*file.best_base];
      row[1] = Printable(similarity.files[*file.best_base].name);
      row.push_back(Decimal(pair.delta_size, 4));
      row.push_back(std::to_string(EstimatedBytes(file.size, pair.delta_size)));
      row.push_back(Decimal(pair.distance, 4));
    } else {
      row.insert(row.end(), {"-", "-", "-"});
    }
    rows.push_back(std::move(row));
  }
  return Table(rows, 2);
}

std::string PairTable(const Similarity& similarity) {
  const size_t count = similarity.files.size();
  std::vector<Row> rows(1, {"", "size given"});
  for (size_t j = 0; j < count; ++j) rows[0].push_back(std::to_string(j + 1));
  for (size_t i = 0; i < count; ++i) {
    const Similarity::File& file = similarity.files[i];
    Row row = {std::to_string(i + 1), Printable(file.name)};
    for (const std::optional<FilePair>& pair : file.given) {
      row.push_back(pair ? Decimal(pair->delta_size, 3) : "");
    }
    rows.push_back(std::move(row));
  }
  return Table(rows, 2);
}

std::string TensorTable(const Similarity& similarity,
                        const Similarity::File& file) {
  const Similarity::File& base = similarity.files[*file.best_base];
  std::vector<Row> rows = {{"tensor", "dtype", "base", "elements", "of tensor",
                            "of base", "alone", "with base", "distance"}};
  for (const ObjectPair& pair : file.given[*file.best_base]->objects) {
    const ModelObject& object = file.objects[pair.object];
    for (const BaseMatch& match : pair.matches) {
      rows.push_back(
          {NameOf(object), std::string(GetDTypeInfo(object.dtype).name),
           NameOf(base.objects[match.candidate]),
           std::to_string(match.elements), std::to_string(match.first_element),
           std::to_string(match.base_first_element),
           Decimal(pair.plain_size, 4), Decimal(pair.delta_size, 4),
           Decimal(match.distance, 4)});
    }
  }
  return "\n" + Printable(file.name) + " given " + Printable(base.name) + "\n" +
         Table(rows, 3);
}

Json TensorsJson(const FilePair& pair, const Similarity::File& file,
                 const Similarity::File& base) {
  Json tensors = Json::array();
  for (const ObjectPair& compared : pair.objects) {
    const ModelObject& object = file.objects[compared.object];
    Json tensor;
    tensor["name"] = object.name.empty() ? Json(nullptr) : Json(object.name);
    tensor["dtype"] = GetDTypeInfo(object.dtype).name;
    tensor["raw_bytes"] = object.length;
    tensor["size_alone"] = compared.plain_size;
    tensor["size"] = compared.delta_size;
    tensor["bases"] = Json::array();
    for (const BaseMatch& match : compared.matches) {
      const ModelObject& there = base.objects[match.candidate];
      Json range;
      range["name"] = there.name.empty() ? Json(nullptr) : Json(there.name);
      range["first_element"] = match.first_element;
      range["base_first_element"] = match.base_first_element;
      range["elements"] = match.elements;
      range["distance"] = match.distance;
      tensor["bases"].push_back(std::move(range));
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace

std::string SimilarityAsText(const Similarity& similarity, bool tensors) {
  std::string text = FileTable(similarity);
  if (similarity.files.size() > 2) text += "\n" + PairTable(similarity);
  if (!tensors) return text;
  for (const Similarity::File& file : similarity.files) {
    if (file.best_base) text += TensorTable(similarity, file);
  }
  return text;
}

std::string SimilarityAsJson(const Similarity& similarity, bool tensors) {
  Json json;
  json["files"] = Json::array();
  json["pairs"] = Json::array();
  for (const Similarity::File& file : similarity.files) {
    Json item;
    item["path"] = file.name;
    item["raw_bytes"] = file.size;
    item["size_alone"] = file.plain_size;
    item["best_base"] = file.best_base
                            ? Json(similarity.files[*file.best_base].name)
                            : Json(nullptr);
    json["files"].push_back(std::move(item));
    for (size_t j = 0; j < file.given.size(); ++j) {
      const std::optional<FilePair>& pair = file.given[j];
      if (!pair) continue;
      Json given;
      given["file"] = file.name;
      given["base"] = similarity.files[j].name;
      given["distance"] = pair->distance;
      given["size"] = pair->delta_size;
      given["estimated_bytes"] = EstimatedBytes(file.size, pair->delta_size);
      if (tensors) {
        given["tensors"] = TensorsJson(*pair, file, similarity.files[j]);
      }
      json["pairs"].push_back(std::move(given));
    }
  }
  // Names are bytes that need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ingot
