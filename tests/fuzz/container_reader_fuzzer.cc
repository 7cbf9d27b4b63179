// Any bytes as a container with random access, as they are and with their
// checksums repaired: opened, measured, read whole and in parts, verified, and
// copied into another container.

#include <algorithm>
#include <memory>

#include "codec/container_assembler.h"
#include "codec/container_reader.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "tests/fuzz/any_source.h"
#include "tests/fuzz/container_repair.h"
#include "tests/fuzz/fuzz_checks.h"

namespace ingot {
namespace {

// Containers may promise more than a fuzzer has time for.
constexpr uint64_t kMaxRawBytes = uint64_t{1} << 22;

uint64_t RawBytes(const ContainerReader& reader) {
  uint64_t total = 0;
  for (const Manifest& file : reader.files()) {
    total += std::min(file.id.length, kMaxRawBytes);
  }
  for (size_t object = 0; object < reader.object_count(); ++object) {
    total += std::min(reader.object(object).id.length, kMaxRawBytes);
  }
  return total;
}

// Reads [begin, end) of a file; true where that worked.
bool ReadRange(ContainerReader* reader, size_t file, uint64_t begin,
               uint64_t end, std::vector<std::byte>* out) {
  const Status status = reader->ReadFile(file, begin, end, [&](ByteSpan bytes) {
    out->insert(out->end(), bytes.begin(), bytes.end());
    return Status();
  });
  if (!status.ok()) {
    // An object outside is nobody's fault.
    CheckRefusalOrMissing(status.error());
    return false;
  }
  Check(out->size() == end - begin);
  std::vector<std::byte> filled(end - begin);
  Check(reader->ReadFile(file, begin, filled).ok() && filled == *out);
  return true;
}

Status Copy(const ContainerReader& reader, std::vector<std::byte>* bytes) {
  const std::unique_ptr<Sink> sink = MakeMemorySink(bytes);
  ContainerAssembler assembler(sink.get());
  INGOT_TRY(assembler.Start());
  for (size_t file = 0; file < reader.files().size(); ++file) {
    INGOT_TRY(
        assembler.AddFile(reader, file, {.provide = ProvideFrom(reader)}));
  }
  for (size_t object = 0; object < reader.object_count(); ++object) {
    INGOT_TRY(assembler.AddObject(reader, object));
  }
  return assembler.Finish();
}

// A container that is whole has a copy that is. `whole`: this one is.
void TryCopy(const ContainerReader& reader, ReferenceSource* references,
             bool whole) {
  std::vector<std::byte> bytes;
  if (const Status copied = Copy(reader, &bytes); !copied.ok()) {
    Check(!whole);
    return CheckRefusal(copied.error());
  }
  Result<std::unique_ptr<ContainerReader>> copy = ContainerReader::Open(
      MakeMemorySource(bytes), {.references = references});
  Check(copy.ok());
  uint64_t incomplete = 0;
  Check((*copy)->Verify(&incomplete).ok() || !whole);
}

void TryContainer(ByteSpan bytes, ReferenceSource* references) {
  Result<std::unique_ptr<ContainerReader>> opened = ContainerReader::Open(
      MakeMemorySource(bytes), {.references = references});
  if (!opened.ok()) return CheckRefusal(opened.error());
  ContainerReader& reader = **opened;
  if (RawBytes(reader) > kMaxRawBytes) return;
  const Result<ContainerStatistics> statistics = reader.Statistics();
  if (!statistics.ok()) CheckRefusal(statistics.error());
  bool all_read = true;
  for (size_t file = 0; file < reader.files().size(); ++file) {
    const uint64_t length = reader.files()[file].id.length;
    std::vector<std::byte> whole;
    if (!ReadRange(&reader, file, 0, length, &whole)) {
      all_read = false;
      continue;
    }
    std::vector<std::byte> part;
    const uint64_t begin = length / 3;
    Check(ReadRange(&reader, file, begin, length - length / 5, &part));
    Check(std::equal(part.begin(), part.end(),
                     whole.begin() + static_cast<ptrdiff_t>(begin)));
  }
  uint64_t incomplete = 0;
  const Status verified = reader.Verify(&incomplete);
  if (!verified.ok()) CheckRefusalOrMissing(verified.error());
  // What is verified can be read, but for objects outside.
  Check(!verified.ok() || incomplete > 0 || all_read);
  TryCopy(reader, references, verified.ok());
}

}  // namespace
}  // namespace ingot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ingot::ByteSpan bytes(reinterpret_cast<const std::byte*>(data), size);
  std::vector<std::byte> repaired(bytes.begin(), bytes.end());
  ingot::RepairChecksums(&repaired);
  ingot::AnySource any;
  for (ingot::ReferenceSource* const references :
       {static_cast<ingot::ReferenceSource*>(nullptr),
        static_cast<ingot::ReferenceSource*>(&any)}) {
    ingot::TryContainer(bytes, references);
    ingot::TryContainer(repaired, references);
  }
  return 0;
}
