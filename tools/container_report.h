// ContainerReport: what ingot inspect tells of a container, as text or JSON.
//
// Everything comes from the index and the block headers; no tensor is decoded.
// Where several tensors are one object its encoded bytes are shown with each
// of them, and all but the first are marked as shared.

#ifndef INGOT_TOOLS_CONTAINER_REPORT_H_
#define INGOT_TOOLS_CONTAINER_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/container_reader.h"
#include "codec/result.h"

namespace ingot {

struct TensorReport {
  std::string name;  // empty: bytes without one
  std::string dtype;
  std::vector<uint64_t> shape;
  std::string method;  // "float/tiered", "literal", "outside", ...
  bool shared = false;
  unsigned depth = 0;  // of its object
  uint64_t raw_bytes = 0;
  // Not known of literals, which have no headers of their own, nor of what is
  // elsewhere.
  std::optional<uint64_t> encoded_bytes;
  std::optional<double> bits_per_element;
  std::optional<double> bits_per_exponent;  // of the elements with planes
};

struct FileReport {
  const Manifest* manifest = nullptr;
  std::vector<TensorReport> tensors;  // and objects without a name
  uint64_t literal_bytes = 0;         // raw bytes without a name
};

struct ContainerReport {
  std::string path;
  uint64_t encoded_bytes = 0;
  uint64_t raw_bytes = 0;
  uint64_t objects = 0;
  unsigned depth = 0;  // the greatest of an object
  std::vector<BaseFile> base_files;
  std::vector<FileReport> files;  // refer to the reader's manifests
  ContainerStatistics totals;
};

Result<ContainerReport> MakeReport(ContainerReader* reader);

std::string ReportAsText(const ContainerReport& report);
std::string ReportAsJson(const ContainerReport& report);

}  // namespace ingot

#endif  // INGOT_TOOLS_CONTAINER_REPORT_H_
