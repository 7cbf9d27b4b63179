#include <algorithm>
#include <cstring>
#include <string>

#include "codec/base/stream_copy.h"
#include "codec/method/delta_method.h"

namespace ingot {
namespace {

constexpr unsigned kPassOnly = 255;   // a gap byte that changes nothing
constexpr unsigned kFromLarge = 255;  // a difference in the plane large
enum Plane : size_t { kGaps = 0, kDifferences = 1, kLarge = 2 };
constexpr size_t kTouchedPlanes = 3;
// Elements that are copied and changed while they are in the nearest cache.
constexpr uint64_t kStepElements = 4096;
constexpr size_t kPieceBytes = 1024;  // written between two prefetches

Status DecodePlane(const BlockHeader& header, const std::byte* payload,
                   size_t plane, uint64_t size, std::vector<std::byte>* out) {
  out->resize(size);
  return DecodeBytes(header.planes[plane].coder,
                     ByteSpan(payload + header.PlaneOffset(plane),
                              header.planes[plane].length),
                     *out);
}

// Walks the changes of a block in order.
class Changes {
 public:
  Changes(const std::array<std::vector<std::byte>, 3>& planes, size_t width)
      : gaps_(AsU8(planes[kGaps].data())),
        gaps_end_(gaps_ + planes[kGaps].size()),
        differences_(AsU8(planes[kDifferences].data())),
        large_(AsU8(planes[kLarge].data())),
        width_(width) {
    Advance();
  }

  // The next element that changes; UINT64_MAX behind the last.
  uint64_t element() const { return element_; }
  uint64_t Take() {
    const unsigned byte = *differences_++;
    uint64_t z = byte + 1;
    if (byte == kFromLarge) {
      z = 0;
      std::memcpy(&z, large_, width_);
      large_ += width_;
    }
    ++next_;
    Advance();
    return z;
  }

 private:
  void Advance() {
    while (gaps_ < gaps_end_) {
      const unsigned gap = *gaps_++;
      next_ += gap;
      if (gap == kPassOnly) continue;
      element_ = next_;
      return;
    }
    element_ = UINT64_MAX;
  }

