// ingot_sample OUT [MIB [tuned [TIMES [FAMILY]]]]: writes a bf16 safetensors
// file that looks like the weights of a small transformer, or with "tuned" like
// those of the same one after fine-tuning, once or so many times in a row, for
// demonstrations. Each FAMILY, a number, is a transformer of its own, and not
// tuned where TIMES is 0. The same call writes the same bytes everywhere.

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/random.h"
#include "bench/weights.h"
#include "codec/bytes.h"
#include "codec/dtype.h"
#include "codec/result.h"
#include "codec/sink.h"

namespace {

using ingot::Random;
using ingot::Status;

struct Tensor {
  std::string name;
  uint64_t rows;  // 0 for a vector
  uint64_t columns;

  uint64_t elements() const { return (rows == 0 ? 1 : rows) * columns; }
};

// As many layers as fit `bytes`, but at least one.
std::vector<Tensor> ModelTensors(uint64_t bytes) {
  constexpr uint64_t kHidden = 512;
  constexpr uint64_t kInner = 1408;
  constexpr uint64_t kKeys = 128;
  constexpr uint64_t kWords = 8192;
  std::vector<Tensor> tensors = {{"model.embed_tokens.weight", kWords, kHidden},
                                 {"model.norm.weight", 0, kHidden}};
  uint64_t total = 2 * (kWords + 1) * kHidden;
  for (int layer = 0;; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const std::vector<Tensor> block = {
        {prefix + "input_layernorm.weight", 0, kHidden},
        {prefix + "mlp.down_proj.weight", kHidden, kInner},
        {prefix + "mlp.gate_proj.weight", kInner, kHidden},
        {prefix + "mlp.up_proj.weight", kInner, kHidden},
        {prefix + "post_attention_layernorm.weight", 0, kHidden},
        {prefix + "self_attn.k_proj.weight", kKeys, kHidden},
        {prefix + "self_attn.o_proj.weight", kHidden, kHidden},
        {prefix + "self_attn.q_proj.weight", kHidden, kHidden},
        {prefix + "self_attn.v_proj.weight", kKeys, kHidden},
    };
    for (const Tensor& tensor : block) total += 2 * tensor.elements();
    if (layer > 0 && total > bytes) return tensors;
    tensors.insert(tensors.end(), block.begin(), block.end());
  }
}

std::string Header(const std::vector<Tensor>& tensors) {
  std::string json = "{\"__metadata__\":{\"format\":\"pt\"}";
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors) {
    const uint64_t end = offset + 2 * tensor.elements();
    json += ",\"" + tensor.name + "\":{\"dtype\":\"BF16\",\"shape\":[";
    if (tensor.rows != 0) json += std::to_string(tensor.rows) + ",";
    json += std::to_string(tensor.columns) + "],\"data_offsets\":[" +
            std::to_string(offset) + "," + std::to_string(end) + "]}";
    offset = end;
  }
  json += "}";
  json.resize(ingot::AlignUp(json.size(), 8), ' ');
  return json;
}

// Normals of the usual width with a lognormal scale for each row and column;
// norm weights lie near 1. Each of `tunings` moves all but those a little.
std::vector<std::byte> Values(const Tensor& tensor, Random* random,
                              std::span<Random> tunings) {
  std::vector<float> values(tensor.elements());
  if (tensor.rows == 0) {
    for (float& value : values) {
      value = static_cast<float>(1 + 0.1 * random->Normal());
    }
  } else {
    const double width = 1 / std::sqrt(static_cast<double>(tensor.columns));
    values =
        ingot::ScaledNormals(tensor.rows, tensor.columns, width, 0.3, random);
    for (Random& tuning : tunings) {
      for (float& value : values) {
        value += static_cast<float>(0.002 * width * tuning.Normal());
      }
    }
  }
  return ingot::RoundToBytes(values, ingot::DType::kBf16);
}

Status WriteSample(const std::string& path, uint64_t bytes, int times,
                   uint64_t family) {
  INGOT_ASSIGN(const auto sink,
               ingot::CreateFileSink(path, {.overwrite = true}));
  const std::vector<Tensor> tensors = ModelTensors(bytes);
  const std::string header = Header(tensors);
  std::array<std::byte, 8> length;
  ingot::StoreLittleEndian<uint64_t>(length.data(), header.size());
  INGOT_TRY(sink->Write(length));
  INGOT_TRY(sink->Write(ingot::AsBytes(header)));
  Random random(20240229 + 1000 * family);
  std::vector<Random> tunings;
  for (int i = 0; i < times; ++i) {
    tunings.emplace_back(20240301 + 1000 * family + static_cast<uint64_t>(i));
  }
  for (const Tensor& tensor : tensors) {
    INGOT_TRY(sink->Write(Values(tensor, &random, tunings)));
  }
  return sink->Commit();
}

}  // namespace

int main(int argc, char** argv) {
  const int mebibytes = argc > 2 ? std::atoi(argv[2]) : 64;
  const bool is_tuned = argc > 3 && std::string_view(argv[3]) == "tuned";
  const int times = argc > 4 ? std::atoi(argv[4]) : 1;
  const int family = argc > 5 ? std::atoi(argv[5]) : 0;
  if (argc < 2 || argc > 6 || (argc > 3 && !is_tuned) || times < 0 ||
      times > 900 || family < 0 || mebibytes <= 0 || argv[1][0] == '-') {
    std::fprintf(stderr,
                 "usage: ingot_sample OUT [MIB [tuned [TIMES [FAMILY]]]]\n");
    return 2;
  }
  const Status status =
      WriteSample(argv[1], static_cast<uint64_t>(mebibytes) << 20,
                  is_tuned ? times : 0, static_cast<uint64_t>(family));
  if (!status.ok()) {
    std::fprintf(stderr, "ingot_sample: %s\n", status.error().message.c_str());
    return 1;
  }
  return 0;
}
