#include "codec/base_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "codec/planes/element_order.h"

namespace ingot {
namespace {

// Bits of an element of a delta by the mean length of |difference| in bits,
// 0 for no difference: conditional entropy of the difference given the base's
// exponent, Gaussian weights with Gaussian changes (tests/codec/
// base_search_test.cc measures it again). Beyond the table it grows as the
// length does.
struct TablePoint {
  double length;
  double bits;
};
constexpr std::array<TablePoint, 12> kDeltaBits = {{{0, 0},
                                                    {0.010, 0.06},
                                                    {0.026, 0.14},
                                                    {0.074, 0.32},
                                                    {0.182, 0.66},
                                                    {0.463, 1.34},
                                                    {1.003, 2.35},
                                                    {2.025, 3.87},
                                                    {2.969, 5.08},
                                                    {4.5, 6.82},
                                                    {6.0, 8.40},
                                                    {7.737, 10.14}}};

double DeltaBits(double length) {
  for (size_t i = 1; i < kDeltaBits.size(); ++i) {
    const TablePoint& a = kDeltaBits[i - 1];
    const TablePoint& b = kDeltaBits[i];
    if (length > b.length) continue;
    return a.bits +
           (length - a.length) / (b.length - a.length) * (b.bits - a.bits);
  }
  return length + kDeltaBits.back().bits - kDeltaBits.back().length;
}

// A match counts as evidence if chance would bring one as good less often than
// a normal variable exceeds this many deviations.
constexpr double kDeviations = 5;
// So many places that their mean is near enough to a normal variable.
constexpr uint64_t kMinPlaces = 6;
// Anchors that must agree on where one object lies in the other.
constexpr size_t kMinAnchors = 2;
// A base must promise this much of what coding without one takes.
constexpr double kWorthABase = 0.95;

// Lengths of differences in bits, added up.
struct Lengths {
  uint64_t count = 0;
  uint64_t sum = 0;
  uint64_t squares = 0;

  void Add(unsigned length) {
    ++count;
    sum += length;
    squares += uint64_t{length} * length;
  }
  double mean() const {
    return static_cast<double>(sum) / static_cast<double>(count);
  }
  double deviation() const {
    const double square =
        static_cast<double>(squares) / static_cast<double>(count);
    return std::sqrt(std::max(0.0, square - mean() * mean()));
  }
};

class Comparison {
 public:
  Comparison(const Sketch& object, const Sketch& base)
      : object_(object),
        base_(base),
        order_(ElementOrderOf(object.dtype)),
        high_(base.level > object.level ? base : object),
        low_(base.level > object.level ? object : base) {}

  std::optional<BaseMatch> Match();

 private:
  using Offset = int64_t;  // of the object's elements in the base

  bool HasFineBits() const { return order_.bytes > 2; }
  // What a sketch counts, in an element as coded: the bytes of a packed block.
  uint64_t BytesPerElement() const {
    return GetDTypeInfo(object_.dtype).bits / 8 / order_.bytes;
  }
  unsigned TopLength(uint16_t a, uint16_t b) const;
  // The place of low_ that is place `i` of high_; kSketchPlaces for none.
  size_t SamePlace(size_t i) const {
    if (!high_.places[i]) return kSketchPlaces;
    const uint64_t same = SketchPlace(i, high_.level, low_.level);
    return same < kSketchPlaces && low_.places[same] ? static_cast<size_t>(same)
                                                     : kSketchPlaces;
  }
  void ComparePlaces();
  // Whether the places agree more than elements of these tensors do anyway.
  bool BetterThanChance() const;
  // Fills offset_ and fine_ where anchors agree.
  bool CompareAnchors();
  double MeanLength() const;
  BaseMatch At(Offset offset, double delta_size) const;

