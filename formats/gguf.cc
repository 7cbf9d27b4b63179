#include "formats/gguf.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "formats/base/rule.h"
#include "formats/base/source_cursor.h"

namespace ingot {
namespace {

constexpr std::string_view kGgufMagic = "GGUF";
constexpr uint64_t kMaxGgufHeader = uint64_t{256} << 20;
constexpr uint64_t kMaxEntries = uint64_t{1} << 20;
constexpr uint64_t kMaxGgufNameBytes = uint64_t{48} << 20;
constexpr int kMaxArrayDepth = 4;
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kMaxAlignment = uint64_t{1} << 20;

// Types of metadata.
constexpr uint32_t kTypeUint32 = 4;
constexpr uint32_t kTypeString = 8;
constexpr uint32_t kTypeArray = 9;
constexpr std::array<uint8_t, 13> kValueBytes = {1, 1, 2, 2, 4, 4, 4,
                                                 1, 0, 0, 8, 8, 8};

// Types of tensors; nothing for those that Ingot has no dtype for.
std::optional<DType> DTypeOfGgml(uint32_t type) {
  switch (type) {
    case 0:
      return DType::kF32;
    case 1:
      return DType::kF16;
    case 2:
      return DType::kQ4_0;
    case 3:
      return DType::kQ4_1;
    case 6:
      return DType::kQ5_0;
    case 7:
      return DType::kQ5_1;
    case 8:
      return DType::kQ8_0;
    case 10:
      return DType::kQ2K;
    case 11:
      return DType::kQ3K;
    case 12:
      return DType::kQ4K;
    case 13:
      return DType::kQ5K;
    case 14:
      return DType::kQ6K;
    case 24:
      return DType::kI8;
    case 25:
      return DType::kI16;
    case 26:
      return DType::kI32;
    case 27:
      return DType::kI64;
    case 28:
      return DType::kF64;
    case 30:
      return DType::kBf16;
    default:
      return std::nullopt;
  }
}

struct GgufTensor {
  TensorView view;
  bool known = false;   // whether the type has a dtype
  uint64_t offset = 0;  // in the data
  uint64_t length = 0;  // of a known type
};

// Reads the header. Functions return false where it breaks a rule: rule()
// says which.
class HeaderReader {
 public:
  HeaderReader(const Source& source, uint64_t end)
      : cursor_(source, kGgufMagic.size(), end) {}

  bool Read();

  const std::optional<Error>& error() const { return cursor_.error(); }
  const BrokenRule& rule() const { return rule_; }
  std::vector<GgufTensor>& tensors() { return tensors_; }
  uint64_t data_offset() const { return data_offset_; }

 private:
  bool Fail(const std::string& what);
  // False, with a rule, where the cursor has failed.
  bool Present();
  bool ReadEntry();
  bool SkipValue(uint32_t type, int depth);
  bool ReadTensor();

