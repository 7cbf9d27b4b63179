// Measures where encoded bytes go, from record and block headers alone: no
// payload is read.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_CONTAINER_STATISTICS_H_
#define INGOT_CODEC_CONTAINER_STATISTICS_H_

#include "codec/container/index.h"
#include "codec/result.h"
#include "codec/source.h"
#include "codec/statistics.h"

namespace ingot {

Result<ObjectStatistics> MeasureObject(const Source& source,
                                       const ObjectEntry& object);

Result<ContainerStatistics> MeasureContainer(const Source& source,
                                             uint64_t index_position,
                                             const Index& index);

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_STATISTICS_H_
