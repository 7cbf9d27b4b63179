#include "codec/entropy/byte_coder.h"

#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "codec/base/fixed_log2.h"

namespace ingot {
namespace {

struct FreeCCtx {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDCtx {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Smallest gain that pays for a second pass over the data when decoding.
constexpr double kWorthwhile = 0.985;

// Bits per byte from which on a sample of a plane looks like noise.
constexpr double kNoiseEntropy = 7.5;

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
  const size_t size =
      ZSTD_compressCCtx(context.get(), encoded->data() + start, bound,
                        raw.data(), raw.size(), level);
  const bool smaller = !ZSTD_isError(size) && size < limit;
  encoded->resize(start + (smaller ? size : 0));
  return smaller;
}

bool AppendLzma(ByteSpan raw, size_t limit, std::vector<std::byte>* encoded) {
  const size_t start = encoded->size();
  encoded->resize(start + limit);
  size_t size = 0;
  // CRC32 is the lightest check of .xz; the container has its own.
  const lzma_ret result = lzma_easy_buffer_encode(
      6, LZMA_CHECK_CRC32, nullptr, AsU8(raw.data()), raw.size(),
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

}  // namespace

std::string_view CoderName(Coder coder) {
  constexpr std::array<std::string_view, kCoderCount> kNames = {
      "store", "constant", "zstd", "lzma", "tiered", "huffman",
      "rans"};
  return kNames[static_cast<size_t>(coder)];
}

ByteEffort EffortForLevel(int level) {
  switch (level) {
    case 1:
      return {1, false};
    case 2:
      return {3, false};
    case 3:
      return {12, false};
    default:
      return {19, true};
  }
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
  size_t best = static_cast<size_t>(static_cast<double>(raw.size()) *
                                    kWorthwhile);
  // Order-0 entropy near 8 bits can still hide repeats, which one fast pass
  // over a piece finds.
  bool promising = SampledEntropy(raw) < 7.8;
  if (!promising) {
    const ByteSpan piece =
        raw.subspan(raw.size() / 2 - std::min<size_t>(raw.size() / 2, 32768),
                    std::min<size_t>(raw.size(), 65536));
    promising = AppendZstd(piece, 1, piece.size() * 19 / 20, encoded);
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
    }
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
    case Coder::kTiered:
    case Coder::kHuffman:
    case Coder::kRans:
      return Corruption("coder " + std::string(CoderName(coder)) +
                        " where bytes are expected");
  }
  return Corruption("coder " + std::string(CoderName(coder)) + " has " +
                    std::to_string(encoded.size()) + " bytes for a plane of " +
                    std::to_string(out.size()));
}

}  // namespace ingot
