#include "formats/pytorch/storage.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace ingot {
namespace {

// The dimensions of a view from the outermost in memory to the innermost, or
// nothing where elements lie apart or on each other.
std::optional<std::vector<uint64_t>> MemoryShape(const PickledView& view) {
  std::vector<size_t> order(view.shape.size());
  std::iota(order.begin(), order.end(), 0);
  // Dimensions of one element have any stride.
  std::erase_if(order, [&view](size_t i) { return view.shape[i] == 1; });
  std::stable_sort(order.begin(), order.end(), [&view](size_t a, size_t b) {
    return view.strides[a] > view.strides[b];
  });
  std::vector<uint64_t> shape;
  for (const size_t i : order) shape.push_back(view.shape[i]);
  uint64_t stride = 1;
  for (size_t i = order.size(); i-- > 0;) {
    if (view.strides[order[i]] != stride) return std::nullopt;
    if (__builtin_mul_overflow(stride, shape[i], &stride)) return std::nullopt;
  }
  return shape;
}

bool InOrder(const PickledView& view) {
  uint64_t stride = 1;
  for (size_t i = view.shape.size(); i-- > 0;) {
    if (view.shape[i] != 1 && view.strides[i] != stride) return false;
    if (__builtin_mul_overflow(stride, view.shape[i], &stride)) return false;
  }
  return true;
}

}  // namespace

std::optional<Region> StorageRegion(const PickledStorage& storage,
                                    uint64_t offset, uint64_t length,
                                    std::string name) {
  if (storage.dtype == DType::kBytes || length == 0) return std::nullopt;
  const uint64_t element = *DTypeByteSize(storage.dtype, 1);
  if (length % element != 0) return std::nullopt;
  const uint64_t elements = length / element;
  TensorView flat{std::move(name), storage.dtype, {elements}};
  if (!storage.view) return TensorRegion(offset, std::move(flat));
  const PickledView& view = *storage.view;
  if (!view.name.empty()) flat.name = view.name;
  const std::optional<uint64_t> seen = ElementCount(view.shape);
  if (seen == elements && view.offset == 0 && InOrder(view)) {
    flat.shape = view.shape;
    return TensorRegion(offset, std::move(flat));
  }
  Region region = TensorRegion(offset, std::move(flat));
  const std::optional<std::vector<uint64_t>> memory = MemoryShape(view);
  if (memory && seen > 0 && *seen <= elements) {
    region.columns = TensorRegion(offset, {{}, storage.dtype, *memory}).columns;
  }
  return region;
}

}  // namespace ingot