  SourceCursor cursor_;
  BrokenRule rule_;
  std::vector<GgufTensor> tensors_;
  uint64_t alignment_ = kDefaultAlignment;
  uint64_t name_bytes_ = 0;
  uint64_t data_offset_ = 0;
};

bool HeaderReader::Fail(const std::string& what) {
  rule_ = RuleAt(what, cursor_.position());
  return false;
}

bool HeaderReader::Present() {
  return !cursor_.failed() || Fail("the header has no end");
}

bool HeaderReader::SkipValue(uint32_t type, int depth) {
  if (type == kTypeString) {
    cursor_.Skip(cursor_.Read<uint64_t>());
    return Present();
  }
  if (type != kTypeArray) {
    if (type >= kValueBytes.size()) {
      return Fail("metadata of unknown type " + std::to_string(type));
    }
    cursor_.Skip(kValueBytes[type]);
    return Present();
  }
  const auto item = cursor_.Read<uint32_t>();
  const auto count = cursor_.Read<uint64_t>();
  if (!Present()) return false;
  if (item < kValueBytes.size() && kValueBytes[item] > 0) {
    // What overflows is too long anyway.
    const uint64_t bytes =
        count > kMaxGgufHeader ? UINT64_MAX : count * kValueBytes[item];
    cursor_.Skip(bytes);
    return Present();
  }
  if (depth == kMaxArrayDepth) return Fail("arrays are nested too deep");
  // Strings and arrays take at least their length of the header.
  for (uint64_t i = 0; i < count; ++i) {
    if (!SkipValue(item, depth + 1)) return false;
  }
  return true;
}

bool HeaderReader::ReadEntry() {
  const auto length = cursor_.Read<uint64_t>();
  if (length > kMaxTensorNameLength) return Fail("a metadata key is too long");
  const std::string key = cursor_.ReadString(length);
  const auto type = cursor_.Read<uint32_t>();
  if (!Present()) return false;
  if (key != "general.alignment") return SkipValue(type, 0);
  if (type != kTypeUint32) return Fail("the alignment is no uint32");
  alignment_ = cursor_.Read<uint32_t>();
  if (!Present()) return false;
  if (alignment_ == 0 || (alignment_ & (alignment_ - 1)) != 0 ||
      alignment_ > kMaxAlignment) {
    return Fail("an alignment of " + std::to_string(alignment_));
  }
  return true;
}

bool HeaderReader::ReadTensor() {
  const auto length = cursor_.Read<uint64_t>();
  name_bytes_ += std::min(length, kMaxGgufNameBytes);
  if (length > kMaxTensorNameLength || name_bytes_ > kMaxGgufNameBytes) {
    return Fail("names of tensors are too long");
  }
  GgufTensor tensor;
  tensor.view.name = ToUtf8(cursor_.ReadString(length));
  const auto dimensions = cursor_.Read<uint32_t>();
  if (!Present()) return false;
  const std::string name = "tensor " + Quote(tensor.view.name);
  if (dimensions > kMaxTensorRank) {
    return Fail(name + " has " + std::to_string(dimensions) + " dimensions");
  }
  for (uint32_t i = 0; i < dimensions; ++i) {
    tensor.view.shape.push_back(cursor_.Read<uint64_t>());
  }
  std::reverse(tensor.view.shape.begin(), tensor.view.shape.end());
  const std::optional<DType> dtype = DTypeOfGgml(cursor_.Read<uint32_t>());
  tensor.offset = cursor_.Read<uint64_t>();
  if (!Present()) return false;
  if (dtype) {
    tensor.known = true;
    tensor.view.dtype = *dtype;
    const uint64_t block = GetDTypeInfo(*dtype).block_elements;
    const std::optional<uint64_t> size = tensor.view.ByteSize();
    const uint64_t row = dimensions == 0 ? 1 : tensor.view.shape.back();
    if (!size || row % block != 0 || *size > kMaxFileSize) {
      return Fail(name + " has a shape that its type cannot have");
    }
    tensor.length = *size;
  }
  if (tensor.offset > kMaxFileSize || tensor.offset % alignment_ != 0) {
    return Fail(name + " has an offset of " + std::to_string(tensor.offset));
  }
  tensors_.push_back(std::move(tensor));
  return true;
}

bool HeaderReader::Read() {
  const auto version = cursor_.Read<uint32_t>();
  if (!Present()) return false;
  if (version != 2 && version != 3) {
    return Fail((version & 0xFFFF) == 0 ? "big-endian"
                                        : "version " + std::to_string(version) +
                                              ", expected 2 or 3");
  }
  const auto tensors = cursor_.Read<uint64_t>();
  const auto entries = cursor_.Read<uint64_t>();
  if (!Present()) return false;
  if (tensors > kMaxTensors || entries > kMaxEntries) {
    return Fail(std::to_string(tensors) + " tensors and " +
                std::to_string(entries) + " metadata entries");
  }
  for (uint64_t i = 0; i < entries; ++i) {
    if (!ReadEntry()) return false;
  }
  for (uint64_t i = 0; i < tensors; ++i) {
    if (!ReadTensor()) return false;
  }
  data_offset_ = AlignUp(cursor_.position(), alignment_);
  return true;
}

// The tensors in the order of their offsets, literals between them.
Result<ParsedLayout> PlaceTensors(std::vector<GgufTensor> tensors,
                                  uint64_t data_offset,
                                  std::optional<uint64_t> file_size) {
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const GgufTensor& a, const GgufTensor& b) {
                     return std::pair(a.offset, a.length) <
                            std::pair(b.offset, b.length);
                   });
  const uint64_t limit = file_size.value_or(kMaxFileSize);
  std::vector<Region> regions;
  uint64_t position = 0;  // up to which there are regions
  uint64_t opaque = 0;
  for (GgufTensor& tensor : tensors) {
    const uint64_t begin = data_offset + tensor.offset;
    const std::string name = "tensor " + Quote(tensor.view.name);
    if (begin > limit || tensor.length > limit - begin) {
      return ParsedLayout(
          RuleAt(name + " reaches beyond the file's end", begin));
    }
    if (begin < position) {
      return ParsedLayout(RuleAt(name + " overlaps another", begin));
    }
    if (!tensor.known) {
      ++opaque;
      continue;
    }
    AppendLiterals(position, begin - position, &regions);
    regions.push_back(TensorRegion(begin, std::move(tensor.view)));
    position = begin + tensor.length;
  }
  const uint64_t size = file_size.value_or(std::max(position, data_offset));
  AppendLiterals(position, size - position, &regions);
  std::string note;
  if (opaque > 0) {
    note = "gguf: " + std::to_string(opaque) +
           (opaque == 1 ? " tensor is" : " tensors are") +
           " of a type that is kept as opaque bytes";
  }
  INGOT_ASSIGN(Layout layout, Layout::Create("gguf", size, std::move(regions),
                                             std::move(note)));
  return ParsedLayout(std::move(layout));
}

}  // namespace

bool LooksLikeGguf(ByteSpan first_bytes) {
  return AsText(first_bytes).starts_with(kGgufMagic);
}

Result<ParsedLayout> ParseGguf(const Source& source,
                               std::optional<uint64_t> file_size) {
  const uint64_t end =
      std::min({source.size(), file_size.value_or(kMaxGgufHeader),
                kMaxGgufHeader});
  if (end < kGgufMagic.size()) {
    return ParsedLayout(RuleAt("the header has no end", end));
  }
  if (file_size.value_or(0) > kMaxFileSize) {
    return ParsedLayout(RuleAt("beyond the limit of files", kMaxFileSize));
  }
  HeaderReader reader(source, end);
  const bool valid = reader.Read();
  if (reader.error()) return *reader.error();
  if (!valid) return ParsedLayout(reader.rule());
  return PlaceTensors(std::move(reader.tensors()), reader.data_offset(),
                      file_size);
}

}  // namespace ingot