  const Sketch& object_;
  const Sketch& base_;
  const ElementOrder order_;
  // The places of the higher level are some of those of the lower.
  const Sketch& high_;
  const Sketch& low_;
  Offset offset_ = 0;
  Lengths places_;
  Lengths fine_;  // of agreeing anchors
};

unsigned Comparison::TopLength(uint16_t a, uint16_t b) const {
  const ElementOrder top = {
      .bytes = 2, .is_float = order_.is_float, .is_signed = order_.is_signed};
  const auto length = static_cast<unsigned>(
      std::bit_width(Distance(top.Value(a), top.Value(b))));
  // Bytes stand in the upper half.
  return order_.bytes == 1 ? std::max(length, 8u) - 8 : length;
}

void Comparison::ComparePlaces() {
  for (size_t i = 0; i < kSketchPlaces; ++i) {
    const size_t same = SamePlace(i);
    if (same == kSketchPlaces) continue;
    places_.Add(TopLength(*high_.places[i], *low_.places[same]));
  }
}

bool Comparison::BetterThanChance() const {
  if (places_.count < kMinPlaces) return false;
  Lengths chance;  // of places that are not the same
  for (size_t i = 0; i < kSketchPlaces; ++i) {
    if (!high_.places[i]) continue;
    const size_t same = SamePlace(i);
    for (size_t j = 0; j < kSketchPlaces; ++j) {
      if (j == same || !low_.places[j]) continue;
      chance.Add(TopLength(*high_.places[i], *low_.places[j]));
    }
  }
  return chance.mean() - places_.mean() >
         kDeviations * chance.deviation() /
             std::sqrt(static_cast<double>(places_.count));
}

bool Comparison::CompareAnchors() {
  if (object_.row != base_.row) return false;
  struct Agreement {
    Offset offset;
    uint16_t a;
    uint16_t b;
  };
  std::array<Agreement, kSketchAnchors * kSketchAnchors> found;
  size_t count = 0;
  for (const std::optional<Sketch::Anchor>& a : object_.anchors) {
    if (!a) continue;
    for (const std::optional<Sketch::Anchor>& b : base_.anchors) {
      if (!b || a->key != b->key) continue;
      found[count++] = {
          static_cast<Offset>(b->position) - static_cast<Offset>(a->position),
          a->fine, b->fine};
    }
  }
  size_t best = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto votes = static_cast<size_t>(std::count_if(
        found.begin(), found.begin() + count, [&](const Agreement& agreement) {
          return agreement.offset == found[i].offset;
        }));
    if (votes > best || (votes == best && found[i].offset == 0)) {
      best = votes;
      offset_ = found[i].offset;
    }
  }
  // Where rows repeat, anchors agree by chance, but then on many offsets.
  if (best < kMinAnchors || best * 2 < count) return false;
  if (offset_ % static_cast<Offset>(BytesPerElement()) != 0) return false;
  for (size_t i = 0; i < count; ++i) {
    if (found[i].offset != offset_) continue;
    // Differences of fine bits wrap around, those of whole elements do not.
    const auto wrapped = static_cast<int16_t>(found[i].a - found[i].b);
    fine_.Add(HasFineBits()
                  ? static_cast<unsigned>(std::bit_width(Distance(wrapped, 0)))
                  : TopLength(found[i].a, found[i].b));
  }
  return true;
}

// Of the differences of whole elements, estimated from what samples there are.
double Comparison::MeanLength() const {
  if (!HasFineBits()) {
    Lengths all = offset_ == 0 ? places_ : Lengths();
    all.count += fine_.count;
    all.sum += fine_.sum;
    return all.mean();
  }
  // Of random fine bits; all bits above and below differ then, too.
  constexpr double kRandom = 14;
  const double fine = fine_.count > 0 ? fine_.mean() : kRandom;
  const double top = offset_ == 0 && places_.count > 0 ? places_.mean() : 0.0;
  // Top bits differ by carries, too; fine bits cannot tell large differences
  // from their remainders. The factor fits the pairs of the table.
  const double below = order_.is_float ? order_.bits() - 32 : 0;
  return fine + top + 0.75 * std::min(top, 2.0) + below;
}

BaseMatch Comparison::At(Offset offset, double delta_size) const {
  BaseMatch match;
  const auto shift = static_cast<uint64_t>(offset);
  match.first_element = offset < 0 ? uint64_t{0} - shift : 0;
  match.base_first_element = offset < 0 ? 0 : shift;
  match.elements = std::min(object_.elements - match.first_element,
                            base_.elements - match.base_first_element);
  match.delta_size = delta_size;
  const double covered = static_cast<double>(match.elements) /
                         static_cast<double>(object_.elements);
  match.distance =
      covered * delta_size + (1 - covered) * TypicalSize(object_.dtype);
  const uint64_t unit = BytesPerElement();
  match.first_element /= unit;
  match.base_first_element /= unit;
  match.elements /= unit;
  return match;
}

std::optional<BaseMatch> Comparison::Match() {
  if (object_.dtype != base_.dtype) return std::nullopt;
  ComparePlaces();
  const bool anchored = CompareAnchors();
  if (!anchored) offset_ = 0;
  if (places_.count + fine_.count == 0) return std::nullopt;
  const double size = DeltaBits(MeanLength()) / order_.bits();
  if (size >= kWorthABase * TypicalSize(object_.dtype)) return std::nullopt;
  if (!anchored && !BetterThanChance()) return std::nullopt;
  return At(offset_, size);
}

}  // namespace

