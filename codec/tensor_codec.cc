#include "codec/tensor_codec.h"

#include <algorithm>
#include <array>
#include <string>

#include "codec/base/parallel_for.h"
#include "codec/base/stream_copy.h"
#include "codec/base/thread_pool.h"
#include "codec/container/block_reader.h"
#include "codec/container/group_writer.h"
#include "codec/container/outside_reader.h"
#include "codec/container/record.h"
#include "codec/reference_source.h"

namespace ingot {
namespace {

// Outputs from this size on do not fit the caches.
constexpr uint64_t kStreamBytes = uint64_t{1} << 20;
// Pieces from this size on are worth a fence.
constexpr uint64_t kStreamPiece = uint64_t{8} << 10;

constexpr uint64_t kMaxBlockRecordBytes = 256;  // without payload
constexpr uint64_t kMaxPlainGroupBytes = 1024;  // without scales

Status CheckSpec(const TensorSpec& spec) {
  if (!IsCodable(spec.dtype) || spec.columns == 0) {
    return InvalidArgument("tensor spec: no such dtype or columns");
  }
  return {};
}

// Appends records to a caller's buffer.
class BufferSink final : public GroupSink {
 public:
  explicit BufferSink(MutableByteSpan out)
      : out_(out), stream_(out.size() >= kStreamBytes) {}

  Status Group(const GroupSide& side) override {
    AppendGroupSide(side, &body_);
    return AppendBody(RecordType::kGroup);
  }

  Status Block(const EncodedBlock& block) override {
    static constexpr std::array<std::byte, kPayloadAlignment> kZeros{};
    AppendBlockHeader(block.header, &body_);
    INGOT_TRY(AppendBody(RecordType::kBlock));
    INGOT_TRY(Append(ByteSpan(kZeros).first(
        PayloadPadding(size_, block.header.payload_length))));
    for (const ByteSpan piece : block.payload) INGOT_TRY(Append(piece));
    return {};
  }

  size_t size() const { return size_; }

 private:
  Status AppendBody(RecordType type) {
    record_.clear();
    AppendRecord(type, body_, &record_);
    body_.clear();
    return Append(record_);
  }
  Status Append(ByteSpan bytes) {
    if (bytes.size() > out_.size() - size_) {
      return InvalidArgument("output buffer of " +
                             std::to_string(out_.size()) +
                             " bytes: smaller than MaxEncodedTensorBytes");
    }
    if (stream_ && bytes.size() >= kStreamPiece) {
      const StreamFence fence;
      StreamCopy(out_.data() + size_, bytes.data(), bytes.size());
    } else if (!bytes.empty()) {
      std::memcpy(out_.data() + size_, bytes.data(), bytes.size());
    }
    size_ += bytes.size();
    return {};
  }

  MutableByteSpan out_;
  const bool stream_;
  size_t size_ = 0;
  std::vector<std::byte> body_;
  std::vector<std::byte> record_;
};

// Answers for a base alone.
class BaseSource final : public ReferenceSource {
 public:
  explicit BaseSource(const TensorBase& base) : base_(base) {}

  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    if (object != base_.digest) {
      return Error{ErrorKind::kNotFound, "the base given is another"};
    }
    if (offset > base_.bytes.size() ||
        out.size() > base_.bytes.size() - offset) {
      return InvalidArgument("a base of " + std::to_string(base_.bytes.size()) +
                             " bytes, shorter than the encoder's");
    }
    std::memcpy(out.data(), base_.bytes.data() + offset, out.size());
    return {};
  }
  std::optional<ByteSpan> InMemory(const Digest& object) override {
    if (object != base_.digest) return std::nullopt;
    return base_.bytes;
  }

 private:
  const TensorBase& base_;
};

}  // namespace

size_t MaxEncodedTensorBytes(const TensorSpec& spec, uint64_t raw_bytes) {
  const Geometry geometry =
      ChooseGeometry(spec.dtype, std::max<uint64_t>(1, spec.columns));
  const uint64_t blocks =
      DivideRoundingUp(raw_bytes, geometry.block_bytes());
  const uint64_t groups =
      DivideRoundingUp(raw_bytes, geometry.group_bytes());
  // A scale takes 12 bits at most in Rice codes, whatever it is; adaptive codes
  // need about 8 and what learning costs, which the group's share covers.
  const uint64_t elements = std::min(geometry.group_elements,
                                     raw_bytes / geometry.element_bytes());
  const uint64_t scales = std::min(geometry.columns, elements) +
                          elements / geometry.columns + 2;
  return raw_bytes +
         blocks * (kMaxBlockRecordBytes +
                   (kMaxPlanes + 1) * kPayloadAlignment) +
         groups * (kMaxPlainGroupBytes + 2 * scales) + kPayloadAlignment;
}

