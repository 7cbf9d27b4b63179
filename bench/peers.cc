#include <blosc.h>
#include <lz4.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/contender.h"

namespace ingot {
namespace {

Error Failed(const Contender& contender, const DataSet& data,
             std::string_view what) {
  return Corruption(data.name + ": " + contender.name() + ": " +
                    std::string(what));
}

size_t ElementBytes(const DataSet& data) {
  return std::max<size_t>(CodedBytes(data.dtype), 1);
}

class Zstd : public Contender {
 public:
  Zstd(std::string name, int level)
      : Contender(std::move(name)),
        encoder_(ZSTD_createCCtx(), ZSTD_freeCCtx),
        decoder_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    ZSTD_CCtx_setParameter(encoder_.get(), ZSTD_c_compressionLevel, level);
  }

  size_t MaxEncodedBytes(const DataSet& data) const override {
    return ZSTD_compressBound(data.bytes().size());
  }
  Result<size_t> Encode(const DataSet& data, MutableByteSpan out) override {
    return Compress(data, data.bytes(), out);
  }
  Status Decode(const DataSet& data, ByteSpan encoded,
                MutableByteSpan out) override {
    return Decompress(data, encoded, out);
  }

 protected:
  ZSTD_CCtx* encoder() { return encoder_.get(); }

  Result<size_t> Compress(const DataSet& data, ByteSpan from,
                          MutableByteSpan out) {
    const size_t size = ZSTD_compress2(encoder_.get(), out.data(), out.size(),
                                       from.data(), from.size());
    if (ZSTD_isError(size)) {
      return Failed(*this, data, ZSTD_getErrorName(size));
    }
    return size;
  }
  Status Decompress(const DataSet& data, ByteSpan encoded,
                    MutableByteSpan out) {
    const size_t size = ZSTD_decompressDCtx(
        decoder_.get(), out.data(), out.size(), encoded.data(), encoded.size());
    if (ZSTD_isError(size)) {
      return Failed(*this, data, ZSTD_getErrorName(size));
    }
    return {};
  }

 private:
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> encoder_;
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> decoder_;
};

class Xz final : public Contender {
 public:
  explicit Xz(uint32_t preset)
      : Contender("xz-" + std::to_string(preset)), preset_(preset) {}

  size_t MaxEncodedBytes(const DataSet& data) const override {
    return lzma_stream_buffer_bound(data.bytes().size());
  }
  Result<size_t> Encode(const DataSet& data, MutableByteSpan out) override {
    size_t size = 0;
    if (lzma_easy_buffer_encode(preset_, LZMA_CHECK_CRC64, nullptr,
                                AsU8(data.bytes().data()), data.bytes().size(),
                                AsU8(out.data()), &size,
                                out.size()) != LZMA_OK) {
      return Failed(*this, data, "encoding failed");
    }
    return size;
  }
  Status Decode(const DataSet& data, ByteSpan encoded,
                MutableByteSpan out) override {
    uint64_t limit = UINT64_MAX;
    size_t from = 0;
    size_t to = 0;
    if (lzma_stream_buffer_decode(&limit, 0, nullptr, AsU8(encoded.data()),
                                  &from, encoded.size(), AsU8(out.data()), &to,
                                  out.size()) != LZMA_OK) {
      return Failed(*this, data, "decoding failed");
    }
    return {};
  }

 private:
  const uint32_t preset_;
};

class Lz4 final : public Contender {
 public:
  Lz4() : Contender("lz4") {}

