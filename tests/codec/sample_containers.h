// Small containers of every kind, and the bytes that they must restore.
//
// Blocks and groups are as small as the format allows, so that a container of
// a few hundred bytes has several of both.

#ifndef INGOT_TESTS_CODEC_SAMPLE_CONTAINERS_H_
#define INGOT_TESTS_CODEC_SAMPLE_CONTAINERS_H_

#include <string>
#include <vector>

#include "codec/container/writer.h"
#include "tests/codec/container_parts.h"
#include "tests/codec/patterns.h"

namespace ingot {

struct SampleContainer {
  std::string name;
  Bytes bytes;
  std::vector<Bytes> files;     // contents; empty for one that refers outside
  bool has_references = false;  // StreamDecoder cannot follow them
  bool has_outside = false;     // nor can anybody follow these
};

// The same ones in the same order on every machine.
const std::vector<SampleContainer>& SampleContainers();
// REQUIRES: there is one of that name.
const SampleContainer& GetSample(const std::string& name);

// Writes containers with geometries of the test's choice.
class SampleWriter {
 public:
  SampleWriter();

  void BeginFile(const FileInfo& info);
  void Literal(const Bytes& raw, std::optional<TensorView> view = {});
  void Object(const Geometry& geometry, const Bytes& raw, int level = 3,
              std::optional<TensorView> view = {});
  // An object of one group coded with coder rans, which encoders leave alone in
  // objects so small. REQUIRES: level 5 would use coder huffman.
  void RansObject(const Geometry& geometry, const Bytes& raw);
  void Outside(uint64_t length);
  void EndFile(const std::string& note = "");
  // The container so far is complete; its files' contents are in the sample.
  SampleContainer Finish(std::string name);

 private:
  SampleContainer sample_;
  std::unique_ptr<Sink> sink_;
  ContainerWriter writer_;
  Bytes file_;
  bool in_file_ = false;
};

}  // namespace ingot

#endif  // INGOT_TESTS_CODEC_SAMPLE_CONTAINERS_H_