  const uint8_t* gaps_;
  const uint8_t* const gaps_end_;
  const uint8_t* differences_;
  const uint8_t* large_;
  const size_t width_;
  uint64_t next_ = 0;
  uint64_t element_ = 0;
};

}  // namespace

Status DecodeTouchedBlock(const Geometry& geometry,
                          const BlockPosition& position,
                          const BlockHeader& header, const std::byte* payload,
                          uint64_t begin, uint64_t end,
                          DeltaDecodeScratch* scratch, MutableByteSpan out,
                          bool stream) {
  const DifferenceFormat format = *DifferenceFormatOf(geometry.dtype);
  const TransformParameters& parameters = header.parameters;
  auto& planes = scratch->planes;
  INGOT_TRY(DecodePlane(header, payload, kGaps, parameters.gap_bytes,
                        &planes[kGaps]));
  INGOT_TRY(DecodePlane(header, payload, kDifferences, parameters.changed,
                        &planes[kDifferences]));
  const auto large = static_cast<uint64_t>(std::ranges::count(
      planes[kDifferences], static_cast<std::byte>(kFromLarge)));
  INGOT_TRY(DecodePlane(header, payload, kLarge, large * format.bytes,
                        &planes[kLarge]));
  uint64_t changed = 0;
  uint64_t passed = 0;
  for (const std::byte byte : planes[kGaps]) {
    const auto gap = std::to_integer<unsigned>(byte);
    const unsigned changes = gap == kPassOnly ? 0 : 1;
    passed += gap + changes;
    changed += changes;
  }
  if (changed != parameters.changed || passed > header.elements) {
    return Corruption("touched block: gaps change " + std::to_string(changed) +
                      " of " + std::to_string(passed) + " elements, expected " +
                      std::to_string(parameters.changed) + " of " +
                      std::to_string(header.elements));
  }
  Changes changes(planes, format.bytes);
  while (changes.element() < begin) changes.Take();
  const size_t bytes = format.bytes;
  INGOT_TRY(scratch->elements.Resize(kStepElements * bytes));
  for (uint64_t first = begin; first < end; first += kStepElements) {
    const uint64_t next = std::min(end, first + kStepElements);
    const size_t size = (next - first) * bytes;
    std::byte* const result = out.data() + (first - begin) * bytes;
    std::byte* const to = stream ? scratch->elements.data() : result;
    std::memcpy(to, position.base + first * bytes, size);
    WithElements(format, [&]<typename Kind, typename Word>(Kind, Word) {
      while (changes.element() < next) {
        std::byte* const at = to + (changes.element() - first) * sizeof(Word);
        StoreLittleEndian(at, ApplyDifference<Kind::value>(
                                  LoadLittleEndian<Word>(at),
                                  static_cast<Word>(changes.Take())));
      }
    });
    if (stream) {
      // What the next step reads comes while this one is written.
      const size_t ahead =
          (std::min(end, next + kStepElements) - next) * bytes;
      const std::byte* const from = position.base + next * bytes;
      for (size_t at = 0; at < size; at += kPieceBytes) {
        for (size_t line = at; line < std::min(ahead, at + kPieceBytes);
             line += 64) {
          __builtin_prefetch(from + line);
        }
        StreamCopy(result + at, to + at, std::min(size - at, kPieceBytes));
      }
    }
  }
  return {};
}

bool EncodeTouchedBlock(int level, const DifferenceFormat& format,
                        ByteSpan base, ByteSpan raw, size_t limit,
                        DeltaEncodeScratch* scratch, EncodedBlock* block) {
  for (auto& plane : scratch->raw) plane.clear();
  auto& planes = scratch->raw;
  WithElements(format, [&]<typename Kind, typename Word>(Kind, Word) {
    uint64_t gap = 0;
    for (size_t at = 0; at < raw.size(); at += sizeof(Word)) {
      const Word from = LoadLittleEndian<Word>(base.data() + at);
      const Word to = LoadLittleEndian<Word>(raw.data() + at);
      if (from == to) {
        ++gap;
        continue;
      }
      for (; gap >= kPassOnly; gap -= kPassOnly) {
        planes[kGaps].push_back(static_cast<std::byte>(kPassOnly));
      }
      planes[kGaps].push_back(static_cast<std::byte>(gap));
      gap = 0;
      const Word z = Difference<Kind::value>(from, to);
      if (uint64_t{z} - 1 < kFromLarge) {
        planes[kDifferences].push_back(static_cast<std::byte>(z - 1));
      } else {
        planes[kDifferences].push_back(static_cast<std::byte>(kFromLarge));
        const size_t size = planes[kLarge].size();
        planes[kLarge].resize(size + sizeof(Word));
        StoreLittleEndian(planes[kLarge].data() + size, z);
      }
    }
  });
  std::vector<std::byte>& coded = scratch->touched;
  coded.clear();
  std::array<PlaneHeader, kMaxPlanes> headers{};
  for (size_t plane = 0; plane < kTouchedPlanes; ++plane) {
    const size_t at = coded.size();
    headers[plane].coder =
        EncodeBytes(planes[plane], PlaneEffortForLevel(level), &coded);
    headers[plane].length = static_cast<uint32_t>(coded.size() - at);
    if (coded.size() >= limit) return false;
  }
  if (block->UsePlanes(Method::kTouched, coded, headers, kTouchedPlanes,
                       limit) >= limit) {
    return false;
  }
  block->header.predictor = kBasePredictor;
  block->header.parameters.changed =
      static_cast<uint32_t>(planes[kDifferences].size());
  block->header.parameters.gap_bytes =
      static_cast<uint32_t>(planes[kGaps].size());
  return true;
}

}  // namespace ingot
