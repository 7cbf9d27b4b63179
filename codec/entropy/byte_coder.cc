#include "codec/entropy/byte_coder.h"

#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <string>

#include "codec/base/fixed_log2.h"
#include "codec/entropy/adaptive_byte_coder.h"

namespace ingot {
namespace {

struct FreeCCtx {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDCtx {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Smallest gain that pays for a second pass over the data when decoding.
constexpr double kWorthCoding = 0.985;

// Bits per byte from which on a sample of a plane looks like noise.
constexpr double kNoiseEntropy = 7.5;

// The same, against fields of few bits, which decode far faster.
constexpr double kWorthwhilePacked = 0.96;

// Bytes of a plane that its entropy is judged by.
constexpr size_t kEntropySample = 2048;

std::vector<uint32_t> MakeLogTable() {
  std::vector<uint32_t> logs(kEntropySample + 1, 0);
  for (uint32_t n = 1; n < logs.size(); ++n) logs[n] = FixedLog2(n);
  return logs;
}

// Appends a zstd frame if it is smaller than `limit`.
bool AppendZstd(ByteSpan raw, int level, size_t limit,
                std::vector<std::byte>* encoded) {
  thread_local std::unique_ptr<ZSTD_CCtx, FreeCCtx> context(ZSTD_createCCtx());
  if (context == nullptr) return false;
  const size_t start = encoded->size();
  const size_t bound = ZSTD_compressBound(raw.size());
  encoded->resize(start + bound);
  const size_t size = ZSTD_compressCCtx(context.get(), encoded->data() + start,
                                        bound, raw.data(), raw.size(), level);
  const bool smaller = !ZSTD_isError(size) && size < limit;
  encoded->resize(start + (smaller ? size : 0));
  return smaller;
}

bool AppendLzma(ByteSpan raw, size_t limit, std::vector<std::byte>* encoded) {
  const size_t start = encoded->size();
  encoded->resize(start + limit);
  size_t size = 0;
  lzma_options_lzma options;
  if (lzma_lzma_preset(&options, 6)) return false;
  // A window no larger than the data: the encoder clears tables of its size.
  options.dict_size =
      std::clamp<uint32_t>(static_cast<uint32_t>(std::bit_ceil(raw.size())),
                           LZMA_DICT_SIZE_MIN, options.dict_size);
  lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options},
                           {LZMA_VLI_UNKNOWN, nullptr}};
  // CRC32 is the lightest check of .xz; the container has its own.
  const lzma_ret result = lzma_stream_buffer_encode(
      filters, LZMA_CHECK_CRC32, nullptr, AsU8(raw.data()), raw.size(),
      AsU8(encoded->data() + start), &size, limit);
  const bool smaller = result == LZMA_OK && size < limit;
  encoded->resize(start + (smaller ? size : 0));
  return smaller;
}

Status DecodeZstd(ByteSpan encoded, MutableByteSpan out) {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeDCtx> context(ZSTD_createDCtx());
  if (context == nullptr) {
    return Error{ErrorKind::kResourceExhausted, "zstd: out of memory"};
  }
  const size_t size = ZSTD_decompressDCtx(context.get(), out.data(), out.size(),
                                          encoded.data(), encoded.size());
  if (ZSTD_isError(size)) {
    return Corruption(std::string("zstd frame: ") + ZSTD_getErrorName(size));
  }
  if (size != out.size()) {
    return Corruption("zstd frame restores " + std::to_string(size) +
                      " bytes, expected " + std::to_string(out.size()));
  }
  return {};
}

Status DecodeLzma(ByteSpan encoded, MutableByteSpan out) {
  uint64_t memory_limit = uint64_t{64} << 20;
  size_t in_position = 0;
  size_t out_position = 0;
  const lzma_ret result = lzma_stream_buffer_decode(
      &memory_limit, 0, nullptr, AsU8(encoded.data()), &in_position,
      encoded.size(), AsU8(out.data()), &out_position, out.size());
  if (result != LZMA_OK || in_position != encoded.size() ||
      out_position != out.size()) {
    return Corruption("xz stream restores " + std::to_string(out_position) +
                      " bytes, expected " + std::to_string(out.size()) +
                      " (liblzma code " + std::to_string(result) + ")");
  }
  return {};
}

// Bits of the largest byte, at least 1.
unsigned FieldWidth(ByteSpan raw) {
  std::byte bits{1};
  for (const std::byte byte : raw) bits |= byte;
  return static_cast<unsigned>(std::bit_width(std::to_integer<unsigned>(bits)));
}

// A byte that tells the width, then the fields.
size_t PackedBytes(ByteSpan raw, unsigned width) {
  return 1 + (raw.size() * width + 7) / 8;
}

// Eight fields at a time: they fill whole bytes.
void AppendPacked(ByteSpan raw, unsigned width,
                  std::vector<std::byte>* encoded) {
  const size_t end = encoded->size() + PackedBytes(raw, width);
  encoded->reserve(end + width);
  encoded->push_back(static_cast<std::byte>(width));
  for (size_t first = 0; first < raw.size(); first += 8) {
    uint64_t word = 0;
    const size_t count = std::min<size_t>(8, raw.size() - first);
    for (size_t i = 0; i < count; ++i) {
      word |= std::to_integer<uint64_t>(raw[first + i]) << (i * width);
    }
    for (unsigned byte = 0; byte < width; ++byte) {
      encoded->push_back(static_cast<std::byte>(word >> (8 * byte)));
    }
  }
  encoded->resize(end);
}

Status DecodePacked(ByteSpan encoded, MutableByteSpan out) {
  const unsigned width =
      encoded.empty() ? 0 : std::to_integer<unsigned>(encoded[0]);
  if (width == 0 || width > 7 || encoded.size() != PackedBytes(out, width)) {
    return Corruption("packed plane of " + std::to_string(encoded.size()) +
                      " bytes for " + std::to_string(out.size()) +
                      ": no such width");
  }
  const uint64_t mask = (uint64_t{1} << width) - 1;
  const std::byte* in = encoded.data() + 1;
  for (size_t first = 0; first < out.size(); first += 8, in += width) {
    const size_t count = std::min<size_t>(8, out.size() - first);
    uint64_t word = 0;
    std::memcpy(&word, in, (count * width + 7) / 8);
    for (size_t i = 0; i < count; ++i) {
      out[first + i] = static_cast<std::byte>(word >> (i * width) & mask);
    }
  }
  return {};
}

}  // namespace

bool IsCoder(uint8_t number) {
  return !CoderName(static_cast<Coder>(number)).empty();
}

std::string_view CoderName(Coder coder) {
  switch (coder) {
    case Coder::kStore:
      return "store";
    case Coder::kConstant:
      return "constant";
    case Coder::kZstd:
      return "zstd";
    case Coder::kLzma:
      return "lzma";
    case Coder::kTiered:
      return "tiered";
    case Coder::kHuffman:
      return "huffman";
    case Coder::kRans:
      return "rans";
    case Coder::kCm:
      return "cm";
    case Coder::kCmBytes:
      return "cm-bytes";
    case Coder::kPacked:
      return "packed";
  }
  return {};
}

ByteEffort EffortForLevel(int level) {
  switch (level) {
    case 1:
      return {1, false};
    case 2:
      return {3, false};
    default:
      return {19, true};
  }
}

ByteEffort PlaneEffortForLevel(int level) {
  ByteEffort effort = EffortForLevel(level);
  effort.try_packed = true;
  effort.try_models = level >= 7;
  return effort;
}

ByteEffort FloatPlaneEffortForLevel(int level) {
  ByteEffort effort = PlaneEffortForLevel(level);
  if (level == 3) {
    effort.zstd_level = 12;
    effort.try_lzma = false;
  }
  return effort;
}

bool IsConstant(ByteSpan raw) {
  return raw.size() < 2 ||
         std::memcmp(raw.data(), raw.data() + 1, raw.size() - 1) == 0;
}

double SampledEntropy(ByteSpan raw) {
  constexpr size_t kPieces = 16;
  constexpr size_t kPieceBytes = kEntropySample / kPieces;
  if (raw.empty()) return 0;
  std::array<uint32_t, 256> counts{};
  const auto count = [&](ByteSpan bytes) {
    for (const std::byte byte : bytes) ++counts[std::to_integer<size_t>(byte)];
  };
  const size_t total = std::min(raw.size(), kEntropySample);
  if (raw.size() <= kEntropySample) {
    count(raw);
  } else {
    const size_t stride = raw.size() / kPieces;
    for (size_t piece = 0; piece < kPieces; ++piece) {
      count(raw.subspan(piece * stride, kPieceBytes));
    }
  }
  static const std::vector<uint32_t> logs = MakeLogTable();
  uint64_t sum = 0;
  for (uint32_t n : counts) sum += uint64_t{n} * logs[n];
  return static_cast<double>(total * logs[total] - sum) /
         static_cast<double>(total << kFixedLog2Bits);
}

bool LooksLikeNoise(ByteSpan raw) {
  return !IsConstant(raw) && SampledEntropy(raw) >= kNoiseEntropy;
}

Coder EncodeBytes(ByteSpan raw, const ByteEffort& effort,
                  std::vector<std::byte>* encoded) {
  if (!raw.empty() && IsConstant(raw)) {
    encoded->push_back(raw[0]);
    return Coder::kConstant;
  }
  const size_t start = encoded->size();
  Coder coder = Coder::kStore;
  size_t best =
      static_cast<size_t>(static_cast<double>(raw.size()) * kWorthCoding);
  const unsigned width = effort.try_packed ? FieldWidth(raw) : 8;
  if (width < 8) {
    best = std::min(
        best, static_cast<size_t>(static_cast<double>(PackedBytes(raw, width)) *
                                  kWorthwhilePacked));
  }
  // Order-0 entropy near 8 bits can still hide repeats, which one fast pass
  // over a piece finds.
  bool promising = SampledEntropy(raw) < 0.975 * width;
  if (!promising) {
    const ByteSpan piece =
        raw.subspan(raw.size() / 2 - std::min<size_t>(raw.size() / 2, 32768),
                    std::min<size_t>(raw.size(), 65536));
    promising = AppendZstd(piece, 1, piece.size() * width * 19 / 160, encoded);
    encoded->resize(start);
  }
  if (promising && AppendZstd(raw, effort.zstd_level, best, encoded)) {
    coder = Coder::kZstd;
    best = encoded->size() - start;
  }
  if (promising && effort.try_lzma) {
    std::vector<std::byte> lzma;
    if (AppendLzma(raw, best, &lzma)) {
      encoded->resize(start);
      encoded->insert(encoded->end(), lzma.begin(), lzma.end());
      coder = Coder::kLzma;
      best = encoded->size() - start;
    }
  }
  if (promising && effort.try_models) {
    std::vector<std::byte> modelled;
    if (EncodeAdaptiveBytes(raw, best, &modelled)) {
      encoded->resize(start);
      encoded->insert(encoded->end(), modelled.begin(), modelled.end());
      coder = Coder::kCmBytes;
    }
  }
  if (coder == Coder::kStore && width < 8) {
    AppendPacked(raw, width, encoded);
    return Coder::kPacked;
  }
  if (coder == Coder::kStore) {
    encoded->insert(encoded->end(), raw.begin(), raw.end());
  }
  return coder;
}

Status DecodeBytes(Coder coder, ByteSpan encoded, MutableByteSpan out) {
  switch (coder) {
    case Coder::kStore:
      if (encoded.size() != out.size()) break;
      if (!out.empty()) std::memcpy(out.data(), encoded.data(), out.size());
      return {};
    case Coder::kConstant:
      if (encoded.size() != 1) break;
      std::fill(out.begin(), out.end(), encoded[0]);
      return {};
    case Coder::kZstd:
      return DecodeZstd(encoded, out);
    case Coder::kLzma:
      return DecodeLzma(encoded, out);
    case Coder::kPacked:
      return DecodePacked(encoded, out);
    case Coder::kCmBytes:
      if (DecodeAdaptiveBytes(encoded, out)) return {};
      return Corruption("cm-bytes: streams do not end where they should");
    case Coder::kTiered:
    case Coder::kHuffman:
    case Coder::kRans:
    case Coder::kCm:
      return Corruption("coder " + std::string(CoderName(coder)) +
                        " where bytes are expected");
  }
  return Corruption("coder " + std::string(CoderName(coder)) + " has " +
                    std::to_string(encoded.size()) + " bytes for a plane of " +
                    std::to_string(out.size()));
}

}  // namespace ingot
