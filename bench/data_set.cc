#include "bench/data_set.h"

#include <sys/mman.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <new>
#include <system_error>
#include <utility>

#include "bench/contender.h"
#include "codec/container_reader.h"
#include "codec/source.h"
#include "formats/format_table.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;

bool IsFloat(DType dtype) {
  return dtype >= DType::kF16 && dtype != DType::kF8E8m0;
}

// What the bytes of a file are coded as, most of them and all floats. Ingot
// finds floats in files of unknown formats, too, and tells in the container.
Status FindDTypes(DataSet* data) {
  const std::unique_ptr<Contender> ingot = MakeIngotContainer(1);
  const Buffer encoded(ingot->MaxEncodedBytes(*data));
  INGOT_ASSIGN(const size_t size, ingot->Encode(*data, encoded.span()));
  INGOT_ASSIGN(
      const auto reader,
      ContainerReader::Open(MakeMemorySource(encoded.span().first(size)), {}));
  std::map<DType, uint64_t> bytes;
  for (const Segment& segment : reader->files()[0].segments) {
    if (segment.kind != Segment::Kind::kObject) continue;
    bytes[reader->object(segment.object).element_dtype] += segment.length;
  }
  uint64_t most = 0;
  for (const auto& [dtype, count] : bytes) {
    if (IsFloat(dtype)) data->float_bytes += count;
    if (count > most) {
      most = count;
      data->dtype = dtype;
    }
  }
  return {};
}

}  // namespace

Buffer::Buffer(size_t size) : size_(size) {
  constexpr size_t kAlignment = size_t{2} << 20;
  data_.reset(static_cast<std::byte*>(
      std::aligned_alloc(kAlignment, AlignUp(size + 1, kAlignment))));
  if (data_ == nullptr) throw std::bad_alloc();
  // A wish; kernels without huge pages do not know it.
  madvise(data_.get(), AlignUp(size + 1, kAlignment), MADV_NOHUGEPAGE);
  std::memset(data_.get(), 0, size);
}

Result<DataSet> MakeWorkload(const Workload& workload, uint64_t mebibytes) {
  const uint64_t bytes = MatrixBytes(workload, mebibytes);
  const uint64_t total = bytes * static_cast<uint64_t>(workload.matrices);
  INGOT_ASSIGN(Layout layout,
               RawLayout(total, workload.dtype, kWorkloadColumns));
  DataSet data = {.name = std::string(workload.name),
                  .raw = Buffer(total),
                  .layout = std::move(layout),
                  .dtype = workload.dtype,
                  .columns = kWorkloadColumns,
                  .float_bytes = total};
  for (int i = 0; i < workload.matrices; ++i) {
    const std::vector<std::byte> matrix =
        GenerateMatrix(workload, i, mebibytes);
    std::copy(matrix.begin(), matrix.end(),
              data.raw.span().subspan(i * bytes).begin());
  }
  return data;
}

Result<DataSet> MakeSample(const Workload& workload, const DataSet& whole,
                           uint64_t sample_bytes) {
  const uint64_t matrix =
      whole.bytes().size() / static_cast<uint64_t>(workload.matrices);
  const uint64_t row = kWorkloadColumns * GetDTypeInfo(whole.dtype).bits / 8;
  const uint64_t part =
      std::min(matrix, sample_bytes / static_cast<uint64_t>(workload.matrices) /
                           row * row);
  const uint64_t total = part * static_cast<uint64_t>(workload.matrices);
  INGOT_ASSIGN(Layout layout, RawLayout(total, whole.dtype, whole.columns));
  DataSet data = {.name = whole.name,
                  .raw = Buffer(total),
                  .layout = std::move(layout),
                  .dtype = whole.dtype,
                  .columns = whole.columns,
                  .float_bytes = total};
  for (uint64_t i = 0; i * part < total; ++i) {
    std::ranges::copy(whole.bytes().subspan(i * matrix, part),
                      data.raw.span().subspan(i * part).begin());
  }
  return data;
}

Result<DataSet> LoadFile(const std::string& corpus, const std::string& name) {
  INGOT_ASSIGN(const auto source, OpenFileSource(corpus + "/" + name));
  INGOT_ASSIGN(Layout layout, DetectLayout(*source));
  DataSet data = {.name = name,
                  .is_file = true,
                  .raw = Buffer(source->size()),
                  .layout = std::move(layout)};
  INGOT_TRY(source->ReadAt(0, data.raw.span()));
  INGOT_TRY(FindDTypes(&data));
  return data;
}

Result<std::vector<std::string>> ListFiles(const std::string& corpus,
                                           uint64_t bytes) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator it(corpus, error);
  for (; !error && it != fs::recursive_directory_iterator();
       it.increment(error)) {
    if (!it->is_regular_file(error) || it->file_size(error) < bytes) continue;
    names.push_back(it->path().lexically_relative(corpus).string());
  }
  if (error) return ErrnoError(corpus, error.value());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ingot
