#include "tests/daemon/store/pack_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "codec/container_reader.h"
#include "codec/stream_encoder.h"

namespace ingot::store {
namespace {

constexpr uint64_t kColumns = 64;

ObjectId IdOf(ByteSpan bytes) { return {HashBytes(bytes), bytes.size()}; }

std::vector<std::byte> Header(const SampleModel& model) {
  const std::string text = "model of " + std::to_string(model.entries.size());
  const ByteSpan bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> MakeTensor(uint64_t number) {
  // bf16 weights, normally distributed.
  std::mt19937_64 random(number / 16);
  std::normal_distribution<float> weights(0, 0.02f);
  std::vector<std::byte> bytes(2 * kColumns * (33 + number / 16 % 20));
  for (size_t at = 0; at < bytes.size(); at += 2) {
    const auto bits = std::bit_cast<uint32_t>(weights(random));
    StoreLittleEndian(&bytes[at], static_cast<uint16_t>(bits >> 16));
  }
  std::mt19937_64 changes(number);
  for (uint64_t i = 0; i < number % 16 * 20; ++i) {
    bytes[changes() % (bytes.size() / 2) * 2] ^= std::byte{1};
  }
  return bytes;
}

struct MadeTensor {
  std::vector<std::byte> bytes;
  Digest digest;
};

const MadeTensor& Made(uint64_t number) {
  static std::mutex mutex;
  static std::map<uint64_t, MadeTensor> made;
  const std::lock_guard lock(mutex);
  MadeTensor& tensor = made[number];
  if (tensor.bytes.empty()) {
    tensor.bytes = MakeTensor(number);
    tensor.digest = HashBytes(tensor.bytes);
  }
  return tensor;
}

ObjectId IdOf(uint64_t tensor) {
  return {SampleDigest(tensor), SampleTensor(tensor).size()};
}

// Bases while packs are written: whatever tensor is asked for.
class SampleReferences final : public ReferenceSource {
 public:
  ObjectId Add(uint64_t tensor) {
    objects_[SampleDigest(tensor)] = tensor;
    return IdOf(tensor);
  }
  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    const ByteSpan bytes = SampleTensor(objects_.at(object));
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(offset), out.size(),
                out.begin());
    return {};
  }

 private:
  std::map<Digest, uint64_t> objects_;
};

}  // namespace

const std::vector<std::byte>& SampleTensor(uint64_t number) {
  return Made(number).bytes;
}

const Digest& SampleDigest(uint64_t number) { return Made(number).digest; }

std::vector<std::byte> SampleModel::Bytes() const {
  std::vector<std::byte> bytes = Header(*this);
  for (const SampleEntry& entry : entries) {
    const ByteSpan tensor = SampleTensor(entry.tensor);
    bytes.insert(bytes.end(), tensor.begin(), tensor.end());
  }
  return bytes;
}

PackContents ExpectedContents(const std::vector<SampleModel>& models) {
  PackContents contents;
  std::set<Digest> held;
  for (const SampleModel& model : models) {
    for (const SampleEntry& entry : model.entries) {
      if (!entry.outside) held.insert(SampleDigest(entry.tensor));
    }
  }
  std::set<Digest> listed;
  for (const SampleModel& model : models) {
    std::set<Digest> outside;
    for (const SampleEntry& entry : model.entries) {
      const ObjectId id = IdOf(entry.tensor);
      if (entry.outside) {
        if (!held.contains(id.digest)) outside.insert(id.digest);
        continue;
      }
      if (!listed.insert(id.digest).second) continue;
      PackEntry object = {id, 0, {}};
      if (entry.base) {
        object.depth = entry.base_depth + 1;
        object.needs = {SampleDigest(*entry.base)};
      }
      contents.objects.push_back(std::move(object));
    }
    contents.files.push_back(
        {IdOf(model.Bytes()), 0, {outside.begin(), outside.end()}});
  }
  return contents;
}