class TensorEncoder::Impl {
 public:
  explicit Impl(const EncodeOptions& options)
      : pool_(ResolveThreads(options.threads)),
        groups_(std::clamp(options.level, kMinLevel, kMaxLevel), 0, &pool_) {}

  Result<size_t> Encode(const TensorSpec& spec, ByteSpan raw,
                        MutableByteSpan out, const TensorBase& base) {
    INGOT_TRY(CheckSpec(spec));
    const Geometry geometry = ChooseGeometry(spec.dtype, spec.columns);
    if (raw.size() % geometry.element_bytes() != 0) {
      return InvalidArgument("tensor of " + std::to_string(raw.size()) +
                             " bytes: not whole elements");
    }
    const uint64_t base_elements =
        std::min<uint64_t>(base.bytes.size() / geometry.element_bytes(),
                           raw.size() / geometry.element_bytes());
    BaseSource source(base);
    const OutsideReader outside(&source);
    BufferSink sink(out);
    for (uint64_t at = 0; at < raw.size(); at += geometry.group_bytes()) {
      GroupData group{
          .geometry = geometry,
          .first = at / geometry.element_bytes(),
          .raw = raw.subspan(
              at, std::min<uint64_t>(geometry.group_bytes(), raw.size() - at))};
      if (group.first < base_elements) {
        group.references = {
            {.digest = base.digest,
             .first = group.first,
             .elements =
                 std::min(group.elements(), base_elements - group.first)}};
        INGOT_ASSIGN(
            const std::byte* const bytes,
            outside.ReadElements(group.references, geometry.element_bytes(), 0,
                                 group.elements(), &base_buffer_));
        group.base = ByteSpan(bytes, group.raw.size());
      }
      INGOT_TRY(groups_.Encode(group, &sink));
    }
    return sink.size();
  }

 private:
  ThreadPool pool_;
  GroupWriter groups_;
  AlignedBuffer base_buffer_;
};

