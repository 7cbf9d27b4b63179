// Codes runs: up to 65536 symbols that start from the same model.
//
// A run is an entry point: it needs nothing of the runs before it. Its
// elements go in turn to 1 or 4 lanes, range coders with a stream each that
// share the run's model: element i belongs to lane i mod lanes. A processor
// works on the lanes side by side, since neither waits for the other's
// arithmetic.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_ENTROPY_CM_RUN_CODER_H_
#define INGOT_CODEC_ENTROPY_CM_RUN_CODER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/entropy/cm/symbol_model.h"

namespace ingot {

inline constexpr unsigned kMinRunBits = 10;
inline constexpr unsigned kMaxRunBits = 16;
inline constexpr size_t kMaxRunElements = size_t{1} << kMaxRunBits;
// Streams are whole words.
inline constexpr unsigned kStreamWordBytes = 2;
inline constexpr unsigned kMaxLanes = 4;
// Bytes that a decoder may read behind the end of a stream.
inline constexpr size_t kRunSlack = 64;

struct RunInput {
  std::span<const uint8_t> classes;  // below kModelClasses
  const uint8_t* slots;
  const uint8_t* tops;
  const uint16_t* escapes;  // one for each element of kEscapeSlot, in order
};

struct EncodedRun {
  // Bytes of each lane's stream; the streams follow each other.
  std::array<uint32_t, kMaxLanes> lane_bytes{};
  std::vector<std::byte> streams;
};

// False where the streams would take more than 4 bytes for each element: no
// input for this coder. `*model` is the start on entry, anything on return.
// REQUIRES: 1..kMaxRunElements elements; lanes is 1 or kMaxLanes.
bool EncodeRun(const SymbolShape& shape, unsigned lanes, const RunInput& in,
               SymbolModel* model, EncodedRun* run);

struct RunOutput {
  uint8_t* slots;
  uint8_t* tops;
  std::vector<uint16_t>* escapes;  // appended to
};

// The inverse. False where the streams are not those of any run: one is not
// read to its end, or beyond it. kRunSlack bytes behind them are readable.
bool DecodeRun(const SymbolShape& shape, unsigned lanes,
               std::span<const uint8_t> classes, const uint8_t* streams,
               const std::array<uint32_t, kMaxLanes>& lane_bytes,
               SymbolModel* model, const RunOutput& out);

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_CM_RUN_CODER_H_