double TypicalSize(DType dtype) {
  const ElementOrder order = ElementOrderOf(dtype);
  if (!order.is_float) return 1;
  constexpr double kExponent = 2.6;  // bits
  return (kExponent + 1 + order.mantissa_bits) / order.bits();
}

std::optional<BaseMatch> MatchBase(const Sketch& object, const Sketch& base) {
  return Comparison(object, base).Match();
}

std::optional<BaseMatch> BestBase(const Sketch& object,
                                  std::span<const Sketch> candidates) {
  std::optional<BaseMatch> best;
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::optional<BaseMatch> match = MatchBase(object, candidates[i]);
    if (!match || (best && match->distance >= best->distance)) continue;
    best = match;
    best->candidate = i;
  }
  return best;
}

std::vector<BaseMatch> CoverWithBases(const Sketch& object,
                                      std::span<const Sketch> candidates) {
  std::vector<BaseMatch> matches;
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::optional<BaseMatch> match = MatchBase(object, candidates[i]);
    if (!match) continue;
    match->candidate = i;
    matches.push_back(*match);
  }
  std::stable_sort(matches.begin(), matches.end(),
                   [](const BaseMatch& a, const BaseMatch& b) {
                     return a.distance < b.distance;
                   });
  std::vector<BaseMatch> chosen;  // by first_element
  for (const BaseMatch& match : matches) {
    // What of it lies between those chosen, the longest stretch.
    BaseMatch rest = match;
    rest.elements = 0;
    uint64_t begin = match.first_element;
    const uint64_t end = match.first_element + match.elements;
    const auto consider = [&](uint64_t gap_end) {
      gap_end = std::min(gap_end, end);
      if (gap_end <= begin || gap_end - begin <= rest.elements) return;
      rest.first_element = begin;
      rest.base_first_element =
          match.base_first_element + (begin - match.first_element);
      rest.elements = gap_end - begin;
    };
    for (const BaseMatch& other : chosen) {
      consider(other.first_element);
      begin = std::max(begin, other.first_element + other.elements);
    }
    consider(end);
    if (rest.elements == 0) continue;
    chosen.insert(std::upper_bound(chosen.begin(), chosen.end(), rest,
                                   [](const BaseMatch& a, const BaseMatch& b) {
                                     return a.first_element < b.first_element;
                                   }),
                  rest);
  }
  return chosen;
}

}  // namespace ingot
