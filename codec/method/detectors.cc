#include "codec/method/detectors.h"

#include <algorithm>
#include <array>
#include <string>

#include "codec/method/transform.h"
#include "codec/planes/float_layout.h"

namespace ingot {
namespace {

constexpr uint64_t kPlaces = 4;
constexpr uint64_t kPlaceElements = 1024;
// Neighbours that are sure to share a scale where anything does, and how many
// of them must not be zero to say something.
constexpr uint64_t kProbe = 32;
constexpr uint64_t kFewestInformative = 8;
constexpr uint64_t kProbePlaces = 16;
constexpr uint64_t kRows = 16;
// What a scale may be shared by, besides whole rows.
constexpr std::array<uint32_t, 4> kSpans = {256, 128, 64, 32};

class Detector {
 public:
  explicit Detector(const GroupData& group)
      : group_(group), bytes_(group.geometry.element_bytes()) {}

  Detections Run(Attempts* trace) {
    Detections found;
    if (bytes_ > 1 && bytes_ <= kMaxPaletteElement) {
      // One element after the other would find many values only later.
      found.palette = EveryPlace([&](const BlockElements& elements) {
        return FindPalette(elements, &set_);
      });
      TellFound(trace, "palette", found.palette,
                "at most 256 values in each sampled place",
                "more than 256 values in a sampled place");
    }
    found.integers = EveryPlace([&](const BlockElements& elements) {
      return FindIntegers(elements, &set_);
    });
    if (!FloatLayoutOf(group_.geometry.dtype)) return found;
    TellFound(trace, "integers", found.integers, "sampled floats are integers",
              "a sampled float is no integer");
    if (!found.integers && ProbeScales()) found.span = ChooseSpan();
    TellFound(trace, "scaled", found.span > 0,
              std::to_string(found.span) + " neighbours share a scale",
              "no scale makes integers of sampled neighbours");
    found.rows = RowsRepeat();
    TellFound(trace, "rows", found.rows,
              "an eighth of the rows begin like others",
              "few rows begin like others");
    found.sparse = !found.rows && ManyZeros();
    TellFound(trace, "sparse", found.sparse, "an eighth of a sample is zero",
              found.rows ? "repeated rows come first" : "few zeros in a sample");
    return found;
  }

 private:
  static void TellFound(Attempts* trace, const char* name, bool found,
                        const std::string& why, const std::string& why_not) {
    Tell(trace, Attempt::Stage::kDetector, name,
         found ? Attempt::Outcome::kChosen : Attempt::Outcome::kRuledOut,
         std::nullopt, found ? why : why_not);
  }

  BlockElements Elements(uint64_t begin, uint64_t count) const {
    return {&group_.geometry, group_.first + begin,
            group_.raw.subspan(begin * bytes_, count * bytes_)};
  }

  template <typename Find>
  bool EveryPlace(const Find& find) const {
    const uint64_t elements = group_.elements();
    const uint64_t count = std::min(elements, kPlaceElements);
    for (uint64_t place = 0; place < kPlaces; ++place) {
      const uint64_t begin = (elements - count) / (kPlaces - 1) * place;
      if (!find(Elements(begin, count))) return false;
    }
    return true;
  }

  // An eighth of the elements: less would not pay for a map.
  bool ManyZeros() const {
    uint64_t zeros = 0;
    uint64_t seen = 0;
    EveryPlace([&](const BlockElements& elements) {
      seen += elements.count();
      zeros += elements.count() - NotZero(elements);
      return true;
    });
    return zeros * 8 >= seen && zeros < seen;
  }

  // By the first bytes of each row.
  bool RowsRepeat() const {
    const uint64_t columns = group_.geometry.columns;
    if (group_.first % columns != 0 || columns < kProbe) return false;
    const uint64_t rows = group_.elements() / columns;
    if (rows < 2) return false;
    std::vector<uint64_t> heads;
    heads.reserve(rows);
    for (uint64_t row = 0; row < rows; ++row) {
      heads.push_back(LoadLittleEndian<uint64_t>(
          AsU8(group_.raw.data()) + row * columns * bytes_));
    }
    std::sort(heads.begin(), heads.end());
    const auto distinct = static_cast<uint64_t>(
        std::unique(heads.begin(), heads.end()) - heads.begin());
    return (rows - distinct) * 8 >= rows;
  }

  // True where short runs of neighbours are integers times a scale.
  bool ProbeScales() {
    const uint64_t columns = group_.geometry.columns;
    const uint64_t elements = group_.elements();
    // Scales for shorter rows would cost more than they could gain.
    if (columns < kProbe || elements < kProbe) return false;
    const uint64_t rows = elements / columns;
    uint64_t informative = 0;
    for (uint64_t place = 0; place < kProbePlaces && informative < kPlaces;
         ++place) {
      // At a multiple of the probe in some row.
      const uint64_t row = rows == 0 ? 0 : (rows - 1) * place / kProbePlaces;
      const uint64_t runs = std::min(columns, elements) / kProbe;
      const uint64_t column = (place * 7 % runs) * kProbe;
      const uint64_t begin = row * columns + column;
      const BlockElements probe = Elements(begin, kProbe);
      if (NotZero(probe) < kFewestInformative) continue;
      if (!FindScaledIntegers(probe, kMaxSpan, &set_)) return false;
      ++informative;
    }
    return informative > 0;
  }

  // Elements that are neither 0 nor, as floats, -0.
  uint64_t NotZero(const BlockElements& elements) const {
    uint64_t count = 0;
    for (size_t at = 0; at < elements.raw.size(); at += bytes_) {
      const ByteSpan element = elements.raw.subspan(at, bytes_);
      const bool low = std::ranges::any_of(
          element.first(bytes_ - 1),
          [](std::byte byte) { return byte != std::byte{0}; });
      count += low || (element.back() & std::byte{0x7F}) != std::byte{0};
    }
    return count;
  }

  // The longest span that fits the first rows. Two or three rows might fit a
  // longer one by chance.
  uint32_t ChooseSpan() {
    const uint64_t columns = group_.geometry.columns;
    const uint64_t count =
        std::min(group_.elements(),
                 std::max(columns, uint64_t{kSpans[0]}) * kRows);
    if (columns <= kMaxSpan &&
        FindScaledIntegers(Elements(0, count), static_cast<uint32_t>(columns),
                           &set_)) {
      return static_cast<uint32_t>(columns);
    }
    for (const uint32_t span : kSpans) {
      if (span < columns &&
          FindScaledIntegers(Elements(0, count), span, &set_)) {
        return span;
      }
    }
    return 0;
  }

  const GroupData& group_;
  const size_t bytes_;
  PlaneSet set_;
};

}  // namespace

Detections DetectStructure(const GroupData& group, Attempts* trace) {
  return Detector(group).Run(trace);
}

}  // namespace ingot
