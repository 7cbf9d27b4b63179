#include "codec/method/scaled_transform.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "codec/method/scaled_integer.h"
#include "codec/method/value_table.h"

namespace ingot {
namespace {

// Stands for -0.0 among integers.
constexpr int16_t kNegativeZero = INT16_MIN;

// The runs of neighbours that share a scale, from an element of the object on.
class Spans {
 public:
  Spans(uint64_t columns, uint64_t span, uint64_t first, uint64_t elements)
      : columns_(columns), span_(span), at_(first), end_(first + elements) {}

  // Elements of the next span that lie in the block; 0 behind the last.
  uint64_t Next() {
    const uint64_t column = at_ % columns_;
    const uint64_t until =
        std::min({span_ - column % span_, columns_ - column, end_ - at_});
    at_ += until;
    return until;
  }

  uint64_t Count() const {
    Spans copy = *this;
    uint64_t count = 0;
    while (copy.Next() > 0) ++count;
    return count;
  }

 private:
  const uint64_t columns_;
  const uint64_t span_;
  uint64_t at_;
  const uint64_t end_;
};

// Finds the scale of one span and appends scale and integers.
class SpanFitter {
 public:
  SpanFitter(DType dtype, const FloatFormat& format)
      : bytes_(GetDTypeInfo(dtype).bits / 8),
        sign_(1u << (8 * bytes_ - 1)),
        format_(format) {}

  bool Fit(ByteSpan raw, std::vector<uint32_t>* scales,
           std::vector<int16_t>* integers) {
    table_.Clear();
    table_.Add(0);
    for (size_t at = 0; at < raw.size(); at += bytes_) {
      if (!table_.Add(Element(raw, at) & ~sign_)) return false;
    }
    table_.Sort();
    magnitudes_.assign(table_.values().begin() + 1, table_.values().end());
    // A span of zeros repeats the scale before it: cheap to code.
    if (!magnitudes_.empty()) {
      const std::optional<uint32_t> scale = FitScale(magnitudes_, format_);
      if (!scale) return false;
      scale_ = *scale;
    }
    scales->push_back(scale_);
    integers_.assign(1, 0);
    for (const uint32_t magnitude : magnitudes_) {
      // FitScale has proved that it is there.
      integers_.push_back(static_cast<int16_t>(
          *UnscaledInteger(magnitude, scale_, format_)));
    }
    for (size_t at = 0; at < raw.size(); at += bytes_) {
      const uint32_t element = Element(raw, at);
      const int16_t integer = integers_[table_.Index(element & ~sign_)];
      const bool negative = (element & sign_) != 0;
      integers->push_back(!negative       ? integer
                          : integer == 0 ? kNegativeZero
                                         : static_cast<int16_t>(-integer));
    }
    return true;
  }

 private:
  uint32_t Element(ByteSpan raw, size_t at) const {
    return static_cast<uint32_t>(LoadElement(raw.data() + at, bytes_));
  }

  const size_t bytes_;
  const uint32_t sign_;
  const FloatFormat format_;
  ValueTable table_;
  std::vector<uint32_t> magnitudes_;
  std::vector<int16_t> integers_;  // of the table's values
  uint32_t scale_ = 127u << 23;    // 1.0
};

// The elements of all codes under one scale.
class CodeTable {
 public:
  CodeTable(const TransformParameters& parameters, const FloatFormat& format,
            uint32_t sign, size_t codes)
      : parameters_(parameters), format_(format), sign_(sign), codes_(codes) {}

  // Makes the elements of `codes`: of all codes, or where spans are shorter
  // than the table of those that occur.
  void Fill(uint32_t scale, ByteSpan codes) {
    valid_ = true;
    if (codes.size() >= codes_) {
      FillAll(scale);
      return;
    }
    made_.fill(false);
    for (const std::byte byte : codes) {
      const size_t code = std::to_integer<size_t>(byte);
      if (made_[code]) continue;
      made_[code] = true;
      if (code + 1 == parameters_.negative_zero) {
        Set(code, 0, sign_);
        continue;
      }
      const size_t depth = parameters_.depth;
      const auto magnitude =
          static_cast<uint32_t>(std::max(code, depth) - std::min(code, depth));
      Set(code, ScaledMagnitude(magnitude, scale, format_),
          code < depth ? sign_ : 0);
    }
  }

  // Restores `codes`, those of the last Fill; false where one of them has no
  // element.
  template <typename Element>
  bool Restore(ByteSpan codes, std::byte* out) const {
    bool valid = true;
    for (size_t i = 0; i < codes.size(); ++i) {
      const size_t code = std::to_integer<size_t>(codes[i]);
      const auto element = static_cast<Element>(elements_[code]);
      std::memcpy(out + i * sizeof(Element), &element, sizeof(Element));
      if (!valid_) valid = valid && is_valid_[code];
    }
    return valid;
  }

