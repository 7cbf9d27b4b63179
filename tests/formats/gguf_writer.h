// GGUF files for tests.

#ifndef INGOT_TESTS_FORMATS_GGUF_WRITER_H_
#define INGOT_TESTS_FORMATS_GGUF_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/formats/zip_writer.h"

namespace ingot {

class GgufWriter {
 public:
  explicit GgufWriter(uint32_t version = 3) : version_(version) {}

  static std::string String(std::string_view text) {
    std::string bytes;
    AppendInteger<uint64_t>(&bytes, text.size());
    return bytes.append(text);
  }

  // A metadata entry whose value's bytes are given.
  GgufWriter& Entry(std::string_view key, uint32_t type,
                    std::string_view value) {
    entries_ += String(key);
    AppendInteger<uint32_t>(&entries_, type);
    entries_ += value;
    ++entry_count_;
    return *this;
  }
  GgufWriter& Alignment(uint32_t alignment) {
    std::string value;
    AppendInteger<uint32_t>(&value, alignment);
    alignment_ = alignment;
    return Entry("general.alignment", 4, value);
  }

  // A tensor entry; dimensions the innermost first.
  GgufWriter& Entry(std::string_view name, const std::vector<uint64_t>& shape,
                    uint32_t type, uint64_t offset) {
    tensors_ += String(name);
    AppendInteger<uint32_t>(&tensors_, shape.size());
    for (const uint64_t dimension : shape) {
      AppendInteger<uint64_t>(&tensors_, dimension);
    }
    AppendInteger<uint32_t>(&tensors_, type);
    AppendInteger<uint64_t>(&tensors_, offset);
    ++tensor_count_;
    return *this;
  }
  // The same with data, behind that of the others.
  GgufWriter& Tensor(std::string_view name, const std::vector<uint64_t>& shape,
                     uint32_t type, std::string_view data) {
    data_.resize((data_.size() + alignment_ - 1) / alignment_ * alignment_);
    Entry(name, shape, type, data_.size());
    data_ += data;
    return *this;
  }

  void set_counts(uint64_t tensors, uint64_t entries) {
    tensor_count_ = tensors;
    entry_count_ = entries;
  }

  std::string Header() const {
    std::string file = "GGUF";
    AppendInteger<uint32_t>(&file, version_);
    AppendInteger<uint64_t>(&file, tensor_count_);
    AppendInteger<uint64_t>(&file, entry_count_);
    return file + entries_ + tensors_;
  }
  std::string Finish() const {
    std::string file = Header();
    file.resize((file.size() + alignment_ - 1) / alignment_ * alignment_);
    return file + data_;
  }

 private:
  uint32_t version_;
  uint64_t alignment_ = 32;
  uint64_t entry_count_ = 0;
  uint64_t tensor_count_ = 0;
  std::string entries_;
  std::string tensors_;
  std::string data_;
};

}  // namespace ingot

#endif  // INGOT_TESTS_FORMATS_GGUF_WRITER_H_
