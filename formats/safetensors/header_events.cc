#include "formats/safetensors/header_events.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "codec/dtype.h"
#include "formats/base/rule.h"

namespace ingot {
namespace {

constexpr size_t kMaxMetadataEntries = 262144;
constexpr uint64_t kMaxMemory = uint64_t{48} << 20;

constexpr unsigned kDTypeField = 1;
constexpr unsigned kShapeField = 2;
constexpr unsigned kOffsetsField = 4;
constexpr unsigned kAllFields = 7;

// The format's names are exact: no aliases, no other case, no BYTES, no packed
// blocks.
std::optional<DType> SafetensorsDType(std::string_view name) {
  const std::optional<DType> dtype = ParseDType(name);
  if (!dtype || *dtype == DType::kBytes) return std::nullopt;
  const DTypeInfo& info = GetDTypeInfo(*dtype);
  if (info.name != name || info.block_elements > 1) return std::nullopt;
  return dtype;
}

std::string ShapeText(const std::vector<uint64_t>& shape) {
  constexpr size_t kShown = 8;
  std::string text = "[";
  for (size_t i = 0; i < std::min(shape.size(), kShown); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + (shape.size() > kShown ? ", ...]" : "]");
}

}  // namespace

bool HeaderEvents::number_unsigned(uint64_t value) {
  stream_.Mark();
  if (state_ == State::kDimension) {
    if (shape_.size() == kMaxTensorRank) {
      return FailAt(Tensor() + " exceeds " + std::to_string(kMaxTensorRank) +
                        " dimensions",
                    stream_.position() - 2);
    }
    shape_.push_back(value);
    return Spend(sizeof(value));
  }
  if (state_ == State::kOffset && offsets_.size() < 2) {
    offsets_.push_back(value);
    return true;
  }
  return UnexpectedNumber("a number");
}

bool HeaderEvents::string(std::string& value) {
  stream_.Mark();
  if (value.size() > kMaxTokenLength) {
    return Fail("header string longer than 16 MiB");
  }
  if (state_ == State::kMetadataValue) {
    state_ = State::kMetadataKey;
    return true;
  }
  if (state_ != State::kDType) return Unexpected("a string");
  const std::optional<DType> dtype = SafetensorsDType(value);
  if (!dtype) return Fail(Tensor() + " has the unknown dtype " + Quote(value));
  entries_.back().view.dtype = *dtype;
  state_ = State::kField;
  return true;
}

bool HeaderEvents::start_object(size_t) {
  stream_.Mark();
  switch (state_) {
    case State::kHeader:
      state_ = State::kTop;
      return true;
    case State::kEntry:
      state_ = State::kField;
      return true;
    case State::kMetadata:
      state_ = State::kMetadataKey;
      return true;
    default:
      return Unexpected("an object");
  }
}

bool HeaderEvents::key(std::string& value) {
  stream_.Mark();
  if (value.size() > kMaxTokenLength) {
    return Fail("header string longer than 16 MiB");
  }
  // The parser reports keys only inside the objects that were accepted.
  if (state_ == State::kTop) return TopKey(value);
  if (state_ == State::kField) return FieldKey(value);
  return MetadataKey(value);
}

bool HeaderEvents::TopKey(const std::string& name) {
  if (name == "__metadata__") {
    if (std::exchange(metadata_seen_, true)) {
      return Fail("duplicate key \"__metadata__\"");
    }
    state_ = State::kMetadata;
    return true;
  }
  if (entries_.size() == kMaxTensors) {
    return Fail("more than " + std::to_string(kMaxTensors) + " tensors");
  }
  if (name.size() > kMaxTensorNameLength) {
    return Fail("the name of tensor " + Quote(name) + " is longer than " +
                std::to_string(kMaxTensorNameLength) + " bytes");
  }
  // Copied, not moved: the parser's buffer may be far larger than the name.
  SafetensorsEntry& entry = entries_.emplace_back();
  entry.view.name = name;
  entry.key_offset = stream_.position() - 1;
  fields_ = 0;
  state_ = State::kEntry;
  return Spend(name.size());
}

bool HeaderEvents::FieldKey(const std::string& name) {
  unsigned field;
  if (name == "dtype") {
    field = kDTypeField;
    state_ = State::kDType;
  } else if (name == "shape") {
    field = kShapeField;
    state_ = State::kShape;
  } else if (name == "data_offsets") {
    field = kOffsetsField;
    state_ = State::kOffsets;
  } else {
    return Fail(Tensor() + " has the unknown field " + Quote(name));
  }
  if (fields_ & field) {
    return Fail(Tensor() + " has the duplicate field " + Quote(name));
  }
  fields_ |= field;
  return true;
}

bool HeaderEvents::MetadataKey(const std::string& name) {
  if (metadata_keys_.size() == kMaxMetadataEntries) {
    return Fail("more than " + std::to_string(kMaxMetadataEntries) +
                " metadata entries");
  }
  metadata_keys_.push_back(name);
  state_ = State::kMetadataValue;
  return Spend(name.size());
}

bool HeaderEvents::end_object() {
  stream_.Mark();
  if (state_ == State::kField) return EndEntry();
  if (state_ == State::kMetadataKey) return EndMetadata();
  state_ = State::kDone;
  return true;
}

bool HeaderEvents::EndEntry() {
  state_ = State::kTop;
  if (fields_ != kAllFields) {
    return Fail(Tensor() + " lacks " +
                (!(fields_ & kDTypeField)   ? "dtype"
                 : !(fields_ & kShapeField) ? "shape"
                                            : "data_offsets"));
  }
  SafetensorsEntry& entry = entries_.back();
  entry.view.shape.assign(shape_.begin(), shape_.end());
  entry.begin = offsets_[0];
  entry.end = offsets_[1];
  if (entry.begin > entry.end) {
    return Fail(TypedTensor() + " end before they begin");
  }
  const std::optional<uint64_t> size = entry.view.ByteSize();
  if (!size) {
    return Fail(TypedTensor() +
                ": the elements do not fill whole bytes, or their size does "
                "not fit 64 bits");
  }
  if (entry.end - entry.begin != *size) {
    return Fail(TypedTensor() + ", expected " + std::to_string(*size) +
                " bytes");
  }
  return true;
}

bool HeaderEvents::EndMetadata() {
  state_ = State::kTop;
  std::sort(metadata_keys_.begin(), metadata_keys_.end());
  const auto duplicate =
      std::adjacent_find(metadata_keys_.begin(), metadata_keys_.end());
  if (duplicate != metadata_keys_.end()) {
    return Fail("duplicate metadata key " + Quote(*duplicate));
  }
  metadata_keys_ = {};
  return true;
}

bool HeaderEvents::start_array(size_t) {
  stream_.Mark();
  if (state_ == State::kShape) {
    shape_.clear();
    state_ = State::kDimension;
    return true;
  }
  if (state_ == State::kOffsets) {
    offsets_.clear();
    state_ = State::kOffset;
    return true;
  }
  return Unexpected("an array");
}

bool HeaderEvents::end_array() {
  stream_.Mark();
  if (state_ == State::kOffset && offsets_.size() != 2) {
    return Unexpected("the end of the array");
  }
  state_ = State::kField;
  return true;
}

bool HeaderEvents::parse_error(size_t, const std::string&,
                               const std::exception&) {
  if (stream_.token_too_long()) {
    return Fail("header string longer than 16 MiB, or as much space");
  }
  return Fail(stream_.end_reached() ? "the header's JSON has no end"
                                    : "the header is not valid UTF-8 JSON");
}

bool HeaderEvents::Finish() {
  std::vector<uint32_t> order(entries_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
    const int names = entries_[a].view.name.compare(entries_[b].view.name);
    return names != 0 ? names < 0 : a < b;
  });
  const auto duplicate = std::adjacent_find(
      order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
        return entries_[a].view.name == entries_[b].view.name;
      });
  if (duplicate == order.end()) return true;
  const SafetensorsEntry& second = entries_[*(duplicate + 1)];
  return FailAt("duplicate tensor " + Quote(second.view.name),
                second.key_offset);
}

