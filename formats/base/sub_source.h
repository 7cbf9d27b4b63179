// SubSource: a stretch of a Source as a Source of its own, for files inside
// files.
//
// Thread-safety: as the Source's. The Source must outlive it.

#ifndef INGOT_FORMATS_BASE_SUB_SOURCE_H_
#define INGOT_FORMATS_BASE_SUB_SOURCE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "codec/source.h"

namespace ingot {

class SubSource final : public Source {
 public:
  // The `size` bytes at `offset` of `source`, which has them.
  SubSource(const Source& source, uint64_t offset, uint64_t size,
            std::string name)
      : source_(source), offset_(offset), size_(size), name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  uint64_t size() const override { return size_; }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    if (offset > size_ || out.size() > size_ - offset) {
      return Corruption(name_ + ": offset " + std::to_string(offset) +
                        ": expected " + std::to_string(out.size()) +
                        " bytes, found the end at " + std::to_string(size_));
    }
    return source_.ReadAt(offset_ + offset, out);
  }

 private:
  const Source& source_;
  const uint64_t offset_;
  const uint64_t size_;
  const std::string name_;
};

}  // namespace ingot

#endif  // INGOT_FORMATS_BASE_SUB_SOURCE_H_
