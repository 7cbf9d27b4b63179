// Uploads that prove themselves: the bytes of one follow from a number.

#ifndef INGOT_TESTS_DAEMON_STORE_STORE_SAMPLES_H_
#define INGOT_TESTS_DAEMON_STORE_STORE_SAMPLES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/bytes.h"
#include "daemon/store/store.h"

namespace ingot::store {

// Up to about 5 kB, now and then none, now and then 300 kB.
std::vector<std::byte> SampleUpload(uint64_t number);

// Uploads `bytes` in pieces whose sizes follow from theirs.
Result<StagedRecord> StageBytes(Staging* staging, ByteSpan bytes);

// Opens a store; it must succeed.
std::unique_ptr<Store> OpenStore(Storage* storage, StoreOptions options = {});

// A failure unless `digest` is staged with exactly `bytes`, for each way to
// read them.
void ExpectStaged(const Staging& staging, ByteSpan bytes);

// A failure unless the files in the folder of staged uploads are those that
// are staged.
void ExpectNoOtherFiles(const Storage& storage, const Staging& staging);

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_STORE_SAMPLES_H_