TensorEncoder::TensorEncoder(const EncodeOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
TensorEncoder::~TensorEncoder() = default;

Result<size_t> TensorEncoder::Encode(const TensorSpec& spec, ByteSpan raw,
                                     MutableByteSpan out,
                                     const TensorBase& base) {
  return impl_->Encode(spec, raw, out, base);
}

class TensorDecoder::Impl {
 public:
  explicit Impl(const DecodeOptions& options)
      : references_(options.references),
        pool_(ResolveThreads(options.threads)) {
    for (int i = 0; i < pool_.threads(); ++i) {
      workers_.push_back(std::make_unique<Worker>());
    }
  }

  Status Decode(const TensorSpec& spec, ByteSpan encoded, MutableByteSpan out,
                const TensorBase& base);

 private:
  struct Worker {
    BlockReader reader;
    AlignedBuffer tail;  // a record too close to the end of its buffer
  };
  struct Job {
    ByteSpan bytes;
    uint64_t position;
    BlockContext context;
    MutableByteSpan out;
    bool stream;
  };

  // Finds the records that restore `out`.
  static Result<std::vector<Job>> Plan(const TensorSpec& spec, ByteSpan encoded,
                                       MutableByteSpan out,
                                       const OutsideReader& outside);
  static Status Run(const Job& job, ByteSpan encoded, ByteSpan ahead,
                    Worker* worker);

  ReferenceSource* const references_;
  ThreadPool pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

Result<std::vector<TensorDecoder::Impl::Job>> TensorDecoder::Impl::Plan(
    const TensorSpec& spec, ByteSpan encoded, MutableByteSpan out,
    const OutsideReader& outside) {
  static const std::string kName = "(tensor)";
  const Geometry geometry = ChooseGeometry(spec.dtype, spec.columns);
  const uint64_t element_bytes = geometry.element_bytes();
  const uint64_t elements = out.size() / element_bytes;
  const bool stream = out.size() >= kStreamBytes;
  std::vector<Job> jobs;
  uint64_t position = 0;
  std::shared_ptr<const GroupSide> side;
  uint64_t group_first = 0;
  for (uint64_t first = 0; first < elements;
       first += geometry.block_elements) {
    size_t wanted = 0;
    if (first % geometry.group_elements == 0) {
      INGOT_ASSIGN(const std::optional<Record> record,
                   ParseRecord(encoded.subspan(position), kName, position,
                               &wanted));
      if (!record || record->type() != RecordType::kGroup) {
        return Corruption("(tensor): offset " + std::to_string(position) +
                          ": expected a group record");
      }
      ByteReader reader(record->body, kName, position + record->body_offset);
      INGOT_ASSIGN(GroupSide parsed, ParseGroupSide(&reader, geometry, first));
      if (parsed.elements !=
          std::min(geometry.group_elements, elements - first)) {
        return reader.Corrupt("group has other elements than the tensor");
      }
      side = std::make_shared<GroupSide>(std::move(parsed));
      group_first = first;
      position += record->size;
    }
    const uint64_t count =
        std::min(geometry.block_elements, elements - first);
    BlockContext context{.name = &kName,
                         .side = side,
                         .geometry = geometry,
                         .group_first = group_first,
                         .first = first,
                         .elements = count,
                         .outside = outside};
    INGOT_ASSIGN(const ParsedBlock block,
                 ParseBlockRecord(encoded.subspan(position), position,
                                  context));
    const uint64_t size = block.payload_offset + block.header.payload_length;
    if (size > encoded.size() - position) {
      return Corruption("(tensor): offset " + std::to_string(position) +
                        ": block is cut short");
    }
    jobs.push_back({.bytes = encoded.subspan(position, size),
                    .position = position,
                    .context = std::move(context),
                    .out = out.subspan(first * element_bytes,
                                       count * element_bytes),
                    .stream = stream});
    position += size;
  }
  if (position != encoded.size()) {
    return Corruption("(tensor): offset " + std::to_string(position) +
                      ": bytes behind the last block");
  }
  return jobs;
}

Status TensorDecoder::Impl::Run(const Job& job, ByteSpan encoded,
                                ByteSpan ahead, Worker* worker) {
  ByteSpan bytes = job.bytes;
  // Kernels read beyond the payload: the last block moves to where they may.
  if (job.position + bytes.size() + kKernelSlack > encoded.size()) {
    INGOT_TRY(worker->tail.Resize(bytes.size() + kKernelSlack));
    std::memcpy(worker->tail.data(), bytes.data(), bytes.size());
    bytes = worker->tail.span().first(bytes.size());
  }
  return worker->reader.Decode(bytes, job.position, job.context, 0,
                               job.context.elements, job.out, job.stream,
                               ahead);
}

Status TensorDecoder::Impl::Decode(const TensorSpec& spec, ByteSpan encoded,
                                   MutableByteSpan out,
                                   const TensorBase& base) {
  INGOT_TRY(CheckSpec(spec));
  if (out.size() % (GetDTypeInfo(spec.dtype).bits / 8) != 0) {
    return InvalidArgument("tensor of " + std::to_string(out.size()) +
                           " bytes: not whole elements");
  }
  BaseSource source(base);
  const OutsideReader outside(base.bytes.empty() ? references_ : &source);
  INGOT_ASSIGN(const std::vector<Job> jobs, Plan(spec, encoded, out, outside));
  std::vector<Status> results(workers_.size());
  std::atomic<size_t> next{0};
  ParallelFor(&pool_, workers_.size(), [&](size_t worker) {
    for (size_t i = next++; i < jobs.size() && results[worker].ok();
         i = next++) {
      // With several threads the next block is somebody else's; the one that
      // this thread will take is not known, but as far away as there are
      // threads.
      const size_t next_job = i + workers_.size();
      const ByteSpan ahead =
          next_job < jobs.size() ? jobs[next_job].bytes : ByteSpan();
      results[worker] =
          Run(jobs[i], encoded, ahead, workers_[worker].get());
    }
  });
  for (Status& result : results) INGOT_TRY(std::move(result));
  return {};
}

TensorDecoder::TensorDecoder(const DecodeOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
TensorDecoder::~TensorDecoder() = default;

Status TensorDecoder::Decode(const TensorSpec& spec, ByteSpan encoded,
                             MutableByteSpan out, const TensorBase& base) {
  return impl_->Decode(spec, encoded, out, base);
}

Result<std::string_view> ActiveKernelName() {
  INGOT_ASSIGN(const Kernels* const kernels, SelectKernels());
  return kernels->name;
}

}  // namespace ingot
