#include "tools/patch_shard.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "formats/encode_file.h"
#include "tools/hash_parts.h"

namespace ingot {
namespace {

// Formats in which a tensor's bytes may change without anything else.
constexpr std::array<std::string_view, 3> kPlainFormats = {"safetensors",
                                                           "gguf", "npy"};

std::string RowsText(const IndexRange& rows) {
  return std::to_string(rows.begin) + ":" + std::to_string(rows.end);
}

// The only thing in `range` that has a tensor view of that name.
template <typename Range, typename ViewOf>
Result<size_t> FindOnly(const Range& range, ViewOf view_of,
                        const std::string& file, const std::string& name) {
  std::optional<size_t> found;
  for (size_t i = 0; i < range.size(); ++i) {
    const std::optional<TensorView>& view = view_of(range[i]);
    if (!view || view->name != name) continue;
    if (found) {
      return InvalidArgument(file + ": several tensors '" + name + "'");
    }
    found = i;
  }
  if (found) return *found;
  return Error{ErrorKind::kNotFound, file + ": no tensor '" + name + "'"};
}

}  // namespace

Status ShardPatch::OldRows::Read(const Digest& object, uint64_t offset,
                                 MutableByteSpan out) {
  const bool known = part_ != nullptr && part_->parts != nullptr &&
                     part_->parts->base.digest == object;
  if (!known || offset < part_->begin || offset > part_->end ||
      out.size() > part_->end - offset) {
    return Error{ErrorKind::kNotFound, "the shard does not hold it"};
  }
  return shard_->ReadAt(part_->offset + (offset - part_->begin), out);
}

std::string ShardPatch::Describe(const Part& part) const {
  return name_ + ": tensor '" + part.name + "': ";
}

Result<bool> ShardPatch::IsUnchanged(const Segment& segment, const Part& part) {
  // What is outside is in the base.
  if (segment.kind != Segment::Kind::kLiteral) {
    return segment.kind == Segment::Kind::kOutside;
  }
  bool same = true;
  uint64_t at = part.offset;
  std::vector<std::byte> old;
  INGOT_TRY(patch_->ReadSegment(0, part.segment, part.begin, part.end,
                                [&](ByteSpan bytes) -> Status {
                                  old.resize(bytes.size());
                                  INGOT_TRY(shard_->ReadAt(at, old));
                                  same = same && std::ranges::equal(old, bytes);
                                  at += bytes.size();
                                  return {};
                                }));
  return same;
}

Status ShardPatch::Add(const Layout& layout, const ShardTensor& tensor) {
  const std::vector<Segment>& segments = patch_->files()[0].segments;
  INGOT_ASSIGN(const size_t segment_index,
               FindOnly(
                   segments,
                   [](const Segment& s) -> const std::optional<TensorView>& {
                     return s.view;
                   },
                   patch_->name(), tensor.name));
  INGOT_ASSIGN(const size_t region_index,
               FindOnly(
                   layout.regions(),
                   [](const Region& r) -> const std::optional<TensorView>& {
                     return r.tensor;
                   },
                   name_, tensor.name));
  const Segment& segment = segments[segment_index];
  const Region& region = layout.regions()[region_index];
  const TensorView& whole = *segment.view;
  const TensorView& own = *region.tensor;
  Part part{
      .name = tensor.name, .segment = segment_index, .offset = region.offset};
  if (whole.shape.empty() || whole.shape[0] == 0 ||
      segment.length % whole.shape[0] != 0) {
    return InvalidArgument(Describe(part) + "has no rows");
  }
  Result<IndexRange> rows =
      ClipToSize(tensor.rows, whole.shape[0], "rows of the tensor");
  if (!rows.ok()) {
    return WithContext(Describe(part), std::move(rows).error());
  }
  std::vector<uint64_t> expected = whole.shape;
  expected[0] = rows->end - rows->begin;
  if (own.dtype != whole.dtype || own.shape != expected) {
    return InvalidArgument(Describe(part) +
                           "does not have the dtype and shape "
                           "of rows " +
                           RowsText(*rows) + " of that in the patch");
  }
  const uint64_t row_bytes = segment.length / whole.shape[0];
  part.begin = rows->begin * row_bytes;
  part.end = rows->end * row_bytes;
  for (const TensorParts& parts : patch_->parts()) {
    if (parts.name == tensor.name) part.parts = &parts;
  }
  if (part.parts == nullptr) {
    INGOT_ASSIGN(part.done, IsUnchanged(segment, part));
    if (!part.done) {
      return Unsupported(Describe(part) +
                         "the patch has no digests of parts of it: it can be "
                         "applied to whole files only");
    }
  } else {
    if (part.parts->base.length != segment.length) {
      return Corruption(patch_->name() + ": parts of tensor '" + tensor.name +
                        "' have another length");
    }
    const uint64_t unit = part.parts->part_bytes;
    for (const uint64_t end : {part.begin, part.end}) {
      if (end % unit == 0 || end == segment.length) continue;
      const uint64_t step =
          unit % row_bytes == 0 ? unit / row_bytes : whole.shape[0];
      return InvalidArgument(Describe(part) + "rows " + RowsText(*rows) +
                             ": the patch can be cut every " +
                             std::to_string(step) + " rows");
    }
  }
  parts_.push_back(std::move(part));
  return {};
}

Result<std::unique_ptr<ShardPatch>> ShardPatch::Open(
    const std::string& patch, const std::string& shard,
    std::span<const ShardTensor> tensors, int threads) {
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(shard));
  INGOT_ASSIGN(const Layout layout, ChooseLayout(*source, std::nullopt));
  if (std::ranges::find(kPlainFormats, layout.format()) ==
      kPlainFormats.end()) {
    return Unsupported(shard + ": of format " + layout.format() +
                       ", expected safetensors, gguf or npy: others may hold "
                       "checksums of their tensors");
  }
  std::unique_ptr<ShardPatch> result(new ShardPatch(shard, std::move(source)));
  INGOT_ASSIGN(result->patch_, OpenPatch(patch, threads, &result->old_));
  for (const ShardTensor& tensor : tensors) {
    INGOT_TRY(result->Add(layout, tensor));
  }
  std::ranges::sort(result->parts_, {}, &Part::offset);
  for (size_t i = 1; i < result->parts_.size(); ++i) {
    if (result->parts_[i].name == result->parts_[i - 1].name) {
      return InvalidArgument("tensor '" + result->parts_[i].name +
                             "' is named twice");
    }
  }
  return result;
}