Status EncodeModels(const std::vector<SampleModel>& models, Sink* sink) {
  SampleReferences references;
  INGOT_ASSIGN(
      const std::unique_ptr<StreamEncoder> encoder,
      StreamEncoder::Create(sink, {.level = 3, .references = &references}));
  const auto write = [&](const RegionInfo& region, ByteSpan bytes) -> Status {
    INGOT_TRY(encoder->BeginRegion(region));
    INGOT_TRY(encoder->Write(bytes));
    return encoder->EndRegion();
  };
  for (const SampleModel& model : models) {
    FileInfo info;
    info.path = "model";
    INGOT_TRY(encoder->BeginFile(info));
    INGOT_TRY(write({}, Header(model)));
    for (const SampleEntry& entry : model.entries) {
      const ByteSpan tensor = SampleTensor(entry.tensor);
      if (entry.outside) {
        INGOT_TRY(encoder->ReferenceOutside({}, IdOf(entry.tensor)));
        continue;
      }
      RegionInfo region;
      region.element_dtype = DType::kBf16;
      region.columns = kColumns;
      if (entry.base) {
        region.bases = {{.object = references.Add(*entry.base),
                         .elements = tensor.size() / 2,
                         .depth = entry.base_depth}};
      }
      INGOT_TRY(write(region, tensor));
    }
    INGOT_TRY(encoder->EndFile("", IdOf(model.Bytes())));
  }
  return encoder->Finish();
}

Result<PackInfo> PackModels(Packs* packs,
                            const std::vector<SampleModel>& models) {
  INGOT_ASSIGN(const std::unique_ptr<Packs::Writer> writer, packs->Begin());
  INGOT_TRY(EncodeModels(models, writer.get()));
  INGOT_TRY(writer->Finish());
  return writer->Seal();
}

Status PackReferences::Read(const Digest& object, uint64_t offset,
                            MutableByteSpan out) {
  INGOT_ASSIGN(std::vector<PackPlace> places, packs_->FindObject(object));
  std::erase_if(
      places, [this](const PackPlace& place) { return place.depth >= limit_; });
  if (places.empty()) {
    return Error{ErrorKind::kNotFound, ToHex(object) + ": no pack"};
  }
  INGOT_ASSIGN(std::unique_ptr<Source> source,
               packs_->Open(places.front().pack));
  PackReferences needed(packs_, places.front().depth);
  INGOT_ASSIGN(
      const std::unique_ptr<ContainerReader> reader,
      ContainerReader::Open(std::move(source), {.references = &needed}));
  size_t done = 0;
  return reader->ReadObject(
      places.front().index, offset, offset + out.size(), [&](ByteSpan bytes) {
        std::ranges::copy(bytes, out.begin() + static_cast<ptrdiff_t>(done));
        done += bytes.size();
        return Status();
      });
}

void ExpectPacked(const Packs& packs, const SampleModel& model) {
  const std::vector<std::byte> bytes = model.Bytes();
  const auto places = packs.FindFile(HashBytes(bytes));
  ASSERT_TRUE(places.ok()) << places.error().message;
  ASSERT_FALSE(places->empty());
  const PackPlace place = places->front();
  EXPECT_EQ(place.length, bytes.size());
  auto source = packs.Open(place.pack);
  ASSERT_TRUE(source.ok()) << source.error().message;
  PackReferences references(&packs);
  const auto reader =
      ContainerReader::Open(std::move(*source), {.references = &references});
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  std::vector<std::byte> read;
  const Status restored =
      (*reader)->ReadFile(place.index, 0, bytes.size(), [&](ByteSpan piece) {
        read.insert(read.end(), piece.begin(), piece.end());
        return Status();
      });
  EXPECT_TRUE(restored.ok()) << restored.error().message;
  EXPECT_TRUE(read == bytes);
}

}  // namespace ingot::store
