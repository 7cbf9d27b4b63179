#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/contender.h"
#include "codec/container_reader.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "codec/stream_encoder.h"
#include "codec/tensor_codec.h"
#include "formats/base_models.h"
#include "formats/encode_file.h"

namespace ingot {
namespace {

// More than a container adds to incompressible bytes of many small tensors.
constexpr size_t kContainerRoom = size_t{1} << 20;

std::string Name(int level) { return "ingot-" + std::to_string(level); }

class IngotTensor final : public Contender {
 public:
  IngotTensor(int level, const TensorBase& base)
      : Contender(Name(level)),
        base_(base),
        encoder_({.level = level, .threads = 1}),
        decoder_({.threads = 1}) {}

  size_t MaxEncodedBytes(const DataSet& data) const override {
    return MaxEncodedTensorBytes(Spec(data), data.bytes().size());
  }
  Result<size_t> Encode(const DataSet& data, MutableByteSpan out) override {
    return encoder_.Encode(Spec(data), data.bytes(), out, base_);
  }
  Status Decode(const DataSet& data, ByteSpan encoded,
                MutableByteSpan out) override {
    return decoder_.Decode(Spec(data), encoded, out, base_);
  }

 private:
  static TensorSpec Spec(const DataSet& data) {
    return {.dtype = data.dtype, .columns = data.columns};
  }

  const TensorBase base_;
  TensorEncoder encoder_;
  TensorDecoder decoder_;
};

// Writes into memory that is there already.
class SpanSink final : public Sink {
 public:
  explicit SpanSink(MutableByteSpan out) : out_(out) {}

  Status Write(ByteSpan bytes) override {
    if (bytes.size() > out_.size() - size_) {
      return Error{ErrorKind::kResourceExhausted,
                   "the container does not fit its buffer"};
    }
    std::copy(bytes.begin(), bytes.end(), out_.subspan(size_).begin());
    size_ += bytes.size();
    return {};
  }
  bool CanRewind() const override { return true; }
  Status Rewind(uint64_t position) override {
    size_ = position;
    return {};
  }
  size_t size() const { return size_; }

 private:
  const MutableByteSpan out_;
  size_t size_ = 0;
};

class IngotContainer final : public Contender {
 public:
  IngotContainer(int level, std::vector<std::string> bases)
      : Contender(Name(level)), level_(level), bases_(std::move(bases)) {}

  size_t MaxEncodedBytes(const DataSet& data) const override {
    return data.bytes().size() + data.bytes().size() / 8 + kContainerRoom;
  }
  Result<size_t> Encode(const DataSet& data, MutableByteSpan out) override {
    SpanSink sink(out);
    const auto source = MakeMemorySource(data.bytes(), data.name);
    BaseModels models({.max_depth = kMaxDepth});
    for (const std::string& base : bases_) INGOT_TRY(models.Add(base));
    INGOT_ASSIGN(
        const auto encoder,
        StreamEncoder::Create(
            &sink, {.level = level_, .threads = 1, .references = &models}));
    FileInfo info;
    info.path = data.name.substr(data.name.rfind('/') + 1);
    INGOT_TRY(EncodeFile(*source, data.layout, std::move(info), encoder.get(),
                         {}, &models));
    INGOT_TRY(encoder->Finish());
    return sink.size();
  }
  Status Decode(const DataSet& data, ByteSpan encoded,
                MutableByteSpan out) override {
    BaseModels models({.max_depth = kMaxDepth});
    for (const std::string& base : bases_) INGOT_TRY(models.Add(base));
    INGOT_ASSIGN(const auto reader,
                 ContainerReader::Open(MakeMemorySource(encoded, data.name),
                                       {.references = &models}));
    size_t done = 0;
    return reader->ReadFile(0, 0, out.size(), [&](ByteSpan bytes) -> Status {
      std::copy(bytes.begin(), bytes.end(), out.subspan(done).begin());
      done += bytes.size();
      return {};
    });
  }

 private:
  const int level_;
  const std::vector<std::string> bases_;
};

}  // namespace

std::unique_ptr<Contender> MakeIngotTensor(int level, const TensorBase& base) {
  return std::make_unique<IngotTensor>(level, base);
}

std::unique_ptr<Contender> MakeIngotContainer(int level,
                                              std::vector<std::string> bases) {
  return std::make_unique<IngotContainer>(level, std::move(bases));
}

}  // namespace ingot