 private:
  void FillAll(uint32_t scale) {
    const size_t depth = parameters_.depth;
    const size_t most = std::max(depth, codes_ - std::min(codes_, depth));
    for (size_t magnitude = 0; magnitude <= most; ++magnitude) {
      const uint32_t element = ScaledMagnitude(
          static_cast<uint32_t>(magnitude), scale, format_);
      if (magnitude > 0 && magnitude <= depth) {
        Set(depth - magnitude, element, sign_);
      }
      if (depth + magnitude < codes_) Set(depth + magnitude, element, 0);
    }
    if (parameters_.negative_zero > 0) {
      Set(parameters_.negative_zero - 1u, 0, sign_);
    }
  }

  void Set(size_t code, uint32_t magnitude, uint32_t sign) {
    is_valid_[code] = magnitude != kNoMagnitude;
    elements_[code] = magnitude | sign;
    valid_ = valid_ && magnitude != kNoMagnitude;
  }

  const TransformParameters& parameters_;
  const FloatFormat format_;
  const uint32_t sign_;
  const size_t codes_;  // those above do not occur
  bool valid_ = true;   // all of them
  std::array<bool, 256> made_{};
  std::array<bool, 256> is_valid_{};
  std::array<uint32_t, 256> elements_{};
};

}  // namespace

uint64_t CountSpans(const Geometry& geometry, uint64_t span, uint64_t first,
                    uint64_t elements) {
  Spans spans(geometry.columns, span, first, elements);
  uint64_t count = 0;
  while (spans.Next() > 0) ++count;
  return count;
}

bool FindScaledIntegers(const BlockElements& block, uint32_t span,
                        PlaneSet* set) {
  const Geometry& geometry = *block.geometry;
  const std::optional<FloatFormat> format = FloatFormatOf(geometry.dtype);
  if (!format || format->mantissa_bits > kMaxScaledMantissaBits || span == 0 ||
      span > kMaxSpan) {
    return false;
  }
  const size_t bytes = geometry.element_bytes();
  SpanFitter fitter(geometry.dtype, *format);
  std::vector<uint32_t> scales;
  std::vector<int16_t> integers;
  integers.reserve(block.count());
  Spans spans(geometry.columns, span, block.first, block.count());
  for (uint64_t at = 0; at < block.count();) {
    const uint64_t length = spans.Next();
    if (!fitter.Fit(block.raw.subspan(at * bytes, length * bytes), &scales,
                    &integers)) {
      return false;
    }
    at += length;
  }
  int low = 0;
  int high = 0;
  bool negative_zero = false;
  for (const int16_t integer : integers) {
    if (integer == kNegativeZero) {
      negative_zero = true;
    } else {
      low = std::min<int>(low, integer);
      high = std::max<int>(high, integer);
    }
  }
  const int minus_zero_code = high - low + 1;
  if (minus_zero_code - (negative_zero ? 0 : 1) > UINT8_MAX) return false;
  set->Start(kScaleBytes + 1);
  set->parameters.span = span;
  set->parameters.depth = static_cast<uint8_t>(-low);
  if (negative_zero) {
    set->parameters.negative_zero = static_cast<uint16_t>(minus_zero_code + 1);
  }
  for (const uint32_t scale : scales) set->PushSplit(scale, 0, kScaleBytes);
  std::vector<std::byte>& codes = set->planes[kScaleBytes];
  codes.reserve(integers.size());
  for (const int16_t integer : integers) {
    codes.push_back(static_cast<std::byte>(
        integer == kNegativeZero ? minus_zero_code : integer - low));
  }
  return true;
}

Status RestoreScaled(const BlockHeader& header, const Geometry& geometry,
                     uint64_t first, const std::vector<ByteSpan>& planes,
                     uint64_t begin, MutableByteSpan out) {
  const size_t bytes = geometry.element_bytes();
  const uint64_t end = begin + out.size() / bytes;
  const ByteSpan codes = planes[kScaleBytes];
  const auto largest = *std::ranges::max_element(codes);
  CodeTable table(header.parameters, *FloatFormatOf(geometry.dtype),
                  uint32_t{1} << (8 * bytes - 1),
                  std::to_integer<size_t>(largest) + 1);
  Spans spans(geometry.columns, header.parameters.span, first,
              header.elements);
  uint64_t at = 0;
  for (uint64_t span = 0; at < end; ++span) {
    const uint64_t length = spans.Next();
    const uint64_t from = std::max(at, begin);
    const uint64_t to = std::min(at + length, end);
    at += length;
    if (from >= to) continue;
    const ByteSpan some = codes.subspan(from, to - from);
    table.Fill(GatherSplit(planes, span), some);
    std::byte* const target = out.data() + (from - begin) * bytes;
    const bool valid = bytes == 2 ? table.Restore<uint16_t>(some, target)
                                  : table.Restore<uint32_t>(some, target);
    if (!valid) {
      return Corruption("scaled block: a product with scale " +
                        std::to_string(span) + " is out of range");
    }
  }
  return {};
}

}  // namespace ingot
