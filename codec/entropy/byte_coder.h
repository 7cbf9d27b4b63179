// Byte coders: store, constant, packed, zstd and lzma for planes, literals and
// integers that are not modelled otherwise (codec/FORMAT.md, section 4).
//
// Thread-safety: functions without shared state; each thread keeps its own
// compression contexts.

#ifndef INGOT_CODEC_ENTROPY_BYTE_CODER_H_
#define INGOT_CODEC_ENTROPY_BYTE_CODER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"

namespace ingot {

// Numbers of the format. kTiered, kHuffman, kRans and kCm are no byte coders: they
// need a group's side data (codec/method/float_method.h, modelled_method.h).
enum class Coder : uint8_t {
  kStore = 0,
  kConstant = 1,
  kZstd = 2,
  kLzma = 3,
  kTiered = 4,
  kHuffman = 5,
  kRans = 6,
  kCm = 7,
  kPacked = 8,   // small bytes in fields of fewer bits
  kCmBytes = 9,  // adaptive trees
};
// False for numbers that no coder has.
bool IsCoder(uint8_t number);
std::string_view CoderName(Coder coder);
// Coders of joined exponents (codec/method/joined_side.h).
constexpr bool IsJoined(Coder coder) {
  return coder == Coder::kHuffman || coder == Coder::kRans;
}
constexpr bool NeedsSideData(Coder coder) {
  return coder == Coder::kTiered || IsJoined(coder);
}

// How hard to try, from an encoder's level.
struct ByteEffort {
  int zstd_level;
  bool try_lzma;
  bool try_packed = false;
  bool try_models = false;  // cm-bytes
};
// For literals and sections.
ByteEffort EffortForLevel(int level);
// For planes, whose coders include kPacked and kCmBytes.
ByteEffort PlaneEffortForLevel(int level);
// For planes of floats with their bits in their places: they have hardly any
// repeats, and the default level must not look for them for long.
ByteEffort FloatPlaneEffortForLevel(int level);

// The smallest encoding of `raw` that the effort allows: appends it to
// `*encoded` and says with which coder. Data whose sample shows no gain is
// stored without trying.
Coder EncodeBytes(ByteSpan raw, const ByteEffort& effort,
                  std::vector<std::byte>* encoded);

// True where all bytes are equal (also for empty input).
bool IsConstant(ByteSpan raw);

// Order-0 entropy of a sample of `raw` in bits per byte.
double SampledEntropy(ByteSpan raw);

// True where a sample says that byte coders will not shrink `raw`.
bool LooksLikeNoise(ByteSpan raw);

// Restores exactly out.size() bytes. Corruption where `encoded` restores
// anything else; messages have no context, callers add it.
Status DecodeBytes(Coder coder, ByteSpan encoded, MutableByteSpan out);

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_BYTE_CODER_H_
