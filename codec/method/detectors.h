// Detectors: a cheap look at a group for what planes of floats would miss.
//
// The answer is a guess from samples that tells which transforms are worth
// trying on its blocks; those prove themselves (codec/method/transform.h).
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_METHOD_DETECTORS_H_
#define INGOT_CODEC_METHOD_DETECTORS_H_

#include <cstdint>

#include "codec/method/group_data.h"
#include "codec/selection.h"

namespace ingot {

struct Detections {
  bool palette = false;   // few distinct values
  bool integers = false;  // floats that are integers
  bool sparse = false;    // many zeros among floats
  bool rows = false;      // many rows of floats repeat others
  uint32_t span = 0;      // neighbours that share a scale; 0: no such scales
};

// REQUIRES: the group is not empty. What was found and what was not is told to
// `trace`, if there is one.
Detections DetectStructure(const GroupData& group, Attempts* trace = nullptr);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_DETECTORS_H_
