#include "tools/container_report.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace ingot {
namespace {

// "float/tiered", or with counts where the blocks differ: "float/tiered x15,
// constant x1".
std::string MethodText(const ObjectStatistics& statistics) {
  if (statistics.methods.empty()) return "none";
  if (statistics.methods.size() == 1) return statistics.methods[0].first;
  std::string text;
  for (const auto& [name, blocks] : statistics.methods) {
    if (!text.empty()) text += ", ";
    text += name + " x" + std::to_string(blocks);
  }
  return text;
}

double BitsPer(uint64_t bytes, uint64_t count) {
  return 8 * static_cast<double>(bytes) / static_cast<double>(count);
}

class Reporter {
 public:
  explicit Reporter(ContainerReader* reader) : reader_(reader) {}

  Result<FileReport> ReportFile(const Manifest& file) {
    FileReport report;
    report.manifest = &file;
    for (const Segment& segment : file.segments) {
      if (segment.kind == Segment::Kind::kLiteral && !segment.view) {
        report.literal_bytes += segment.length;
        continue;
      }
      INGOT_ASSIGN(TensorReport tensor, ReportSegment(segment));
      report.tensors.push_back(std::move(tensor));
    }
    return report;
  }

 private:
  Result<TensorReport> ReportSegment(const Segment& segment) {
    TensorReport tensor;
    tensor.raw_bytes = segment.length;
    uint64_t elements = segment.length;
    tensor.dtype = GetDTypeInfo(DType::kBytes).name;
    if (segment.view) {
      tensor.name = segment.view->name;
      tensor.dtype = GetDTypeInfo(segment.view->dtype).name;
      tensor.shape = segment.view->shape;
      elements = ElementCount(tensor.shape).value_or(0);
    }
    if (segment.kind == Segment::Kind::kLiteral) {
      tensor.method = "literal";
    } else if (segment.kind == Segment::Kind::kOutside) {
      tensor.method = "outside";
    } else {
      const ObjectInfo info = reader_->object(segment.object);
      INGOT_ASSIGN(const ObjectStatistics* const statistics,
                   StatisticsOf(segment.object));
      if (!segment.view) {
        tensor.dtype = GetDTypeInfo(info.element_dtype).name;
        elements = statistics->elements;
        tensor.shape = {elements};
      }
      tensor.method = MethodText(*statistics);
      tensor.depth = info.depth;
      tensor.shared = !seen_.insert(segment.object).second;
      tensor.encoded_bytes = info.encoded_bytes;
      if (elements > 0) {
        tensor.bits_per_element = BitsPer(info.encoded_bytes, elements);
      }
      if (statistics->exponent_elements > 0) {
        tensor.bits_per_exponent =
            BitsPer(statistics->exponent_bytes, statistics->exponent_elements);
      }
    }
    return tensor;
  }

  // Objects that many tensors share are measured once.
  Result<const ObjectStatistics*> StatisticsOf(size_t object) {
    auto found = statistics_.find(object);
    if (found == statistics_.end()) {
      INGOT_ASSIGN(ObjectStatistics measured, reader_->Statistics(object));
      found = statistics_.emplace(object, std::move(measured)).first;
    }
    return &found->second;
  }

  ContainerReader* const reader_;
  std::map<size_t, ObjectStatistics> statistics_;
  std::set<size_t> seen_;
};

}  // namespace

Result<ContainerReport> MakeReport(ContainerReader* reader) {
  ContainerReport report;
  report.path = reader->name();
  report.encoded_bytes = reader->size();
  report.objects = reader->object_count();
  for (size_t i = 0; i < reader->object_count(); ++i) {
    report.depth = std::max(report.depth, reader->object(i).depth);
  }
  report.base_files.assign(reader->base_files().begin(),
                           reader->base_files().end());
  Reporter reporter(reader);
  for (const Manifest& file : reader->files()) {
    report.raw_bytes += file.id.length;
    INGOT_ASSIGN(FileReport file_report, reporter.ReportFile(file));
    report.files.push_back(std::move(file_report));
  }
  INGOT_ASSIGN(report.totals, reader->Statistics());
  return report;
}

}  // namespace ingot
