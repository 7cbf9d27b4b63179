// ingot_sample OUT [MIB]: writes a bf16 safetensors file that looks like the
// weights of a small transformer, for demonstrations. The same call writes
// the same bytes everywhere where libm rounds alike.

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/sink.h"

namespace {

using ingot::Status;

struct Tensor {
  std::string name;
  uint64_t rows;  // 0 for a vector
  uint64_t columns;

  uint64_t elements() const { return (rows == 0 ? 1 : rows) * columns; }
};

// SplitMix64, and the polar-free Box-Muller transform on top of it.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  double Uniform() {  // in (0, 1)
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (static_cast<double>((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
  }
  double Normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(Uniform()));
    const double angle = 2 * M_PI * Uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

 private:
  uint64_t state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

// Rounds to nearest, ties to even.
uint16_t ToBf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

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

// A normal of the usual width, times a lognormal scale per row and per
// column; norm weights lie near 1.
std::vector<uint16_t> Values(const Tensor& tensor, Random* random) {
  std::vector<uint16_t> values(tensor.elements());
  if (tensor.rows == 0) {
    for (uint16_t& value : values) {
      value = ToBf16(static_cast<float>(1 + 0.1 * random->Normal()));
    }
    return values;
  }
  std::vector<double> columns(tensor.columns);
  for (double& scale : columns) scale = std::exp(0.3 * random->Normal());
  const double width = 1 / std::sqrt(static_cast<double>(tensor.columns));
  size_t next = 0;
  for (uint64_t row = 0; row < tensor.rows; ++row) {
    const double scale = width * std::exp(0.3 * random->Normal());
    for (const double column : columns) {
      values[next++] =
          ToBf16(static_cast<float>(scale * column * random->Normal()));
    }
  }
  return values;
}

Status WriteSample(const std::string& path, uint64_t bytes) {
  INGOT_ASSIGN(const auto sink,
               ingot::CreateFileSink(path, {.overwrite = true}));
  const std::vector<Tensor> tensors = ModelTensors(bytes);
  const std::string header = Header(tensors);
  std::array<std::byte, 8> length;
  ingot::StoreLittleEndian<uint64_t>(length.data(), header.size());
  INGOT_TRY(sink->Write(length));
  INGOT_TRY(sink->Write(ingot::AsBytes(header)));
  Random random(20240229);
  for (const Tensor& tensor : tensors) {
    const std::vector<uint16_t> values = Values(tensor, &random);
    INGOT_TRY(sink->Write(std::as_bytes(std::span(values))));
  }
  return sink->Commit();
}

}  // namespace

int main(int argc, char** argv) {
  const int mebibytes = argc > 2 ? std::atoi(argv[2]) : 64;
  if (argc < 2 || argc > 3 || mebibytes <= 0 || argv[1][0] == '-') {
    std::fprintf(stderr, "usage: ingot_sample OUT [MIB]\n");
    return 2;
  }
  const Status status =
      WriteSample(argv[1], static_cast<uint64_t>(mebibytes) << 20);
  if (!status.ok()) {
    std::fprintf(stderr, "ingot_sample: %s\n", status.error().message.c_str());
    return 1;
  }
  return 0;
}