Result<bool> ShardPatch::IsNeeded() {
  for (Part& part : parts_) {
    if (part.begin == part.end) part.done = true;
    if (part.done) continue;
    INGOT_ASSIGN(const std::vector<Digest> now,
                 HashParts(
                     [&](uint64_t offset, MutableByteSpan out) {
                       return shard_->ReadAt(part.offset + offset, out);
                     },
                     part.end - part.begin, part.parts->part_bytes));
    const auto* const listed =
        part.parts->parts.data() + part.begin / part.parts->part_bytes;
    bool is_old = true;
    bool is_new = true;
    std::optional<size_t> wrong;
    for (size_t i = 0; i < now.size(); ++i) {
      is_old = is_old && now[i] == listed[i].base;
      is_new = is_new && now[i] == listed[i].tensor;
      if (!is_old && !is_new && !wrong) wrong = i;
    }
    part.done = is_new;
    if (!wrong) continue;
    return Error{ErrorKind::kConflict,
                 Describe(part) + "byte " +
                     std::to_string(*wrong * part.parts->part_bytes) +
                     ": SHA-256 of this part is " + ToHex(now[*wrong]) +
                     ", expected " + ToHex(listed[*wrong].base) +
                     "; nothing changed"};
  }
  return std::ranges::any_of(parts_, [](const Part& p) { return !p.done; });
}

Status ShardPatch::Copy(uint64_t begin, uint64_t end,
                        const ByteConsumer& consumer) const {
  constexpr uint64_t kPiece = uint64_t{4} << 20;
  std::vector<std::byte> buffer;
  for (; begin < end; begin += buffer.size()) {
    buffer.resize(std::min(kPiece, end - begin));
    INGOT_TRY(shard_->ReadAt(begin, buffer));
    INGOT_TRY(consumer(buffer));
  }
  return {};
}

Status ShardPatch::WriteRows(const Part& part, const ByteConsumer& consumer) {
  const uint64_t unit = part.parts->part_bytes;
  uint64_t at = part.begin;
  Hasher hasher;
  const auto check = [&](ByteSpan bytes) -> Status {
    while (!bytes.empty()) {
      // Part ends are not where pieces end.
      const uint64_t end = std::min(part.end - at, unit - at % unit) + at;
      const ByteSpan piece = bytes.first(std::min(bytes.size(), end - at));
      hasher.Update(piece);
      INGOT_TRY(consumer(piece));
      bytes = bytes.subspan(piece.size());
      at += piece.size();
      if (at < end) continue;
      if (hasher.Finish() != part.parts->parts[(end - 1) / unit].tensor) {
        return Corruption(patch_->name() + ": tensor '" + part.name +
                          "', bytes up to " + std::to_string(end) +
                          ": SHA-256 of the result does not match");
      }
    }
    return {};
  };
  old_.Choose(&part);
  return patch_->ReadSegment(0, part.segment, part.begin, part.end, check);
}

Status ShardPatch::Write(const ByteConsumer& consumer) {
  uint64_t at = 0;
  for (const Part& part : parts_) {
    if (part.done) continue;
    INGOT_TRY(Copy(at, part.offset, consumer));
    INGOT_TRY(WriteRows(part, consumer));
    at = part.offset + (part.end - part.begin);
  }
  return Copy(at, shard_->size(), consumer);
}

}  // namespace ingot
