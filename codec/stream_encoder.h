// StreamEncoder: writes a container from files that arrive in pieces.
//
//   auto encoder = StreamEncoder::Create(sink, options);
//   encoder->BeginFile({.path = "model.safetensors", .format = "safetensors"});
//   for (each region of the file, in order) {
//     encoder->BeginRegion({view, element_dtype, columns});
//     encoder->Write(bytes);          // any number of times
//     encoder->EndRegion();
//   }
//   encoder->EndFile();
//   encoder->Finish();                // then sink->Commit()
//
// A region is a tensor or opaque bytes; its length need not be known before.
// Small regions become literals, others objects; an object that the container
// already holds becomes a reference where the sink can rewind. Regions that
// resemble objects elsewhere are predicted from those (RegionInfo::bases), and
// a region that equals its base becomes a reference to it. Digests of objects
// and files are computed beside the coding. Memory: two groups of at most
// 32 MiB, three with bases, and a few blocks for each thread, whatever the
// file's size.
//
// Thread-safety: one thread at a time. After an error the container is lost.

#ifndef INGOT_CODEC_STREAM_ENCODER_H_
#define INGOT_CODEC_STREAM_ENCODER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/manifest.h"
#include "codec/options.h"
#include "codec/result.h"
#include "codec/sink.h"
#include "codec/tensor_view.h"

namespace ingot {

// Elements of an object elsewhere that resemble those of a region.
struct RegionBase {
  ObjectId object;  // its bytes, just these, must be what the source answers
  uint64_t first_element = 0;  // in the object, in elements of the region
  uint64_t elements = 0;       // of the region, from where the last base ended
  unsigned depth = 0;          // of the object; below kMaxDepth
};

struct RegionInfo {
  std::optional<TensorView> view;
  // How to code the bytes: kBytes for opaque ones. Not C64, F4 or F6, which
  // are coded as F32 and kBytes.
  DType element_dtype = DType::kBytes;
  // Elements of a row; rows and columns may have scales of their own.
  uint64_t columns = 1;
  // Elements of a block, at most as many as one would have without; 0: as
  // columns and dtype have it.
  uint64_t block_elements = 0;
  // What the region may be predicted from, read through
  // EncodeOptions::references. May cover less than the region, or more.
  std::vector<RegionBase> bases = {};
};

// How many elements a block of such a region has where block_elements is 0.
uint64_t BlockElements(DType element_dtype, uint64_t columns);

// Longest opaque region: longer ones are cut by the caller, so that an object
// of opaque bytes stays small enough to be moved as one.
inline constexpr uint64_t kMaxOpaqueRegion = uint64_t{64} << 20;

class StreamEncoder {
 public:
  // `sink` must be empty and outlive the encoder. kInvalidArgument for a
  // level outside 1..9 or an INGOT_KERNEL that this machine lacks.
  static Result<std::unique_ptr<StreamEncoder>> Create(
      Sink* sink, const EncodeOptions& options);
  ~StreamEncoder();

  Status BeginFile(const FileInfo& info);
  // kInvalidArgument for bases of depth kMaxDepth or more, for ones beyond the
  // end of their objects, and for any without EncodeOptions::references.
  Status BeginRegion(const RegionInfo& region);
  Status Write(ByteSpan bytes);
  // The same without a copy: fill some of Reserve()'s bytes (never empty),
  // then Commit how many.
  Result<MutableByteSpan> Reserve();
  Status Commit(size_t size);
  Status EndRegion();
  // An object that this container or others hold takes the place of a region.
  // Its bytes are not seen, so the caller must tell EndFile the file's address.
  Status ReferenceOutside(const std::optional<TensorView>& view,
                          const ObjectId& id);
  // `note`: why the file is opaque, if it should not be. Returns the file's
  // address, which is `id` where that is given. kInvalidArgument where it is
  // missing after ReferenceOutside, or where its length is another.
  Result<ObjectId> EndFile(const std::string& note = "",
                           const std::optional<ObjectId>& id = std::nullopt);

  // Objects elsewhere to which the container refers so far, in no order that
  // matters: bases that were of use.
  std::vector<Digest> outside_objects() const;
  // Says that objects which this container refers to are part of a file, last
  // seen under that name: a hint for people and for whoever looks for it. Equal
  // ones are kept once.
  Status AddBaseFile(const BaseFile& file);
  // Lets a tensor be restored by who has parts of it only. kInvalidArgument
  // unless the digests are as many as there are parts; that they are right, and
  // the tensor coded as codec/FORMAT.md asks for, is the caller's affair.
  Status AddParts(TensorParts parts);

  // Writes index and footer.
  Status Finish();

  // Bytes written to the sink so far.
  uint64_t encoded_bytes() const;

 private:
  class Impl;
  explicit StreamEncoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_STREAM_ENCODER_H_