bool HeaderEvents::Spend(uint64_t bytes) {
  memory_ += bytes;
  if (memory_ <= kMaxMemory) return true;
  return Fail("names, metadata keys and shapes take more than 48 MiB");
}

bool HeaderEvents::FailAt(std::string_view rule, uint64_t offset) {
  rule_ = RuleAt(rule, offset);
  return false;
}

bool HeaderEvents::UnexpectedAt(std::string_view found, uint64_t offset) {
  std::string expected;
  switch (state_) {
    case State::kEntry:
      expected = Tensor() + " must be an object";
      break;
    case State::kDType:
      expected = Tensor() + ": dtype must be a string";
      break;
    case State::kShape:
    case State::kDimension:
      expected =
          Tensor() + ": shape must be an array of integers from 0 to 2^64 - 1";
      break;
    case State::kOffsets:
    case State::kOffset:
      expected =
          Tensor() +
          ": data_offsets must be an array of two integers from 0 to 2^64 - 1";
      break;
    case State::kMetadata:
      expected = "\"__metadata__\" must be an object";
      break;
    case State::kMetadataValue:
      expected = "values of \"__metadata__\" must be strings";
      break;
    default:
      expected = "the header must be an object";
  }
  return FailAt(expected + ", found " + std::string(found), offset);
}

std::string HeaderEvents::Tensor() const {
  return "tensor " + Quote(entries_.back().view.name);
}

std::string HeaderEvents::TypedTensor() const {
  const SafetensorsEntry& entry = entries_.back();
  return Tensor() + " of " + std::string(GetDTypeInfo(entry.view.dtype).name) +
         " " + ShapeText(shape_) + ": data_offsets [" +
         std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "]";
}

}  // namespace ingot
