#include "codec/method/remainder_plane.h"

#include <string>

#include "codec/method/kernels.h"

namespace ingot {

PlaneHeader EncodeRemainder(int level, std::vector<std::byte>* coded,
                            ByteSpan* plane) {
  PlaneHeader header;
  if (!LooksLikeNoise(*plane)) {
    coded->clear();
    header.coder = EncodeBytes(*plane, FloatPlaneEffortForLevel(level), coded);
    if (header.coder != Coder::kStore) *plane = *coded;
  }
  header.length = static_cast<uint32_t>(plane->size());
  return header;
}

Result<const uint8_t*> MaterialisePlane(const PlaneHeader& header,
                                        const std::byte* encoded,
                                        size_t raw_bytes,
                                        AlignedBuffer* scratch) {
  const ByteSpan bytes(encoded, header.length);
  if (header.coder == Coder::kStore) {
    if (header.length != raw_bytes) {
      return Corruption("plane of " + std::to_string(header.length) +
                        " bytes, expected " + std::to_string(raw_bytes));
    }
    return AsU8(encoded);
  }
  INGOT_TRY(scratch->Resize(raw_bytes + kKernelSlack));
  INGOT_TRY(DecodeBytes(header.coder, bytes, scratch->span().first(raw_bytes)));
  return AsU8(scratch->data());
}

}  // namespace ingot
