// The containers in tests/golden and the seeds in tests/fuzz/corpus: how each
// is made. tests/golden/README.md says how they are used.

#ifndef INGOT_TESTS_CODEC_GOLDEN_CASES_H_
#define INGOT_TESTS_CODEC_GOLDEN_CASES_H_

#include <string>
#include <vector>

#include "codec/result.h"
#include "tests/codec/container_parts.h"

namespace ingot {

struct GoldenFile {
  std::string name;
  Bytes bytes;
  std::vector<Bytes> files;       // what it restores
  std::vector<Bytes> bases = {};  // objects outside that it refers to
};

// What the encoder writes today, through StreamEncoder.
std::vector<GoldenFile> MustEncode();
// Valid, but nothing that the encoder writes.
std::vector<GoldenFile> MustDecode();
// The name's first word is the kind of error: "corruption-" or "unsupported-".
std::vector<GoldenFile> MustFail();

struct Seed {
  std::string folder;  // below tests/fuzz/corpus
  std::string name;
  Bytes bytes;
};
std::vector<Seed> FuzzSeeds();

}  // namespace ingot

#endif  // INGOT_TESTS_CODEC_GOLDEN_CASES_H_
