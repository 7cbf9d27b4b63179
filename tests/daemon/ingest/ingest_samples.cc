#include "tests/daemon/ingest/ingest_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "daemon/ingest/stored_file.h"
#include "daemon/ingest/stored_objects.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/tools/samples.h"

namespace ingot::ingest {
namespace {

constexpr uint64_t kRows = 96;
constexpr uint64_t kColumns = 96;
constexpr int kMatrices = 3;

// Matrix `index` of a model.
std::string Matrix(uint64_t family, uint64_t tuning, uint64_t index) {
  std::string bytes = WeightBytes(kRows * kColumns, 100 * family + index);
  std::mt19937_64 random(tuning);
  for (uint64_t i = 0; tuning > 0 && i < bytes.size() / 20; ++i) {
    bytes[random() % (bytes.size() / 2) * 2] ^= 1;
  }
  return bytes;
}

}  // namespace

std::string ModelFile(uint64_t family, uint64_t tuning,
                      const std::string& prefix) {
  std::vector<ingot::SampleTensor> tensors;
  for (int i = 0; i < kMatrices; ++i) {
    tensors.push_back({prefix + "layer" + std::to_string(i) + ".weight",
                       "BF16",
                       {kRows, kColumns},
                       Matrix(family, tuning, static_cast<uint64_t>(i))});
  }
  tensors.push_back({prefix + "bias", "BF16", {16}, WeightBytes(16, family)});
  return Safetensors(tensors);
}

uint64_t ModelTensorBytes() { return kMatrices * kRows * kColumns * 2; }

std::string NpyFile(uint64_t family) {
  std::string header = "{'descr': '<u2', 'fortran_order': False, 'shape': (" +
                       std::to_string(kRows) + ", " + std::to_string(kColumns) +
                       "), }";
  header.resize(118 - 1, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) +
         static_cast<char>(header.size()) + '\0' + header +
         Matrix(family, 0, 0);
}

uint64_t RepositoryOf(store::Store* store, const std::string& space,
                      const std::string& name, bool is_private) {
  const store::RepositoryName full = {store::RepositoryKind::kModel, space,
                                      name};
  const auto found = store->repositories().Find(full);
  if (found.ok() && *found) return (*found)->number;
  const auto created = store->repositories().Create({full, is_private});
  EXPECT_TRUE(created.ok()) << created.error().message;
  return created.ok() ? *created : 0;
}

Status Upload(store::Store* store, uint64_t repository,
              const std::string& bytes) {
  INGOT_TRY(store::StageBytes(&store->staging(), AsBytes(bytes)));
  return store->repositories().Grant(repository, DigestOf(bytes));
}

Digest DigestOf(const std::string& bytes) { return HashBytes(AsBytes(bytes)); }

std::set<unsigned> DepthsOf(store::Store* store, const std::string& bytes) {
  std::set<unsigned> depths;
  const auto places = *store->packs().FindFile(DigestOf(bytes));
  EXPECT_EQ(places.size(), 1);
  if (places.empty()) return depths;
  StoredObjects objects(&store->packs());
  const auto read = [&](ContainerReader* reader) {
    for (const Segment& segment : reader->files()[places[0].index].segments) {
      if (segment.kind != Segment::Kind::kObject) continue;
      depths.insert(reader->object(segment.object).depth);
    }
    return Status();
  };
  EXPECT_TRUE(objects.WithPack(places[0].pack, read).ok());
  return depths;
}

void ExpectStored(store::Store* store, const std::string& bytes,
                  uint64_t seed) {
  const auto source = OpenStoredFile(store, DigestOf(bytes));
  ASSERT_TRUE(source.ok()) << source.error().message;
  ASSERT_EQ((*source)->size(), bytes.size());
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20; ++i) {
    const uint64_t begin = i == 0 ? 0 : random() % (bytes.size() + 1);
    const uint64_t left = bytes.size() - begin;
    std::vector<std::byte> read(i == 0 ? left : random() % (left + 1));
    const Status status = (*source)->ReadAt(begin, read);
    ASSERT_TRUE(status.ok()) << status.error().message;
    ASSERT_TRUE(AsText(read) == bytes.substr(begin, read.size()))
        << "from " << begin << ", " << read.size() << " bytes";
  }
  // From front to back.
  std::vector<std::byte> piece;
  for (uint64_t at = 0; at < bytes.size(); at += piece.size()) {
    piece.resize(std::min<uint64_t>(10'000, bytes.size() - at));
    const Status status = (*source)->ReadAt(at, piece);
    ASSERT_TRUE(status.ok()) << status.error().message;
    ASSERT_TRUE(AsText(piece) == bytes.substr(at, piece.size())) << at;
  }
  std::vector<std::byte> beyond(1);
  EXPECT_FALSE((*source)->ReadAt(bytes.size(), beyond).ok());
}

}  // namespace ingot::ingest
