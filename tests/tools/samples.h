// Small inputs for the tests of the command: the same bytes on every run.

#ifndef INGOT_TESTS_TOOLS_SAMPLES_H_
#define INGOT_TESTS_TOOLS_SAMPLES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

std::string RandomBytes(size_t size, uint64_t seed);

// bf16 elements distributed like weights.
std::string WeightBytes(size_t elements, uint64_t seed);

struct SampleTensor {
  std::string name;
  std::string dtype;  // "BF16"
  std::vector<uint64_t> shape;
  std::string data;
};

// A safetensors file of these tensors in this order. Its header is filled up
// with spaces to `alignment` bytes; 1 leaves its length as it is.
std::string Safetensors(const std::vector<SampleTensor>& tensors,
                        size_t alignment = 8);

// One with matrices, a vector, a scalar and empty tensors.
std::string SampleModel(uint64_t seed);
// The same, but that "head" is equal to "embed", as many language models have
// it: a container that can be rewound keeps the two as one object.
std::string TiedModel(uint64_t seed);

}  // namespace ingot

#endif  // INGOT_TESTS_TOOLS_SAMPLES_H_
