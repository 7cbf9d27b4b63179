#include "formats/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/base/rule.h"

namespace ingot {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr uint64_t kMaxNpyHeader = 65536;
constexpr std::string_view kArrayName = "array";

struct NumpyDType {
  std::string_view code;  // without the byte order
  DType dtype;
  uint64_t parts;  // elements of `dtype` in one of numpy's
};
constexpr std::array<NumpyDType, 16> kNumpyDTypes = {{
    {"f2", DType::kF16, 1},
    {"f4", DType::kF32, 1},
    {"f8", DType::kF64, 1},
    {"c8", DType::kC64, 1},
    {"c16", DType::kF64, 2},
    {"b1", DType::kBool, 1},
    {"i1", DType::kI8, 1},
    {"u1", DType::kU8, 1},
    {"i2", DType::kI16, 1},
    {"u2", DType::kU16, 1},
    {"i4", DType::kI32, 1},
    {"u4", DType::kU32, 1},
    {"i8", DType::kI64, 1},
    {"u8", DType::kU64, 1},
    {"m8", DType::kI64, 1},
    {"M8", DType::kI64, 1},
}};

// What the header says.
struct Header {
  std::string descr;
  bool structured = false;
  bool fortran_order = false;
  std::vector<uint64_t> shape;
};

// The header's Python literal: a dict of strings to a string, a boolean and a
// tuple of integers.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  bool Parse(Header* header);

 private:
  bool Take(char c);
  bool TakeWord(std::string_view word);
  bool String(std::string* text);
  bool Shape(std::vector<uint64_t>* shape);
  bool Field(std::string_view key, Header* header);
  // A list of fields, nested at will: to the bracket that ends it.
  bool SkipList();

  std::string_view text_;
};

bool HeaderParser::Take(char c) {
  const size_t at = text_.find_first_not_of(" \t\n");
  if (at == std::string_view::npos || text_[at] != c) return false;
  text_.remove_prefix(at + 1);
  return true;
}

bool HeaderParser::TakeWord(std::string_view word) {
  const size_t at = text_.find_first_not_of(' ');
  if (at == std::string_view::npos || !text_.substr(at).starts_with(word)) {
    return false;
  }
  text_.remove_prefix(at + word.size());
  return true;
}

bool HeaderParser::String(std::string* text) {
  const char quote = Take('\'') ? '\'' : Take('"') ? '"' : '\0';
  const size_t end = text_.find(quote);
  if (quote == '\0' || end == std::string_view::npos) return false;
  *text = text_.substr(0, end);
  text_.remove_prefix(end + 1);
  return true;
}

bool HeaderParser::Shape(std::vector<uint64_t>* shape) {
  if (!Take('(')) return false;
  while (!Take(')')) {
    text_.remove_prefix(std::min(text_.find_first_not_of(' '), text_.size()));
    uint64_t dimension = 0;
    const auto [end, error] =
        std::from_chars(text_.data(), text_.data() + text_.size(), dimension);
    if (error != std::errc() || shape->size() == kMaxTensorRank) return false;
    shape->push_back(dimension);
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    // Python 2 marks long integers.
    if (text_.starts_with('L')) text_.remove_prefix(1);
    if (!Take(',') && !text_.starts_with(')')) return false;
  }
  return true;
}

