// ContainerReport as tables for people.

#include <array>
#include <utility>

#include "tools/container_report.h"
#include "tools/text.h"

namespace ingot {
namespace {

using Row = std::vector<std::string>;

std::string BitsText(const std::optional<double>& bits) {
  return bits ? Decimal(*bits, 3) : "-";
}

Row TensorRow(const TensorReport& tensor) {
  const bool known = tensor.encoded_bytes.has_value();
  return {tensor.name.empty() ? "(no name)" : Printable(tensor.name),
          tensor.dtype,
          ShapeText(tensor.shape),
          tensor.method + (tensor.shared ? " (shared)" : ""),
          std::to_string(tensor.raw_bytes),
          known ? std::to_string(*tensor.encoded_bytes) : "-",
          known ? Ratio(*tensor.encoded_bytes, tensor.raw_bytes) : "-",
          BitsText(tensor.bits_per_exponent),
          BitsText(tensor.bits_per_element)};
}

std::string FileText(const FileReport& file) {
  const Manifest& manifest = *file.manifest;
  const std::string& path = manifest.info.path;
  std::string text = "\nfile " +
                     (path.empty() ? "(no name)" : Printable(path)) + ": " +
                     Printable(manifest.info.format) + ", " +
                     Count(manifest.id.length, "byte") + ", sha256 " +
                     ToHex(manifest.id.digest) + "\n";
  if (!manifest.note.empty()) {
    text += "note: " + Printable(manifest.note) + "\n";
  }
  if (file.literal_bytes > 0) {
    text += Count(file.literal_bytes, "byte") + " in literals without a name\n";
  }
  if (file.tensors.empty()) return text;
  std::vector<Row> rows = {{"tensor", "dtype", "shape", "method", "raw",
                            "encoded", "size", "bits/exponent",
                            "bits/element"}};
  for (const TensorReport& tensor : file.tensors) {
    rows.push_back(TensorRow(tensor));
  }
  return text + Table(rows, 4);
}

std::string TotalsText(const ContainerReport& report) {
  const ObjectStatistics& objects = report.totals.objects;
  const std::array<std::pair<const char*, uint64_t>, 9> causes = {{
      {"exponents", objects.exponent_bytes},
      {"signs and mantissas", objects.remainder_bytes},
      {"other planes", objects.byte_bytes},
      {"scales and tables", objects.side_bytes},
      {"block headers, padding", objects.overhead_bytes},
      {"literals", report.totals.literal_bytes},
      {"file and object records", report.totals.record_bytes},
      {"header, index, footer", report.totals.index_bytes},
      {"all", report.encoded_bytes},
  }};
  std::vector<Row> rows = {{"encoded bytes by cause", "bytes", "of all"}};
  for (const auto& [cause, bytes] : causes) {
    rows.push_back(
        {cause, std::to_string(bytes), Ratio(bytes, report.encoded_bytes)});
  }
  std::string methods;
  for (const auto& [name, blocks] : objects.methods) {
    methods +=
        (methods.empty() ? "" : ", ") + name + " x" + std::to_string(blocks);
  }
  std::string text = "\n" + Table(rows, 1);
  text += Count(report.objects, "object") + ", " +
          Count(objects.groups, "group") + ", " +
          Count(objects.blocks, "block");
  if (objects.predicted_blocks > 0) {
    text +=
        ", " + std::to_string(objects.predicted_blocks) + " of them predicted";
  }
  return text + (methods.empty() ? "" : ": " + methods) + "\n";
}

}  // namespace

std::string ReportAsText(const ContainerReport& report) {
  std::string text = Printable(report.path) + ": " +
                     Count(report.encoded_bytes, "byte") + " for " +
                     Count(report.files.size(), "file") + " of " +
                     Count(report.raw_bytes, "byte") + ", size " +
                     Ratio(report.encoded_bytes, report.raw_bytes) + "\n";
  for (const BaseFile& file : report.base_files) {
    text += "base " + Printable(file.name) + ": " +
            Count(file.id.length, "byte") + ", sha256 " +
            ToHex(file.id.digest) + "\n";
  }
  if (report.depth > 0) {
    text += "depth " + std::to_string(report.depth) + "\n";
  }
  for (const FileReport& file : report.files) text += FileText(file);
  return text + TotalsText(report);
}

}  // namespace ingot
