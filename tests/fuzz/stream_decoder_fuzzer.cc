// Any bytes as a container from a pipe, as they are and with their checksums
// repaired. How the bytes are cut into pieces changes nothing.

#include <algorithm>
#include <string>

#include "codec/stream_decoder.h"
#include "tests/fuzz/any_source.h"
#include "tests/fuzz/container_repair.h"
#include "tests/fuzz/fuzz_checks.h"

namespace ingot {
namespace {

constexpr size_t kMaxRawBytes = size_t{1} << 22;

struct Outcome {
  std::string events;
  std::vector<std::byte> data;
  bool failed = false;

  bool operator==(const Outcome&) const = default;
};

Outcome Decode(ByteSpan bytes, size_t chunk, bool verify,
               ReferenceSource* references) {
  using Event = StreamDecoder::Event;
  StreamDecoder decoder(
      "(fuzz)",
      {.threads = 1, .verify_digests = verify, .references = references});
  Outcome outcome;
  while (outcome.data.size() < kMaxRawBytes) {
    const Result<Event> event = decoder.Next();
    if (!event.ok()) {
      CheckRefusalOrMissing(event.error());
      // The first failure is final.
      Check(!decoder.Next().ok());
      outcome.failed = true;
      return outcome;
    }
    switch (*event) {
      case Event::kNeedInput:
        if (bytes.empty()) {
          decoder.EndInput();
        } else {
          const size_t size = std::min(chunk, bytes.size());
          decoder.Feed(bytes.first(size));
          bytes = bytes.subspan(size);
        }
        continue;
      case Event::kFileBegin:
        outcome.events += "file " + decoder.file().path + "\n";
        break;
      case Event::kRegion:
        outcome.events += "region\n";
        break;
      case Event::kData:
        Check(!decoder.data().empty());
        outcome.data.insert(outcome.data.end(), decoder.data().begin(),
                            decoder.data().end());
        break;
      case Event::kFileEnd:
        outcome.events += "end " + decoder.note() + "\n";
        break;
      case Event::kEnd:
        outcome.events += "all";
        return outcome;
    }
  }
  return outcome;
}

// One failed where the other did, and both delivered the same until then. How
// far they got before an error may differ: records are parsed ahead.
void CheckAlike(const Outcome& a, const Outcome& b) {
  Check(a.failed == b.failed);
  if (!a.failed) return Check(a == b);
  const size_t size = std::min(a.data.size(), b.data.size());
  Check(std::equal(a.data.begin(),
                   a.data.begin() + static_cast<ptrdiff_t>(size),
                   b.data.begin()));
}

void TryContainer(ByteSpan bytes, ReferenceSource* references) {
  const Outcome whole = Decode(bytes, bytes.size() + 1, false, references);
  CheckAlike(Decode(bytes, 13, false, references), whole);
  const Outcome verified = Decode(bytes, bytes.size() + 1, true, references);
  if (!verified.failed) Check(verified == whole);
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