bool HeaderParser::SkipList() {
  int depth = 0;
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '[') ++depth;
    if (text_[i] == ']' && depth-- == 0) {
      text_.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool HeaderParser::Field(std::string_view key, Header* header) {
  if (key == "descr") {
    header->structured = Take('[');
    return header->structured ? SkipList() : String(&header->descr);
  }
  if (key == "fortran_order") {
    header->fortran_order = TakeWord("True");
    return header->fortran_order || TakeWord("False");
  }
  return key == "shape" && Shape(&header->shape);
}

bool HeaderParser::Parse(Header* header) {
  if (!Take('{')) return false;
  std::vector<std::string> keys;
  while (!Take('}')) {
    std::string key;
    if (keys.size() == 3 || !String(&key) || !Take(':') ||
        !Field(key, header)) {
      return false;
    }
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return false;
    keys.push_back(std::move(key));
    if (!Take(',')) {
      if (!Take('}')) return false;
      break;
    }
  }
  return keys.size() == 3 &&
         text_.find_first_not_of(" \n") == std::string_view::npos;
}

const NumpyDType* FindDType(std::string_view code) {
  // Dates have their unit in brackets.
  if (code.starts_with('m') || code.starts_with('M')) {
    code = code.substr(0, code.find('['));
  }
  for (const NumpyDType& row : kNumpyDTypes) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

// The array's region; a broken rule where Ingot has no dtype for it.
std::variant<Region, BrokenRule> ArrayRegion(const Header& header,
                                             uint64_t offset) {
  if (header.structured || header.descr.size() < 2) {
    return RuleAt("elements are records", offset);
  }
  const NumpyDType* const known = FindDType(header.descr.substr(1));
  if (known == nullptr) {
    return RuleAt("elements are of no known dtype, " + Quote(header.descr),
                  offset);
  }
  if (header.descr[0] == '>' && !header.descr.ends_with('1')) {
    return RuleAt("elements are big-endian, " + Quote(header.descr), offset);
  }
  std::vector<uint64_t> memory = header.shape;
  if (header.fortran_order) std::reverse(memory.begin(), memory.end());
  if (known->parts > 1) memory.push_back(known->parts);
  TensorView view{std::string(kArrayName), known->dtype, std::move(memory)};
  const std::optional<uint64_t> size = view.ByteSize();
  if (view.shape.size() > kMaxTensorRank || !size || *size > kMaxFileSize) {
    return RuleAt("the shape is too large", offset);
  }
  Region region = TensorRegion(offset, std::move(view));
  if (known->parts > 1) {
    // A row is that of the complex elements, not the pair.
    region.columns =
        TensorRegion(offset, {{}, DType::kC64, header.shape}).columns;
  }
  if (known->parts > 1 || (header.fortran_order && header.shape.size() > 1)) {
    region.tensor->shape = {*ElementCount(region.tensor->shape)};
  }
  return region;
}

}  // namespace

bool LooksLikeNpy(ByteSpan first_bytes) {
  return AsText(first_bytes).starts_with(kNpyMagic);
}

Result<ParsedLayout> ParseNpy(const Source& source,
                              std::optional<uint64_t> file_size) {
  const uint64_t available =
      std::min(source.size(), file_size.value_or(source.size()));
  // Magic, version and the length of the header.
  std::array<std::byte, 12> buffer{};
  const MutableByteSpan first =
      MutableByteSpan(buffer).first(std::min<uint64_t>(12, available));
  INGOT_TRY(source.ReadAt(0, first));
  if (first.size() < 12 || !LooksLikeNpy(first)) {
    return ParsedLayout(RuleAt("the file ends in its first header", available));
  }
  const auto version = std::to_integer<unsigned>(buffer[6]);
  if (version < 1 || version > 3) {
    return ParsedLayout(
        RuleAt("version " + std::to_string(version) + " is unknown", 6));
  }
  const uint64_t begin = version == 1 ? 10 : 12;
  const uint64_t length = version == 1 ? LoadLittleEndian<uint16_t>(&buffer[8])
                                       : LoadLittleEndian<uint32_t>(&buffer[8]);
  if (length > kMaxNpyHeader || length > available - begin) {
    return ParsedLayout(
        RuleAt("a header of " + std::to_string(length) + " bytes", 8));
  }
  std::string text(length, '\0');
  INGOT_TRY(source.ReadAt(
      begin, {reinterpret_cast<std::byte*>(text.data()), text.size()}));
  Header header;
  if (!HeaderParser(text).Parse(&header)) {
    return ParsedLayout(
        RuleAt("the header is no dict of descr, "
               "fortran_order and shape",
               begin));
  }
  std::variant<Region, BrokenRule> array = ArrayRegion(header, begin + length);
  if (auto* rule = std::get_if<BrokenRule>(&array)) {
    return ParsedLayout(std::move(*rule));
  }
  Region& region = std::get<Region>(array);
  const uint64_t end = region.offset + region.length;
  if (file_size.value_or(end) != end) {
    return ParsedLayout(RuleAt("the file has " + std::to_string(*file_size) +
                                   " bytes, expected " + std::to_string(end) +
                                   ", where its array ends",
                               std::min(*file_size, end)));
  }
  std::vector<Region> regions;
  AppendLiterals(0, region.offset, &regions);
  regions.push_back(std::move(region));
  INGOT_ASSIGN(Layout layout, Layout::Create("npy", end, std::move(regions)));
  return ParsedLayout(std::move(layout));
}

}  // namespace ingot
