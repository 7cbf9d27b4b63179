#include "bench/delta_peers.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ingot {
namespace {

constexpr int kLevel = 19;

class ZstdDelta : public Contender {
 public:
  ZstdDelta(std::string name, ByteSpan base)
      : Contender(std::move(name)),
        base_(base),
        encoder_(ZSTD_createCCtx(), ZSTD_freeCCtx),
        decoder_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    ZSTD_CCtx_setParameter(encoder_.get(), ZSTD_c_compressionLevel, kLevel);
  }

 protected:
  ByteSpan base() const { return base_; }
  ZSTD_CCtx* encoder() { return encoder_.get(); }
  ZSTD_DCtx* decoder() { return decoder_.get(); }

  Result<size_t> Compress(const DataSet& data, ByteSpan from,
                          MutableByteSpan to) {
    return Check(data, ZSTD_compress2(encoder(), to.data(), to.size(),
                                      from.data(), from.size()));
  }
  Status Decompress(const DataSet& data, ByteSpan from, MutableByteSpan to) {
    const Result<size_t> size =
        Check(data, ZSTD_decompressDCtx(decoder(), to.data(), to.size(),
                                        from.data(), from.size()));
    if (!size.ok()) return size.error();
    return {};
  }

 private:
  Result<size_t> Check(const DataSet& data, size_t result) const {
    if (!ZSTD_isError(result)) return result;
    return Corruption(data.name + ": " + name() + ": " +
                      ZSTD_getErrorName(result));
  }

  const ByteSpan base_;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> encoder_;
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> decoder_;
};

class ZstdPatch final : public ZstdDelta {
 public:
  explicit ZstdPatch(ByteSpan base) : ZstdDelta("zstd-19 --patch-from", base) {}

  size_t MaxEncodedBytes(const DataSet& data) const override {
    return ZSTD_compressBound(data.bytes().size());
  }
  Result<size_t> Encode(const DataSet& data, MutableByteSpan out) override {
    ZSTD_CCtx_setParameter(encoder(), ZSTD_c_windowLog, WindowLog(data));
    std::vector<std::byte> other(out.size());
    INGOT_ASSIGN(const size_t plain, EncodeOnce(data, false, out));
    INGOT_ASSIGN(const size_t long_distance, EncodeOnce(data, true, other));
    if (plain <= long_distance) return plain;
    std::copy_n(other.begin(), long_distance, out.begin());
    return long_distance;
  }
  Status Decode(const DataSet& data, ByteSpan encoded,
                MutableByteSpan out) override {
    ZSTD_DCtx_setParameter(decoder(), ZSTD_d_windowLogMax, WindowLog(data));
    ZSTD_DCtx_refPrefix(decoder(), base().data(), base().size());
    return Decompress(data, encoded, out);
  }

 private:
  int WindowLog(const DataSet& data) const {
    const auto log =
        static_cast<int>(std::bit_width(base().size() + data.bytes().size()));
    const ZSTD_bounds bounds = ZSTD_cParam_getBounds(ZSTD_c_windowLog);
    return std::clamp(log, bounds.lowerBound, bounds.upperBound);
  }
  Result<size_t> EncodeOnce(const DataSet& data, bool long_distance,
                            MutableByteSpan out) {
    ZSTD_CCtx_setParameter(encoder(), ZSTD_c_enableLongDistanceMatching,
                           long_distance ? 1 : 0);
    ZSTD_CCtx_refPrefix(encoder(), base().data(), base().size());
    return Compress(data, data.bytes(), out);
  }
};

class XorZstd final : public ZstdDelta {
 public:
  explicit XorZstd(ByteSpan base) : ZstdDelta("xor + zstd-19", base) {}

  size_t MaxEncodedBytes(const DataSet& data) const override {
    return kHeaderBytes + kMaxPlanes + ZSTD_compressBound(data.bytes().size()) +
           kMaxPlanes * ZSTD_compressBound(0);
  }
  Result<size_t> Encode(const DataSet& data, MutableByteSpan out) override {
    std::vector<std::byte> other(out.size());
    INGOT_ASSIGN(const size_t plain, EncodePlanes(data, 1, out));
    INGOT_ASSIGN(const size_t planes, EncodePlanes(data, Planes(data), other));
    if (plain <= planes) return plain;
    std::copy_n(other.begin(), planes, out.begin());
    return planes;
  }
  Status Decode(const DataSet& data, ByteSpan encoded,
                MutableByteSpan out) override {
    // Frames behind each other are one stream of planes behind each other.
    std::vector<std::byte> planes(out.size());
    INGOT_TRY(Decompress(data, encoded.subspan(kHeaderBytes), planes));
    const auto count = static_cast<size_t>(encoded[0]);
    size_t next = 0;
    for (size_t plane = 0; plane < count; ++plane) {
      for (size_t i = plane; i < out.size(); i += count) {
        out[i] = planes[next++] ^ base()[i];
      }
    }
    return {};
  }

 private:
  static constexpr size_t kHeaderBytes = 1;  // the number of planes
  static constexpr size_t kMaxPlanes = 8;

  static size_t Planes(const DataSet& data) {
    return std::clamp<size_t>(CodedBytes(data.dtype), 1, kMaxPlanes);
  }
  Result<size_t> EncodePlanes(const DataSet& data, size_t count,
                              MutableByteSpan out) {
    const ByteSpan bytes = data.bytes();
    out[0] = static_cast<std::byte>(count);
    size_t size = kHeaderBytes;
    std::vector<std::byte> plane;
    for (size_t first = 0; first < count; ++first) {
      plane.clear();
      for (size_t i = first; i < bytes.size(); i += count) {
        plane.push_back(bytes[i] ^ base()[i]);
      }
      INGOT_ASSIGN(const size_t more, Compress(data, plane, out.subspan(size)));
      size += more;
    }
    return size;
  }
};

}  // namespace

std::unique_ptr<Contender> MakeZstdPatch(ByteSpan base) {
  return std::make_unique<ZstdPatch>(base);
}

std::unique_ptr<Contender> MakeXorZstd(ByteSpan base) {
  return std::make_unique<XorZstd>(base);
}

}  // namespace ingot
