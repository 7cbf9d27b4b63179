#include "tools/bench_run.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "codec/sink.h"
#include "codec/stream_encoder.h"
#include "formats/base_models.h"
#include "tools/input_tree.h"
#include "tools/nontemporal_copy.h"

namespace ingot {
namespace {

constexpr uint64_t kAlignment = 64;
// What a pair is repeated to, and what follows each base in memory
// (TensorBase).
constexpr uint64_t kMinPairBytes = uint64_t{256} << 20;
constexpr uint64_t kBaseSlack = 128;
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
                     Layout layout, DeltaEntropy entropy, uint64_t copies,
                     std::vector<Piece> pieces, BenchMemory raw,
                     BenchMemory base, BenchMemory decoded, BenchMemory encoded)
    : path_(std::move(path)),
      settings_(settings),
      layout_(std::move(layout)),
      entropy_(entropy),
      copies_(copies),
      pieces_(std::move(pieces)),
      raw_(std::move(raw)),
      base_(std::move(base)),
      decoded_(std::move(decoded)),
      encoded_(std::move(encoded)) {}

Result<BenchFile> BenchFile::Load(const std::string& path,
                                  const BenchSettings& settings) {
  INGOT_ASSIGN(const std::unique_ptr<Source> source, OpenFileSource(path));
  INGOT_ASSIGN(Layout layout, ChooseLayout(*source, settings.raw));
  BaseModels models({.raw = settings.raw,
                     .max_depth = kMaxDepth,
                     .threads = settings.threads});
  for (const std::string& base : settings.bases) INGOT_TRY(models.Add(base));
  uint64_t copies = 1;
  if (!settings.bases.empty() && layout.size() > 0) {
    copies = std::max<uint64_t>(
        1, (kMinPairBytes + layout.size() - 1) / layout.size());
  }
  INGOT_ASSIGN(const DeltaEntropy entropy,
               MeasureDeltaEntropy(*source, layout, &models));
  std::vector<std::vector<RegionBase>> bases;
  for (const Region& region : layout.regions()) {
    INGOT_ASSIGN(bases.emplace_back(),
                 models.FindBase({.view = region.tensor,
                                  .element_dtype = region.element_dtype,
                                  .columns = region.columns},
                                 region.length, region.offset));
  }
  std::vector<Piece> pieces;
  uint64_t raw_size = 0;
  uint64_t base_size = 0;
  uint64_t encoded_size = 0;
  for (uint64_t copy = 0; copy < copies; ++copy) {
    for (size_t i = 0; i < layout.regions().size(); ++i) {
      const Region& region = layout.regions()[i];
      Piece piece = {.offset = raw_size,
                     .length = region.length,
                     .dtype = region.element_dtype,
                     .columns = region.columns,
                     .coded = IsObject(region),
                     .base_offset = base_size,
                     .encoded_offset = encoded_size,
                     .encoded_room = region.length};
      if (piece.coded) {
        piece.encoded_room = MaxEncodedTensorBytes(
            {.dtype = piece.dtype, .columns = piece.columns}, piece.length);
        for (const RegionBase& base : bases[i]) {
          piece.base_length += base.elements * CodedBytes(piece.dtype);
        }
        piece.base_length = std::min(piece.base_length, piece.length);
        if (piece.base_length > 0) {
          base_size += AlignUp(piece.base_length + kBaseSlack, kAlignment);
        }
      }
      raw_size += AlignUp(piece.length, kAlignment);
      encoded_size += AlignUp(piece.encoded_room, kAlignment);
      pieces.push_back(piece);
    }
  }
  // The copies go to the buffer of encoded bytes.
  encoded_size = std::max(encoded_size, raw_size);
  INGOT_ASSIGN(BenchMemory raw,
               BenchMemory::Allocate(raw_size, settings.huge_pages));
  INGOT_ASSIGN(BenchMemory base,
               BenchMemory::Allocate(base_size, settings.huge_pages));
  INGOT_ASSIGN(BenchMemory decoded,
               BenchMemory::Allocate(raw_size, settings.huge_pages));
  INGOT_ASSIGN(BenchMemory encoded,
               BenchMemory::Allocate(encoded_size, settings.huge_pages));
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const size_t region = i % layout.regions().size();
    INGOT_TRY(source->ReadAt(layout.regions()[region].offset,
                             raw.span().subspan(piece.offset, piece.length)));
    MutableByteSpan room =
        base.span().subspan(piece.base_offset, piece.base_length);
    for (const RegionBase& from : bases[region]) {
      const uint64_t element = CodedBytes(piece.dtype);
      const MutableByteSpan part =
          room.first(std::min<uint64_t>(room.size(), from.elements * element));
      INGOT_TRY(
          models.Read(from.object.digest, from.first_element * element, part));
      room = room.subspan(part.size());
    }
  }
  return BenchFile(path, settings, std::move(layout), entropy, copies,
                   std::move(pieces), std::move(raw), std::move(base),
                   std::move(decoded), std::move(encoded));
}

TensorBase BenchFile::BaseOf(const Piece& piece) const {
  if (piece.base_length == 0) return {};
  // Elements behind a base that is shorter would count.
  const uint64_t slack = piece.base_length == piece.length ? kBaseSlack : 0;
  return {.bytes = base_.span().subspan(piece.base_offset,
                                        piece.base_length + slack)};
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
  BaseModels models(
      {.raw = settings_.raw, .max_depth = kMaxDepth, .threads = 0});
  for (const std::string& base : settings_.bases) INGOT_TRY(models.Add(base));
  INGOT_ASSIGN(
      const std::unique_ptr<StreamEncoder> encoder,
      StreamEncoder::Create(
          &sink, {.level = level, .threads = 0, .references = &models}));
  INGOT_TRY(EncodeFile(*source, layout_, std::move(info), encoder.get(), {},
                       &models));
  INGOT_TRY(encoder->Finish());
  return sink.size();
}

Status BenchFile::Encode(Codec* codec) {
  for (Piece& piece : pieces_) {
    const ByteSpan from = raw_.span().subspan(piece.offset, piece.length);
    const MutableByteSpan to =
        encoded_.span().subspan(piece.encoded_offset, piece.encoded_room);
    if (piece.coded) {
      INGOT_ASSIGN(piece.encoded_length,
                   codec->encoder.Encode(
                       {.dtype = piece.dtype, .columns = piece.columns}, from,
                       to, BaseOf(piece)));
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
          from.first(piece.encoded_length), to, BaseOf(piece)));
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
  result.copies = copies_;
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
  if (!settings_.bases.empty()) {
    result.delta = entropy_;
    for (size_t i = 0; i < layout_.regions().size(); ++i) {
      const Piece& piece = pieces_[i];
      if (piece.base_length > 0) result.delta_bytes += piece.encoded_length;
    }
  }
  result.memcpy_gbps = Gbps(raw.size(), copy);
  result.ntcopy_gbps = Gbps(raw.size(), stream);
  result.encode_gbps = Gbps(copies_ * result.raw_bytes, encode);
  result.decode_gbps = Gbps(copies_ * result.raw_bytes, decode);
  return result;
}

}  // namespace ingot
