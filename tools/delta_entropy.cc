#include "tools/delta_entropy.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "codec/delta_estimate.h"

namespace ingot {
namespace {

// What a container keeps as literals (codec/FORMAT.md, section 1).
constexpr uint64_t kMaxLiteral = 65536;
constexpr uint64_t kMinTensorObject = 4096;
// Whole elements of every dtype.
constexpr uint64_t kCountedAtOnce = uint64_t{4} << 20;

Status AddRegion(const Source& source, const Region& region,
                 const std::vector<RegionBase>& parts, BaseModels* bases,
                 DeltaEntropy* sum) {
  DeltaEstimate estimate(region.element_dtype);
  const uint64_t unit = CodedBytes(region.element_dtype);
  std::vector<std::byte> bytes;
  std::vector<std::byte> base_bytes;
  uint64_t done = 0;
  for (const RegionBase& part : parts) {
    const uint64_t end = std::min(region.length, done + part.elements * unit);
    uint64_t from = part.first_element * unit;
    while (done < end) {
      bytes.resize(std::min(kCountedAtOnce, end - done));
      base_bytes.resize(bytes.size());
      INGOT_TRY(source.ReadAt(region.offset + done, bytes));
      INGOT_TRY(bases->Read(part.object.digest, from, base_bytes));
      estimate.Add(bytes, base_bytes);
      done += bytes.size();
      from += bytes.size();
    }
  }
  const uint64_t paired = done / unit;
  for (; done < region.length; done += bytes.size()) {
    bytes.resize(std::min(kCountedAtOnce, region.length - done));
    INGOT_TRY(source.ReadAt(region.offset + done, bytes));
    estimate.Add(bytes);
  }
  const auto equal = static_cast<uint64_t>(
      estimate.equal_share() * static_cast<double>(paired) + 0.5);
  sum->raw_bytes += region.length;
  sum->elements += region.length / unit;
  sum->changed += region.length / unit - equal;
  sum->bits += estimate.delta_bits();
  return {};
}

}  // namespace

double DeltaEntropy::size() const {
  return raw_bytes == 0 ? 1 : bits / 8 / static_cast<double>(raw_bytes);
}

bool IsObject(const Region& region) {
  return region.IsLiteral() ? region.length > kMaxLiteral
                            : region.length >= kMinTensorObject;
}

Result<DeltaEntropy> MeasureDeltaEntropy(const Source& source,
                                         const Layout& layout,
                                         BaseModels* bases) {
  DeltaEntropy sum;
  for (const Region& region : layout.regions()) {
    // Packed blocks are not predicted.
    if (!IsObject(region) ||
        GetDTypeInfo(region.element_dtype).block_elements > 1) {
      continue;
    }
    INGOT_ASSIGN(const std::vector<RegionBase> parts,
                 bases->FindBase({.view = region.tensor,
                                  .element_dtype = region.element_dtype,
                                  .columns = region.columns},
                                 region.length, region.offset));
    if (parts.empty()) continue;
    INGOT_TRY(AddRegion(source, region, parts, bases, &sum));
  }
  return sum;
}

}  // namespace ingot
