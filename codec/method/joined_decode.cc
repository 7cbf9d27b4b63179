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

  void Skip(uint32_t /*elements*/) override {
    segment_ += Find(next_++).bytes();
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
    INGOT_TRY(CheckExceptions(
        begin, segment.exceptions, task.elements,
        GetFloatLayoutInfo(plane_.layout).exponent_bits +
            joined_.code.top_bits));
    plane_.float_kernels.decode_joined(
        joined_.code,
        {.elements = task.elements,
         .runs = task.runs,
         .planes = task.planes,
         .ranks = ranks,
         .exceptions = begin,
         .exception_count = segment.exceptions,
         .ahead = task.ahead},
        task.out, task.stream);
    return {};
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

}  // namespace

Result<std::unique_ptr<ExponentSource>> OpenHuffmanExponents(
    const ExponentPlane& plane) {
  auto source = std::make_unique<HuffmanExponents>(plane);
  INGOT_TRY(source->Open());
  return std::unique_ptr<ExponentSource>(std::move(source));
}

}  // namespace ingot
