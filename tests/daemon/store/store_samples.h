// Uploads that prove themselves: the bytes of one follow from a number.

#ifndef INGOT_TESTS_DAEMON_STORE_STORE_SAMPLES_H_
#define INGOT_TESTS_DAEMON_STORE_STORE_SAMPLES_H_

#include <cstdint>
#include <memory>
#include <string>
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

// Options for a store in `folder` on disk: the index is there, too.
StoreOptions FolderOptions(const std::string& folder);

// A failure unless `digest` is staged with exactly `bytes`, for each way to
// read them.
void ExpectStaged(const Staging& staging, ByteSpan bytes);

// A failure unless the files in the folder of staged uploads are those that
// are staged.
void ExpectNoOtherFiles(const Storage& storage, const Staging& staging);

// A failure unless the index in `folder`, which nobody has open, is what the
// journal makes anew.
void ExpectIndexIsTheJournals(const Storage& storage,
                              const std::string& folder);

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_STORE_SAMPLES_H_