  size_t MaxEncodedBytes(const DataSet& data) const override {
    return LZ4_COMPRESSBOUND(data.bytes().size());
  }
  Result<size_t> Encode(const DataSet& data, MutableByteSpan out) override {
    const int size = LZ4_compress_default(
        reinterpret_cast<const char*>(data.bytes().data()),
        reinterpret_cast<char*>(out.data()),
        static_cast<int>(data.bytes().size()), static_cast<int>(out.size()));
    if (size <= 0) return Failed(*this, data, "encoding failed");
    return static_cast<size_t>(size);
  }
  Status Decode(const DataSet& data, ByteSpan encoded,
                MutableByteSpan out) override {
    const int size = LZ4_decompress_safe(
        reinterpret_cast<const char*>(encoded.data()),
        reinterpret_cast<char*>(out.data()), static_cast<int>(encoded.size()),
        static_cast<int>(out.size()));
    if (size < 0) return Failed(*this, data, "decoding failed");
    return {};
  }
};

class Blosc final : public Contender {
 public:
  Blosc(std::string coder, int level, int shuffle)
      : Contender("blosc-" + coder + "-" + std::to_string(level) +
                  (shuffle == BLOSC_SHUFFLE ? "+shuffle" : "+bitshuffle")),
        coder_(std::move(coder)),
        level_(level),
        shuffle_(shuffle) {}

  size_t MaxEncodedBytes(const DataSet& data) const override {
    return data.bytes().size() + BLOSC_MAX_OVERHEAD;
  }
  Result<size_t> Encode(const DataSet& data, MutableByteSpan out) override {
    const int size = blosc_compress_ctx(
        level_, shuffle_, ElementBytes(data), data.bytes().size(),
        data.bytes().data(), out.data(), out.size(), coder_.c_str(), 0, 1);
    if (size <= 0) return Failed(*this, data, "encoding failed");
    return static_cast<size_t>(size);
  }
  Status Decode(const DataSet& data, ByteSpan encoded,
                MutableByteSpan out) override {
    if (blosc_decompress_ctx(encoded.data(), out.data(), out.size(), 1) < 0) {
      return Failed(*this, data, "decoding failed");
    }
    return {};
  }

 private:
  const std::string coder_;
  const int level_;
  const int shuffle_;
};

// The exponent, as far as it fits the top byte, of every element to zstd's
// Huffman coder, without matches; the other bytes as they are. No library
// offers this; it is what one gets by joining parts, and the best of peers.
class HuffmanPlane final : public Zstd {
 public:
  HuffmanPlane() : Zstd("planes+huffman", ZSTD_minCLevel()) {
    // Whatever keeps zstd from finding matches, which cost more than they
    // save here. Negative levels leave literals as they are unless
    // ZSTD_c_literalCompressionMode (under its stable name) says always (1).
    ZSTD_CCtx_setParameter(encoder(), ZSTD_c_minMatch, 7);
    ZSTD_CCtx_setParameter(encoder(), ZSTD_c_experimentalParam5, 1);
  }

  size_t MaxEncodedBytes(const DataSet& data) const override {
    const size_t chunks = data.bytes().size() / ElementBytes(data) / kChunk + 1;
    return data.bytes().size() +
           chunks * (sizeof(uint32_t) + ZSTD_compressBound(kChunk));
  }
  Result<size_t> Encode(const DataSet& data, MutableByteSpan out) override {
    switch (data.dtype) {
      case DType::kBf16:
        return Split<uint16_t, 1>(data, out);
      case DType::kF16:
        return Split<uint16_t, 0>(data, out);
      case DType::kF32:
        return Split<uint32_t, 1>(data, out);
      case DType::kF8E4m3:
        return Split<uint8_t, 0>(data, out);
      default:
        return Failed(*this, data, "its dtype is not known");
    }
  }
  Status Decode(const DataSet& data, ByteSpan encoded,
                MutableByteSpan out) override {
    switch (data.dtype) {
      case DType::kBf16:
        return Join<uint16_t, 1>(data, encoded, out);
      case DType::kF16:
        return Join<uint16_t, 0>(data, encoded, out);
      case DType::kF32:
        return Join<uint32_t, 1>(data, encoded, out);
      case DType::kF8E4m3:
        return Join<uint8_t, 0>(data, encoded, out);
      default:
        return Failed(*this, data, "its dtype is not known");
    }
  }

 private:
  static constexpr size_t kChunk = size_t{128} << 10;  // elements; a zstd block

