#include "formats/find_floats.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "codec/float_guess.h"

namespace ingot {
namespace {

constexpr uint64_t kChunk = 4096;
constexpr uint64_t kMinRegion = 2 * kChunk;
// Chunks of other looks that a region may contain.
constexpr uint64_t kMaxGap = 2;
// Literals from this size on are judged by one chunk of sixteen.
constexpr uint64_t kSampledLiteral = uint64_t{16} << 20;
constexpr uint64_t kSampleStep = 16;
// Elements of a row of found floats. How long their rows are is not known, nor
// where one tensor ends and the next begins; but neighbours share a scale.
constexpr uint64_t kFoundColumns = 512;

// Regions of one literal, found chunk by chunk.
class LiteralProbe {
 public:
  LiteralProbe(const Source& source, const Region& literal)
      : source_(source), literal_(literal) {}

  Result<std::vector<Region>> Run();

 private:
  Result<std::optional<FloatGuess>> Look(uint64_t offset);
  // Ends the run of chunks that look like `guess_`.
  void Close();

  const Source& source_;
  const Region& literal_;
  std::array<std::byte, kChunk> chunk_;
  std::vector<Region> regions_;
  uint64_t done_ = 0;  // offset up to which regions_ reach
  std::optional<FloatGuess> guess_;
  uint64_t begin_ = 0;  // of the run
  uint64_t end_ = 0;    // of its last chunk that looks like the guess
};

Result<std::optional<FloatGuess>> LiteralProbe::Look(uint64_t offset) {
  const uint64_t end = literal_.offset + literal_.length;
  const MutableByteSpan chunk =
      MutableByteSpan(chunk_).first(std::min(kChunk, end - offset));
  INGOT_TRY(source_.ReadAt(offset, chunk));
  return GuessFloats(chunk, offset);
}

void LiteralProbe::Close() {
  if (!guess_) return;
  const uint64_t bytes = *DTypeByteSize(guess_->dtype, 1);
  const uint64_t begin =
      begin_ + (guess_->phase + bytes - begin_ % bytes) % bytes;
  const uint64_t length = end_ > begin ? (end_ - begin) / bytes * bytes : 0;
  if (length >= kMinRegion) {
    AppendLiterals(done_, begin - done_, &regions_);
    Region region;
    region.offset = begin;
    region.length = length;
    region.element_dtype = guess_->dtype;
    region.columns = std::min(length / bytes, kFoundColumns);
    regions_.push_back(std::move(region));
    done_ = begin + length;
  }
  guess_.reset();
}

Result<std::vector<Region>> LiteralProbe::Run() {
  const uint64_t end = literal_.offset + literal_.length;
  const uint64_t step =
      kChunk * (literal_.length >= kSampledLiteral ? kSampleStep : 1);
  done_ = literal_.offset;
  for (uint64_t offset = literal_.offset; offset < end; offset += step) {
    INGOT_ASSIGN(const std::optional<FloatGuess> guess, Look(offset));
    if (guess_ && guess != guess_ && (guess || offset - end_ > kMaxGap * step)) {
      Close();
    }
    if (!guess) continue;
    if (!guess_) {
      guess_ = guess;
      begin_ = std::max(offset, done_);
    }
    end_ = std::min(end, offset + step);
  }
  Close();
  AppendLiterals(done_, end - done_, &regions_);
  return std::move(regions_);
}

}  // namespace

Result<Layout> FindFloats(const Source& source, Layout layout) {
  // Parts of literals by the literal's number. Most layouts have none, and are
  // not copied.
  std::map<size_t, std::vector<Region>> found;
  for (size_t i = 0; i < layout.regions().size(); ++i) {
    const Region& region = layout.regions()[i];
    if (!region.IsLiteral() || region.length < kMinRegion) continue;
    INGOT_ASSIGN(std::vector<Region> parts,
                 LiteralProbe(source, region).Run());
    if (parts.size() > 1 || !parts[0].IsLiteral()) {
      found.emplace(i, std::move(parts));
    }
  }
  if (found.empty()) return layout;
  std::vector<Region> regions;
  for (size_t i = 0; i < layout.regions().size(); ++i) {
    const auto parts = found.find(i);
    if (parts == found.end()) {
      regions.push_back(layout.regions()[i]);
    } else {
      for (Region& part : parts->second) regions.push_back(std::move(part));
    }
  }
  return Layout::Create(layout.format(), layout.size(), std::move(regions),
                        layout.note());
}

}  // namespace ingot
