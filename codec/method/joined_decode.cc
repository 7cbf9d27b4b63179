#include <algorithm>
#include <cstring>
#include <string>

#include "codec/method/exponent_source.h"
#include "codec/planes/bit_stream.h"

namespace ingot {
namespace {

// Bytes that decoders may read from a stream's begin.
size_t StreamReach(uint32_t elements) {
  return MaxHuffmanBytes(elements) + kHuffmanOverRead;
}

// Checks `count` exceptions and restores the elements of a sub-block.
Status JoinSubBlock(const ExponentPlane& plane, const SubBlockTask& task,
                    const uint8_t* ranks, const uint8_t* exceptions,
                    uint32_t count) {
  const JoinedCode& code = plane.side.joined->code;
  INGOT_TRY(CheckExceptions(
      exceptions, count, task.elements,
      GetFloatLayoutInfo(plane.layout).exponent_bits + code.top_bits));
  plane.float_kernels.decode_joined(code,
                                    {.elements = task.elements,
                                     .runs = task.runs,
                                     .planes = task.planes,
                                     .ranks = ranks,
                                     .exceptions = exceptions,
                                     .exception_count = count,
                                     .ahead = task.ahead},
                                    task.out, task.stream);
  return {};
}

class HuffmanExponents final : public ExponentSource {
 public:
  explicit HuffmanExponents(const ExponentPlane& plane)
      : plane_(plane), joined_(*plane.side.joined), segment_(plane.bytes) {}

  // Checks that the parts of the plane fill it.
  Status Open() {
    const StreamTable& table = plane_.header.streams;
    width_ = kHuffmanStreams * table.stream_bits + table.exception_bits;
    const size_t sub_blocks =
        DivideRoundingUp(plane_.elements, kSubBlockElements);
    const size_t table_bytes = (sub_blocks * width_ + 7) / 8;
    if (table_bytes > plane_.header.length) {
      return Corruption("huffman plane of " +
                        std::to_string(plane_.header.length) +
                        " bytes: too short for its stream table");
    }
    table_ = plane_.bytes + plane_.header.length - table_bytes;
    uint64_t segments = 0;
    for (size_t i = 0; i < sub_blocks; ++i) segments += Find(i).bytes();
    if (segments + table_bytes != plane_.header.length) {
      return Corruption("huffman plane of " +
                        std::to_string(plane_.header.length) +
                        " bytes: segments of " + std::to_string(segments) +
                        " do not fill it");
    }
    return plane_.scratch->symbols.Resize(kSubBlockElements + kKernelSlack);
  }

  Status Skip(uint32_t /*elements*/) override {
    segment_ += Find(next_++).bytes();
    return {};
  }

  Status Decode(const SubBlockTask& task) override {
    const Segment segment = Find(next_++);
    const uint8_t* begin = segment_;
    segment_ += segment.bytes();
    // Codes that run on are found out by where they end; until then they are
    // read from whatever follows.
    if (begin + segment.bytes() + StreamReach(task.elements) >
        plane_.readable) {
      AlignedBuffer& copy = plane_.scratch->segment;
      INGOT_TRY(copy.Resize(segment.bytes() + StreamReach(task.elements)));
      std::memset(copy.data(), 0, copy.size());
      std::memcpy(copy.data(), begin, segment.bytes());
      begin = AsU8(copy.data());
    }
    HuffmanStreams streams{task.elements, {}, segment.streams};
    for (size_t i = 0; i < kHuffmanStreams; ++i) {
      streams.begins[i] = begin;
      begin += segment.streams[i];
    }
    uint8_t* const ranks = AsU8(plane_.scratch->symbols.data());
    if (!plane_.kernels.entropy.decode_huffman(*joined_.huffman, streams,
                                               ranks)) {
      return Corruption("huffman plane: codes do not fill their streams");
    }
    return JoinSubBlock(plane_, task, ranks, begin, segment.exceptions);
  }

 private:
  struct Segment {
    std::array<uint32_t, kHuffmanStreams> streams;
    uint32_t exceptions;

    uint64_t bytes() const {
      uint64_t sum = uint64_t{exceptions} * kExceptionBytes;
      for (const uint32_t stream : streams) sum += stream;
      return sum;
    }
  };