  // kRotation: the sign goes below the mantissa where that makes the exponent
  // a byte.
  template <typename T, int kRotation>
  Result<size_t> Split(const DataSet& data, MutableByteSpan out) {
    const size_t count = data.bytes().size() / sizeof(T);
    size_t size = 0;
    top_.resize(kChunk);
    for (size_t begin = 0; begin < count; begin += kChunk) {
      const size_t n = std::min(kChunk, count - begin);
      const std::byte* const from = data.bytes().data() + begin * sizeof(T);
      std::byte* const length = out.data() + size;
      std::byte* const rest = length + sizeof(uint32_t);
      std::byte* const top = top_.data();
      for (size_t i = 0; i < n; ++i) {
        const T value =
            std::rotl(LoadLittleEndian<T>(from + i * sizeof(T)), kRotation);
        top[i] = static_cast<std::byte>(value >> (8 * sizeof(T) - 8));
        for (size_t b = 0; b + 1 < sizeof(T); ++b) {
          rest[b * n + i] = static_cast<std::byte>(value >> (8 * b));
        }
      }
      size += sizeof(uint32_t) + n * (sizeof(T) - 1);
      INGOT_ASSIGN(const size_t coded,
                   Compress(data, {top_.data(), n}, out.subspan(size)));
      StoreLittleEndian(length, static_cast<uint32_t>(coded));
      size += coded;
    }
    return size;
  }

  template <typename T, int kRotation>
  Status Join(const DataSet& data, ByteSpan encoded, MutableByteSpan out) {
    const size_t count = out.size() / sizeof(T);
    top_.resize(kChunk);
    size_t position = 0;
    for (size_t begin = 0; begin < count; begin += kChunk) {
      const size_t n = std::min(kChunk, count - begin);
      const size_t coded = LoadLittleEndian<uint32_t>(&encoded[position]);
      const std::byte* const rest = &encoded[position] + sizeof(uint32_t);
      position += sizeof(uint32_t) + n * (sizeof(T) - 1);
      INGOT_TRY(
          Decompress(data, encoded.subspan(position, coded), {top_.data(), n}));
      position += coded;
      std::byte* const to = out.data() + begin * sizeof(T);
      const std::byte* const top = top_.data();
      for (size_t i = 0; i < n; ++i) {
        T value = static_cast<T>(static_cast<T>(top[i]) << (8 * sizeof(T) - 8));
        for (size_t b = 0; b + 1 < sizeof(T); ++b) {
          value |= static_cast<T>(static_cast<T>(rest[b * n + i]) << (8 * b));
        }
        StoreLittleEndian(to + i * sizeof(T), std::rotr(value, kRotation));
      }
    }
    return {};
  }

  std::vector<std::byte> top_;
};

}  // namespace

std::vector<Peer> MakePeers() {
  std::vector<Peer> peers;
  const auto add = [&peers](std::unique_ptr<Contender> contender,
                            bool slow = false, bool tensors_only = false) {
    peers.push_back({std::move(contender), slow, tensors_only});
  };
  for (const int level : {1, 3, 19}) {
    add(std::make_unique<Zstd>("zstd-" + std::to_string(level), level),
        level == 19);
  }
  add(std::make_unique<Xz>(9), true);
  add(std::make_unique<Lz4>());
  for (const int shuffle : {BLOSC_SHUFFLE, BLOSC_BITSHUFFLE}) {
    add(std::make_unique<Blosc>("lz4", 5, shuffle));
    add(std::make_unique<Blosc>("zstd", 5, shuffle));
  }
  add(std::make_unique<Blosc>("zstd", 9, BLOSC_SHUFFLE), true);
  add(std::make_unique<HuffmanPlane>(), false, true);
  return peers;
}

std::string PeerVersions() {
  return std::string("zstd ") + ZSTD_versionString() + ", liblzma " +
         lzma_version_string() + ", lz4 " + LZ4_versionString() + ", c-blosc " +
         blosc_get_version_string();
}

}  // namespace ingot
