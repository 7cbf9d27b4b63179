// SelectionExplainer: runs the encoder's choice of methods on a tensor again
// and tells what it tried (codec/selection.h). A container holds winners only.
//
//   SelectionExplainer explainer(spec, level);
//   for (pieces of the tensor, in order) explainer.Write(piece);
//   Result<Selection> selection = explainer.Finish();
//
// It costs what encoding costs, on one thread; memory for one group, at most
// 64 MiB, and an encoded block.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_CODEC_EXPLAIN_H_
#define INGOT_CODEC_EXPLAIN_H_

#include <memory>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/selection.h"
#include "codec/tensor_codec.h"

namespace ingot {

class SelectionExplainer {
 public:
  // `level` as in EncodeOptions.
  SelectionExplainer(const TensorSpec& spec, int level);
  ~SelectionExplainer();

  // Pieces may end anywhere; kInvalidArgument for a `spec` that TensorEncoder
  // would refuse.
  Status Write(ByteSpan raw);
  // kInvalidArgument where the bytes are not whole elements.
  Result<Selection> Finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_EXPLAIN_H_