  Segment Find(size_t index) const {
    const StreamTable& table = plane_.header.streams;
    Segment segment;
    size_t bit = index * width_;
    for (uint32_t& stream : segment.streams) {
      stream = table.min_stream_bytes +
               static_cast<uint32_t>(GetBits(table_, bit, table.stream_bits));
      bit += table.stream_bits;
    }
    segment.exceptions =
        static_cast<uint32_t>(GetBits(table_, bit, table.exception_bits));
    return segment;
  }

  const ExponentPlane plane_;
  const JoinedSide& joined_;
  size_t width_ = 0;
  const uint8_t* table_ = nullptr;
  const uint8_t* segment_;  // of the next sub-block
  size_t next_ = 0;
};

// One stream for the whole block: what is skipped is decoded all the same.
class RansExponents final : public ExponentSource {
 public:
  explicit RansExponents(const ExponentPlane& plane) : plane_(plane) {}

  // Checks that the parts of the plane leave room for states and words.
  Status Open() {
    const unsigned width = plane_.header.streams.exception_bits;
    const size_t sub_blocks =
        DivideRoundingUp(plane_.elements, kSubBlockElements);
    const size_t table_bytes = (sub_blocks * width + 7) / 8;
    const uint64_t length = plane_.header.length;
    uint64_t other = kRansStateBytes + table_bytes;
    if (other <= length) {
      table_ = plane_.bytes + length - table_bytes;
      for (size_t i = 0; i < sub_blocks; ++i) {
        other += uint64_t{Exceptions(i)} * kExceptionBytes;
      }
    }
    if (other > length || (length - other) % 2 != 0) {
      return Corruption("rans plane of " + std::to_string(length) +
                        " bytes: no whole words beside " +
                        std::to_string(other) + " bytes of other parts");
    }
    std::memcpy(cursor_.states.data(), plane_.bytes, kRansStateBytes);
    cursor_.words = plane_.bytes + kRansStateBytes;
    cursor_.end = cursor_.words + (length - other);
    exceptions_ = cursor_.end;
    return plane_.scratch->symbols.Resize(kSubBlockElements + kKernelSlack);
  }

  Status Skip(uint32_t elements) override {
    INGOT_TRY(DecodeRanks(elements));
    exceptions_ += size_t{Exceptions(next_++)} * kExceptionBytes;
    return {};
  }

  Status Decode(const SubBlockTask& task) override {
    INGOT_TRY(DecodeRanks(task.elements));
    if (task.first + task.elements == plane_.elements && !cursor_.AtEnd()) {
      return Corruption("rans plane: words or states are left at its end");
    }
    const uint32_t count = Exceptions(next_++);
    const uint8_t* const exceptions = exceptions_;
    exceptions_ += size_t{count} * kExceptionBytes;
    return JoinSubBlock(plane_, task, AsU8(plane_.scratch->symbols.data()),
                        exceptions, count);
  }

 private:
  static_assert(kSubBlockElements % kRansLanes == 0 &&
                kRansOverRead <= kKernelSlack);

  uint32_t Exceptions(size_t index) const {
    const unsigned width = plane_.header.streams.exception_bits;
    return static_cast<uint32_t>(GetBits(table_, index * width, width));
  }

  Status DecodeRanks(uint32_t elements) {
    if (!plane_.kernels.entropy.decode_rans(
            *plane_.side.joined->rans, &cursor_,
            DivideRoundingUp(elements, kRansLanes),
            AsU8(plane_.scratch->symbols.data()))) {
      return Corruption("rans plane: its words run out");
    }
    return {};
  }

  const ExponentPlane plane_;
  RansCursor cursor_;
  const uint8_t* exceptions_ = nullptr;  // of the next sub-block
  const uint8_t* table_ = nullptr;
  size_t next_ = 0;
};

template <typename Source>
Result<std::unique_ptr<ExponentSource>> Open(const ExponentPlane& plane) {
  auto source = std::make_unique<Source>(plane);
  INGOT_TRY(source->Open());
  return std::unique_ptr<ExponentSource>(std::move(source));
}

}  // namespace

Result<std::unique_ptr<ExponentSource>> OpenJoinedExponents(
    const ExponentPlane& plane) {
  return plane.header.coder == Coder::kRans ? Open<RansExponents>(plane)
                                            : Open<HuffmanExponents>(plane);
}

}  // namespace ingot
