#include "tools/bench_run.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "codec/sink.h"
#include "codec/stream_encoder.h"
#include "codec/tensor_codec.h"
#include "tools/input_tree.h"
#include "tools/nontemporal_copy.h"

namespace ingot {
namespace {

constexpr uint64_t kAlignment = 64;
// What a container keeps as literals (codec/FORMAT.md, section 1).
constexpr uint64_t kMaxLiteral = 65536;
constexpr uint64_t kMinTensorObject = 4096;

bool IsCoded(const Region& region) {
  return region.IsLiteral() ? region.length > kMaxLiteral
                            : region.length >= kMinTensorObject;
}

// Counts what a file would get, rewinding as one does.
class CountingSink final : public Sink {
 public:
  Status Write(ByteSpan bytes) override {
    size_ += bytes.size();
    return {};
  }
  bool CanRewind() const override { return true; }
  Status Rewind(uint64_t position) override {
    size_ = position;
    return {};
  }
  uint64_t size() const { return size_; }

 private:
  uint64_t size_ = 0;
};

// Seconds that `work` takes.
template <typename Work>
double Time(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

double Gbps(uint64_t bytes, const std::vector<double>& seconds) {
  return bytes == 0 ? 0 : static_cast<double>(bytes) / 1e9 / Median(seconds);
}

}  // namespace

// What lives as long as a level is measured.
struct BenchFile::Codec {
  explicit Codec(int level, int threads)
      : encoder({.level = level, .threads = threads}),
        decoder({.threads = threads}) {}
  TensorEncoder encoder;
  TensorDecoder decoder;
};

double BenchResult::size() const {
  return raw_bytes == 0 ? 0
                        : static_cast<double>(encoded_bytes) /
                              static_cast<double>(raw_bytes);
}

BenchFile::BenchFile(std::string path, const BenchSettings& settings,
                     Layout layout, std::vector<Piece> pieces, BenchMemory raw,
                     BenchMemory decoded, BenchMemory encoded)
    : path_(std::move(path)),
      settings_(settings),
      layout_(std::move(layout)),
      pieces_(std::move(pieces)),
      raw_(std::move(raw)),
      decoded_(std::move(decoded)),
      encoded_(std::move(encoded)) {}

Result<BenchFile> BenchFile::Load(const std::string& path,
                                  const BenchSettings& settings) {
  INGOT_ASSIGN(const std::unique_ptr<Source> source, OpenFileSource(path));
  INGOT_ASSIGN(Layout layout, ChooseLayout(*source, settings.raw));
  std::vector<Piece> pieces;
  uint64_t raw_size = 0;
  uint64_t encoded_size = 0;
  for (const Region& region : layout.regions()) {
    Piece piece = {.offset = raw_size,
                   .length = region.length,
                   .dtype = region.element_dtype,
                   .columns = region.columns,
                   .coded = IsCoded(region),
                   .encoded_offset = encoded_size,
                   .encoded_room = region.length};
    if (piece.coded) {
      piece.encoded_room = MaxEncodedTensorBytes(
          {.dtype = piece.dtype, .columns = piece.columns}, piece.length);
    }
    raw_size += AlignUp(piece.length, kAlignment);
    encoded_size += AlignUp(piece.encoded_room, kAlignment);
    pieces.push_back(piece);
  }
  // The copies go to the buffer of encoded bytes.
  encoded_size = std::max(encoded_size, raw_size);
  INGOT_ASSIGN(BenchMemory raw,
               BenchMemory::Allocate(raw_size, settings.huge_pages));
  INGOT_ASSIGN(BenchMemory decoded,
               BenchMemory::Allocate(raw_size, settings.huge_pages));
  INGOT_ASSIGN(BenchMemory encoded,
               BenchMemory::Allocate(encoded_size, settings.huge_pages));
  for (size_t i = 0; i < pieces.size(); ++i) {
    INGOT_TRY(
        source->ReadAt(layout.regions()[i].offset,
                       raw.span().subspan(pieces[i].offset, pieces[i].length)));
  }
  return BenchFile(path, settings, std::move(layout), std::move(pieces),
                   std::move(raw), std::move(decoded), std::move(encoded));
}

Result<uint64_t> BenchFile::ContainerBytes(int level) const {
  // From the file as it is on disk, just as compress does it.
  INGOT_ASSIGN(const InputTree tree, ScanInput(path_, {}));
  INGOT_ASSIGN(const std::unique_ptr<Source> source, OpenFileSource(path_));
  const InputFile& file = tree.files.at(0);
  FileInfo info;
  info.path = file.name;
  info.mode = file.mode;
  info.mtime = file.mtime;
  CountingSink sink;
  INGOT_ASSIGN(const std::unique_ptr<StreamEncoder> encoder,
               StreamEncoder::Create(&sink, {.level = level, .threads = 0}));
  INGOT_TRY(EncodeFile(*source, layout_, std::move(info), encoder.get(), {}));
  INGOT_TRY(encoder->Finish());
  return sink.size();
}

Status BenchFile::Encode(Codec* codec) {
  for (Piece& piece : pieces_) {
    const ByteSpan from = raw_.span().subspan(piece.offset, piece.length);
    const MutableByteSpan to =
        encoded_.span().subspan(piece.encoded_offset, piece.encoded_room);
    if (piece.coded) {
      INGOT_ASSIGN(
          piece.encoded_length,
          codec->encoder.Encode(
              {.dtype = piece.dtype, .columns = piece.columns}, from, to));
    } else if (piece.length > 0) {
      std::memcpy(to.data(), from.data(), piece.length);
    }
  }
  return {};
}

Status BenchFile::Decode(Codec* codec) {
  for (const Piece& piece : pieces_) {
    const MutableByteSpan to =
        decoded_.span().subspan(piece.offset, piece.length);
    const ByteSpan from = encoded_.span().subspan(piece.encoded_offset);
    if (piece.coded) {
      INGOT_TRY(codec->decoder.Decode(
          {.dtype = piece.dtype, .columns = piece.columns},
          from.first(piece.encoded_length), to));
    } else if (piece.length > 0) {
      std::memcpy(to.data(), from.data(), piece.length);
    }
  }
  return {};
}

Result<BenchResult> BenchFile::Measure(int level) {
  BenchResult result;
  result.file = path_;
  result.level = level;
  result.threads = ResolveThreads(settings_.threads);
  INGOT_ASSIGN(const std::string_view kernel, ActiveKernelName());
  result.kernel = kernel;
  result.raw_bytes = layout_.size();
  INGOT_ASSIGN(result.encoded_bytes, ContainerBytes(level));

  Codec codec(level, result.threads);
  const ByteSpan raw = raw_.span();
  std::vector<double> copy, stream, encode, decode;
  result.roundtrip_ok = true;
  for (int run = 0; run <= settings_.runs; ++run) {
    // So that nothing of an earlier run can pass for this one's result.
    if (!raw.empty()) std::memset(decoded_.span().data(), 0xA5, raw.size());
    for (const Piece& piece : pieces_) {  // what lies between stays zero
      const uint64_t end = piece.offset + piece.length;
      std::memset(decoded_.span().data() + end, 0,
                  AlignUp(end, kAlignment) - end);
    }
    Status encoded, restored;
    const double copy_seconds = Time([&] {
      if (!raw.empty()) {
        std::memcpy(encoded_.span().data(), raw.data(), raw.size());
      }
    });
    const double stream_seconds = Time([&] {
      NontemporalCopy(encoded_.span().data(), raw.data(), raw.size());
    });
    const double encode_seconds = Time([&] { encoded = Encode(&codec); });
    INGOT_TRY(std::move(encoded));
    const double decode_seconds = Time([&] { restored = Decode(&codec); });
    INGOT_TRY(std::move(restored));
    result.roundtrip_ok =
        result.roundtrip_ok &&
        (raw.empty() ||
         std::memcmp(raw.data(), decoded_.span().data(), raw.size()) == 0);
    if (run == 0) continue;  // warm-up
    copy.push_back(copy_seconds);
    stream.push_back(stream_seconds);
    encode.push_back(encode_seconds);
    decode.push_back(decode_seconds);
  }
  result.memcpy_gbps = Gbps(raw.size(), copy);
  result.ntcopy_gbps = Gbps(raw.size(), stream);
  result.encode_gbps = Gbps(result.raw_bytes, encode);
  result.decode_gbps = Gbps(result.raw_bytes, decode);
  return result;
}

}  // namespace ingot
