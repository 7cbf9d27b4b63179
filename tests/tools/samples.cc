#include "tests/tools/samples.h"

#include <bit>
#include <random>

#include "codec/bytes.h"

namespace ingot {

std::string RandomBytes(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string WeightBytes(size_t elements, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(2 * elements, '\0');
  for (size_t i = 0; i < elements; ++i) {
    // A sum of uniforms is near enough to a Gaussian.
    double sum = -2;
    for (int j = 0; j < 4; ++j) sum += static_cast<double>(random()) * 0x1p-64;
    const auto bits = std::bit_cast<uint32_t>(static_cast<float>(sum * 0.05));
    StoreLittleEndian(bytes.data() + 2 * i, static_cast<uint16_t>(bits >> 16));
  }
  return bytes;
}

std::string Safetensors(const std::vector<SampleTensor>& tensors,
                        size_t alignment) {
  std::string header = "{";
  std::string data;
  for (const SampleTensor& tensor : tensors) {
    if (header.size() > 1) header += ",";
    header += "\"" + tensor.name + "\":{\"dtype\":\"" + tensor.dtype +
              "\",\"shape\":[";
    for (size_t i = 0; i < tensor.shape.size(); ++i) {
      header += (i == 0 ? "" : ",") + std::to_string(tensor.shape[i]);
    }
    header += "],\"data_offsets\":[" + std::to_string(data.size()) + ",";
    data += tensor.data;
    header += std::to_string(data.size()) + "]}";
  }
  header += "}";
  while (header.size() % alignment != 0) header += ' ';
  std::string length(8, '\0');
  StoreLittleEndian(length.data(), uint64_t{header.size()});
  return length + header + data;
}

namespace {

std::string MakeModel(uint64_t seed, uint64_t head_seed) {
  return Safetensors(
      {{"embed", "BF16", {200, 64}, WeightBytes(200 * 64, seed)},
       {"empty", "F32", {0, 5}, ""},
       {"scalar", "F64", {}, RandomBytes(8, seed + 1)},
       {"norm", "BF16", {64}, WeightBytes(64, seed + 2)},
       {"flags", "BOOL", {3}, std::string("\0\1\1", 3)},
       {"unaligned", "F32", {50, 41}, RandomBytes(4 * 50 * 41, seed + 3)},
       {"head", "BF16", {200, 64}, WeightBytes(200 * 64, head_seed)},
       {"last", "I64", {0}, ""}});
}

}  // namespace

std::string SampleModel(uint64_t seed) { return MakeModel(seed, seed + 1000); }

std::string TiedModel(uint64_t seed) { return MakeModel(seed, seed); }

}  // namespace ingot
