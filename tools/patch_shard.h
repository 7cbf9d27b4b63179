// ShardPatch: a patch for a file that holds some rows of some of its tensors.
//
//   auto shard = ShardPatch::Open("p.patch", "rank0.safetensors", tensors, 0);
//   if (*shard->IsNeeded()) shard->Write(consumer);   // the whole new shard
//
// Every part of the rows is compared by SHA-256 before (IsNeeded) and after
// (Write) with what the patch says of it; only blocks of the patch that hold
// the rows are read. What the shard holds besides stays as it is.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_TOOLS_PATCH_SHARD_H_
#define INGOT_TOOLS_PATCH_SHARD_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codec/container_reader.h"
#include "codec/reference_source.h"
#include "codec/result.h"
#include "codec/source.h"
#include "formats/layout.h"
#include "tools/patch.h"

namespace ingot {

class ShardPatch {
 public:
  static Result<std::unique_ptr<ShardPatch>> Open(
      const std::string& patch, const std::string& shard,
      std::span<const ShardTensor> tensors, int threads);

  // Whether a tensor is as it was before the patch. kConflict where one is
  // neither that nor as it is after it.
  Result<bool> IsNeeded();
  // All bytes of the new shard. REQUIRES: IsNeeded() has been asked.
  Status Write(const ByteConsumer& consumer);

 private:
  // Rows of a tensor, in the patch and in the shard.
  struct Part {
    std::string name;
    size_t segment = 0;                  // of the patch's file
    const TensorParts* parts = nullptr;  // null: none listed
    uint64_t begin = 0;                  // bytes, in the whole tensor
    uint64_t end = 0;
    uint64_t offset = 0;  // in the shard
    bool done = false;    // is as after the patch
  };

  // Answers for the base object of one part with the shard's own bytes.
  class OldRows final : public ReferenceSource {
   public:
    explicit OldRows(const Source* shard) : shard_(shard) {}
    void Choose(const Part* part) { part_ = part; }
    Status Read(const Digest& object, uint64_t offset,
                MutableByteSpan out) override;

   private:
    const Source* const shard_;
    const Part* part_ = nullptr;
  };

  ShardPatch(std::string name, std::unique_ptr<Source> shard)
      : name_(std::move(name)), shard_(std::move(shard)), old_(shard_.get()) {}

  // Of a part that the patch has no digests of, whether it changes nothing.
  Result<bool> IsUnchanged(const Segment& segment, const Part& part);
  Status Add(const Layout& layout, const ShardTensor& tensor);
  Status Copy(uint64_t begin, uint64_t end, const ByteConsumer& consumer) const;
  Status WriteRows(const Part& part, const ByteConsumer& consumer);
  std::string Describe(const Part& part) const;

  const std::string name_;  // of the shard
  const std::unique_ptr<Source> shard_;
  OldRows old_;
  std::unique_ptr<ContainerReader> patch_;
  std::vector<Part> parts_;  // in the shard's order
};

}  // namespace ingot

#endif  // INGOT_TOOLS_PATCH_SHARD_H_
