// MakePatch.

#include <algorithm>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "codec/digest.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "codec/stream_encoder.h"
#include "formats/base_models.h"
#include "formats/layout.h"
#include "tools/hash_parts.h"
#include "tools/input_tree.h"
#include "tools/output_folder.h"
#include "tools/patch.h"
#include "tools/progress.h"

namespace ingot {
namespace {

// How many times smaller than others a tensor's blocks may be for shards.
constexpr uint64_t kMaxSmaller = 64;

uint64_t LargestDivisor(uint64_t n, uint64_t limit) {
  for (uint64_t d = std::min(n, limit); d > 1; --d) {
    if (n % d == 0) return d;
  }
  return 1;
}

// Elements of the parts of a tensor of `rows` rows along its first dimension:
// the largest up to `cap` that end where shards do, whole columns if they can.
// 0 where they would be tiny.
uint64_t PartElements(uint64_t rows, uint64_t row_elements, uint64_t columns,
                      uint64_t cap, uint64_t shards) {
  const uint64_t shard = rows / std::gcd(rows, shards) * row_elements;
  if (shard <= cap) return shard;
  const uint64_t unit =
      columns <= cap && row_elements % columns == 0 ? columns : 1;
  const uint64_t part = LargestDivisor(shard / unit, cap / unit) * unit;
  return part >= cap / kMaxSmaller ? part : 0;
}

// A tensor that is coded against one of the base.
struct PlannedTensor {
  TensorParts parts;  // without digests
  uint64_t offset = 0;
};

class PatchMaker {
 public:
  explicit PatchMaker(const MakePatchOptions& options)
      : options_(options),
        bases_(
            {.raw = options.raw,
             .max_depth = 1,
             .threads = options.encode.threads,
             .folder =
                 std::filesystem::path(options.base).parent_path().string()}) {}

  Status Run();

 private:
  static Result<InputTree> OpenInput(const std::string& path);
  Status Encode(StreamEncoder* encoder);
  // Cuts the region's blocks for shards, where it is predicted by one object of
  // the same length.
  void Plan(const Region& region, RegionInfo* info);
  Status AddParts(const Source& target, StreamEncoder* encoder);

  const MakePatchOptions& options_;
  BaseModels bases_;
  InputTree base_;
  InputTree target_;
  std::vector<PlannedTensor> planned_;
  std::map<std::string, size_t> names_;  // how many tensors have it
};

Result<InputTree> PatchMaker::OpenInput(const std::string& path) {
  INGOT_ASSIGN(InputTree tree, ScanInput(path, {}));
  if (tree.is_folder) {
    return InvalidArgument(path + ": a folder, expected a file");
  }
  INGOT_ASSIGN(const std::unique_ptr<Source> source, OpenFileSource(path));
  INGOT_ASSIGN(const bool container, LooksLikeContainer(*source));
  if (container) {
    return InvalidArgument(path +
                           ": a container, expected a model file (ingot "
                           "decompress restores it)");
  }
  return tree;
}

void PatchMaker::Plan(const Region& region, RegionInfo* info) {
  ++names_[region.tensor ? region.tensor->name : ""];
  if (options_.shards == 0 || !region.tensor || info->bases.size() != 1) return;
  const RegionBase& base = info->bases[0];
  const std::vector<uint64_t>& shape = region.tensor->shape;
  if (base.first_element != 0 || base.object.length != region.length ||
      region.length == 0 || shape.empty() || region.length % shape[0] != 0) {
    return;
  }
  const uint64_t element_bytes = CodedBytes(region.element_dtype);
  const uint64_t row_bytes = region.length / shape[0];
  if (row_bytes % element_bytes != 0) return;
  const uint64_t part = PartElements(
      shape[0], row_bytes / element_bytes, region.columns,
      BlockElements(region.element_dtype, region.columns), options_.shards);
  if (part == 0) return;
  info->block_elements = part;
  planned_.push_back({.parts = {.name = region.tensor->name,
                                .base = base.object,
                                .part_bytes = part * element_bytes,
                                .parts = {}},
                      .offset = region.offset});
}

Status PatchMaker::AddParts(const Source& target, StreamEncoder* encoder) {
  for (PlannedTensor& tensor : planned_) {
    TensorParts& parts = tensor.parts;
    if (names_[parts.name] != 1) continue;
    std::vector<Digest> after;
    std::future<Status> hashing =
        std::async(std::launch::async, [&]() -> Status {
          INGOT_ASSIGN(after, HashParts(
                                  [&](uint64_t offset, MutableByteSpan out) {
                                    return target.ReadAt(tensor.offset + offset,
                                                         out);
                                  },
                                  parts.base.length, parts.part_bytes));
          return {};
        });
    Result<std::vector<Digest>> before = HashParts(
        [&](uint64_t offset, MutableByteSpan out) {
          return bases_.Read(parts.base.digest, offset, out);
        },
        parts.base.length, parts.part_bytes);
    INGOT_TRY(hashing.get());
    if (!before.ok()) return std::move(before).error();
    if (*before == after) continue;
    for (size_t i = 0; i < after.size(); ++i) {
      parts.parts.push_back({.base = (*before)[i], .tensor = after[i]});
    }
    INGOT_TRY(encoder->AddParts(std::move(parts)));
  }
  return {};
}

Status PatchMaker::Encode(StreamEncoder* encoder) {
  INGOT_ASSIGN(const BaseFile base, bases_.OnlyFile());
  INGOT_ASSIGN(const std::unique_ptr<Source> source,
               OpenFileSource(options_.target));
  INGOT_ASSIGN(const Layout layout, ChooseLayout(*source, options_.raw));
  Progress progress(options_.target, source->size(), options_.quiet);
  FileInfo info;
  info.path = target_.files[0].name;
  INGOT_TRY(EncodeFile(
      *source, layout, std::move(info), encoder,
      [&progress](uint64_t bytes) { progress.Add(bytes); }, &bases_,
      [this](const Region& region, RegionInfo* info) { Plan(region, info); }));
  INGOT_TRY(encoder->AddBaseFile(base));
  INGOT_TRY(AddParts(*source, encoder));
  INGOT_TRY(encoder->Finish());
  // Else digests and blocks might not belong together.
  INGOT_TRY(CheckUnchanged(base_));
  return CheckUnchanged(target_);
}

Status PatchMaker::Run() {
  INGOT_ASSIGN(base_, OpenInput(options_.base));
  INGOT_ASSIGN(target_, OpenInput(options_.target));
  const std::optional<FileIdentity> output = IdentityOf(options_.output);
  if (output && (*output == base_.files[0].identity ||
                 *output == target_.files[0].identity)) {
    return InvalidArgument(options_.output + ": is an input itself");
  }
  INGOT_TRY(bases_.Add(options_.base));
  INGOT_ASSIGN(const std::unique_ptr<Sink> sink,
               CreateOutputFile(options_.output,
                                {.overwrite = options_.force,
                                 .mode = target_.files[0].mode & 0666}));
  EncodeOptions encode = options_.encode;
  encode.references = &bases_;
  INGOT_ASSIGN(const std::unique_ptr<StreamEncoder> encoder,
               StreamEncoder::Create(sink.get(), encode));
  INGOT_TRY(Encode(encoder.get()));
  return sink->Commit();
}

}  // namespace

Status MakePatch(const MakePatchOptions& options) {
  return PatchMaker(options).Run();
}

}  // namespace ingot
