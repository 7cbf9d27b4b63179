// ValueTable: a set of at most 256 numbers, each with an index.
//
// An open hash table that is small enough for the first level cache.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_CODEC_METHOD_VALUE_TABLE_H_
#define INGOT_CODEC_METHOD_VALUE_TABLE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ingot {

class ValueTable {
 public:
  static constexpr size_t kMostValues = 256;

  ValueTable() { Clear(); }

  void Clear() {
    values_.clear();
    slots_.fill(kFree);
  }
  // False where this would be one value too many.
  bool Add(uint64_t value) {
    const size_t slot = Find(value);
    if (slots_[slot] != kFree) return true;
    if (values_.size() == kMostValues) return false;
    slots_[slot] = static_cast<uint16_t>(values_.size());
    values_.push_back(value);
    return true;
  }
  // Sorts the values, and numbers them anew.
  void Sort() {
    std::sort(values_.begin(), values_.end());
    slots_.fill(kFree);
    for (size_t i = 0; i < values_.size(); ++i) {
      slots_[Find(values_[i])] = static_cast<uint16_t>(i);
    }
  }
  // The number of a value that is there.
  uint8_t Index(uint64_t value) const {
    return static_cast<uint8_t>(slots_[Find(value)]);
  }
  // By number.
  const std::vector<uint64_t>& values() const { return values_; }

 private:
  static constexpr uint16_t kFree = UINT16_MAX;
  static constexpr size_t kSlots = 4 * kMostValues;

  size_t Find(uint64_t value) const {
    size_t slot = (value * 0x9E3779B97F4A7C15u) >> 54;
    static_assert(kSlots == 1u << 10);
    while (slots_[slot] != kFree && values_[slots_[slot]] != value) {
      slot = (slot + 1) % kSlots;
    }
    return slot;
  }

  std::array<uint16_t, kSlots> slots_;
  std::vector<uint64_t> values_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_VALUE_TABLE_H_
