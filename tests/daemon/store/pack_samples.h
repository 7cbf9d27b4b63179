// Packs that prove themselves: models whose tensors follow from numbers, and a
// reader that finds what they need in the store's packs.

#ifndef INGOT_TESTS_DAEMON_STORE_PACK_SAMPLES_H_
#define INGOT_TESTS_DAEMON_STORE_PACK_SAMPLES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/bytes.h"
#include "codec/manifest.h"
#include "codec/reference_source.h"
#include "daemon/store/packs.h"

namespace ingot::store {

// Made once. Tensors with the same `number / 16` are fine-tunes of each other:
// few of their elements differ.
const std::vector<std::byte>& SampleTensor(uint64_t number);
const Digest& SampleDigest(uint64_t number);

struct SampleEntry {
  uint64_t tensor = 0;
  // What it is coded against; nothing: by itself.
  std::optional<uint64_t> base = {};
  unsigned base_depth = 0;
  bool outside = false;  // another pack holds it
};

// A file with a few literal bytes and then its tensors.
struct SampleModel {
  std::vector<SampleEntry> entries;
  std::vector<std::byte> Bytes() const;
};

// What a pack must hold that has been written of such models, in the record's
// order, provided that all bases were of use.
PackContents ExpectedContents(const std::vector<SampleModel>& models);

// Writes a pack of them to a sink.
Status EncodeModels(const std::vector<SampleModel>& models, Sink* sink);
// The same, as a pack of the store.
Result<PackInfo> PackModels(Packs* packs,
                            const std::vector<SampleModel>& models);

// Reads objects from whatever pack holds them.
class PackReferences final : public ReferenceSource {
 public:
  explicit PackReferences(const Packs* packs, unsigned limit = kMaxDepth + 1)
      : packs_(packs), limit_(limit) {}
  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override;

 private:
  const Packs* const packs_;
  const unsigned limit_;
};

// A failure unless the packs restore the model's bytes.
void ExpectPacked(const Packs& packs, const SampleModel& model);

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_PACK_SAMPLES_H_
