#include "bench/measure.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "codec/container_reader.h"
#include "codec/source.h"

namespace ingot {
namespace {

constexpr std::array<int, 6> kLevels = {1, 3, 5, 6, 7, 9};

// Of the process: of all its threads, should there be more than one.
double CpuSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) / 1e9;
}

template <typename Work>
double Time(const Work& work) {
  const double start = CpuSeconds();
  work();
  return std::max(CpuSeconds() - start, 1e-9);  // its resolution
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

// Seconds of every run of one kind of work, and memcpy's speed beside it.
struct Runs {
  std::vector<double> gbps;
  std::vector<double> ratio;
  double seconds = 0;  // with the warm-up

  void Add(uint64_t bytes, double taken, double memcpy_gbps) {
    gbps.push_back(static_cast<double>(bytes) / 1e9 / taken);
    ratio.push_back(gbps.back() / memcpy_gbps);
  }
};

class Measurer {
 public:
  Measurer(const MeasureSettings& settings, const DataSet& whole)
      : settings_(settings),
        whole_(whole),
        copy_(whole.bytes().size()),
        decoded_(whole.bytes().size()) {}

  bool Wanted(const Contender& contender) const {
    const auto& names = settings_.codecs;
    return names.empty() || std::find(names.begin(), names.end(),
                                      contender.name()) != names.end();
  }

  // `data` is the whole or a sample of it; memcpy moves the whole, which does
  // not fit the caches.
  Result<Measurement> Measure(Contender* contender, const DataSet& data) {
    if (settings_.progress) {
      settings_.progress(whole_.name + ": " + contender->name());
    }
    Measurement m = {.codec = contender->name(),
                     .sample = &data != &whole_,
                     .raw_bytes = data.bytes().size()};
    const Buffer encoded(contender->MaxEncodedBytes(data));
    const MutableByteSpan decoded = decoded_.span().first(data.bytes().size());
    Runs encode, decode;
    const int runs = data.is_file ? 1 : settings_.runs;
    const bool warm_up = !data.is_file;
    for (int run = warm_up ? 0 : 1; run <= runs; ++run) {
      const bool count = run > 0;
      const double memcpy_gbps = CopySpeed(count);
      // Slow work is not repeated just to warm up.
      const bool slow_encode = encode.seconds > settings_.seconds;
      const bool slow_decode = decode.seconds > settings_.seconds;
      if (!slow_encode || encode.gbps.empty()) {
        Result<size_t> size = 0;
        const double taken =
            Time([&] { size = contender->Encode(data, encoded.span()); });
        INGOT_TRY(std::move(size));
        m.encoded_bytes = *size;
        encode.seconds += taken;
        if (count || encode.seconds > settings_.seconds) {
          encode.Add(m.raw_bytes, taken, memcpy_gbps);
        }
      }
      if (slow_decode && !decode.gbps.empty()) continue;
      // So that nothing of an earlier run can pass for this one's result.
      std::memset(decoded.data(), 0xA5, decoded.size());
      Status restored;
      const double taken = Time([&] {
        restored = contender->Decode(
            data, encoded.span().first(m.encoded_bytes), decoded);
      });
      INGOT_TRY(std::move(restored));
      decode.seconds += taken;
      if (std::memcmp(decoded.data(), data.bytes().data(), decoded.size()) !=
          0) {
        return Corruption(data.name + ": " + contender->name() +
                          ": the round trip changed bytes");
      }
      if (count || decode.seconds > settings_.seconds) {
        decode.Add(m.raw_bytes, taken, memcpy_gbps);
      }
    }
    m.encode_gbps = Median(encode.gbps);
    m.decode_gbps = Median(decode.gbps);
    m.encode_ratio = Median(encode.ratio);
    m.decode_ratio = Median(decode.ratio);
    m.encode_runs = static_cast<int>(encode.gbps.size());
    m.decode_runs = static_cast<int>(decode.gbps.size());
    return m;
  }

  double memcpy_gbps() const { return Median(copies_); }

 private:
  double CopySpeed(bool count) {
    const ByteSpan raw = whole_.bytes();
    const double seconds =
        Time([&] { std::memcpy(copy_.span().data(), raw.data(), raw.size()); });
    const double gbps = static_cast<double>(raw.size()) / 1e9 / seconds;
    if (count) copies_.push_back(gbps);
    return gbps;
  }

  const MeasureSettings& settings_;
  const DataSet& whole_;
  const Buffer copy_;
  const Buffer decoded_;
  std::vector<double> copies_;
};

double BitsPer(uint64_t bytes, uint64_t elements) {
  return 8 * static_cast<double>(bytes) / static_cast<double>(elements);
}

// Where the bits go, from a container of level 3.
Result<FieldBits> MeasureFields(const DataSet& data) {
  const std::unique_ptr<Contender> ingot = MakeIngotContainer(3);
  const Buffer encoded(ingot->MaxEncodedBytes(data));
  INGOT_ASSIGN(const size_t size, ingot->Encode(data, encoded.span()));
  INGOT_ASSIGN(
      const auto reader,
      ContainerReader::Open(MakeMemorySource(encoded.span().first(size)), {}));
  INGOT_ASSIGN(const ContainerStatistics all, reader->Statistics());
  const ObjectStatistics& objects = all.objects;
  FieldBits bits;
  bits.elements = objects.exponent_elements;
  if (bits.elements > 0) {
    bits.exponent = BitsPer(objects.exponent_bytes, bits.elements);
    bits.remainder = BitsPer(objects.remainder_bytes, bits.elements);
    bits.other =
        BitsPer(objects.side_bytes + objects.overhead_bytes, objects.elements);
  }
  return bits;
}

Result<DataResult> Describe(const DataSet& data) {
  INGOT_ASSIGN(const FieldBits fields, MeasureFields(data));
  DataResult result;
  result.name = data.name;
  result.is_file = data.is_file;
  result.dtype = GetDTypeInfo(data.dtype).name;
  result.raw_bytes = data.bytes().size();
  result.float_bytes = data.float_bytes;
  result.fields = fields;
  return result;
}

}  // namespace

std::vector<std::string> ContenderNames() {
  std::vector<std::string> names;
  for (const int level : kLevels) {
    names.push_back(MakeIngotContainer(level)->name());
  }
  for (const Peer& peer : MakePeers()) names.push_back(peer.contender->name());
  return names;
}

Result<DataResult> MeasureWorkload(const Workload& workload,
                                   const MeasureSettings& settings) {
  if (settings.progress) {
    settings.progress(std::string(workload.name) + ": generating");
  }
  INGOT_ASSIGN(const DataSet data, MakeWorkload(workload, settings.mebibytes));
  INGOT_ASSIGN(const DataSet sample,
               MakeSample(workload, data, settings.sample_bytes));
  INGOT_ASSIGN(DataResult result, Describe(data));
  Measurer measurer(settings, data);
  for (const int level : kLevels) {
    const std::unique_ptr<Contender> tensor = MakeIngotTensor(level);
    if (!measurer.Wanted(*tensor)) continue;
    INGOT_ASSIGN(Measurement m, measurer.Measure(tensor.get(), data));
    const std::unique_ptr<Contender> container = MakeIngotContainer(level);
    const Buffer encoded(container->MaxEncodedBytes(data));
    INGOT_ASSIGN(m.encoded_bytes, container->Encode(data, encoded.span()));
    result.measurements.push_back(std::move(m));
  }
  for (const Peer& peer : MakePeers()) {
    if (!measurer.Wanted(*peer.contender)) continue;
    INGOT_ASSIGN(Measurement m, measurer.Measure(peer.contender.get(),
                                                 peer.slow ? sample : data));
    result.measurements.push_back(std::move(m));
  }
  result.memcpy_gbps = measurer.memcpy_gbps();
  return result;
}

Result<DataResult> MeasureFile(const std::string& corpus,
                               const std::string& name,
                               const MeasureSettings& settings) {
  INGOT_ASSIGN(const DataSet data, LoadFile(corpus, name));
  INGOT_ASSIGN(DataResult result, Describe(data));
  Measurer measurer(settings, data);
  for (const int level : kLevels) {
    const std::unique_ptr<Contender> container = MakeIngotContainer(level);
    if (!measurer.Wanted(*container)) continue;
    INGOT_ASSIGN(Measurement m, measurer.Measure(container.get(), data));
    result.measurements.push_back(std::move(m));
  }
  for (const Peer& peer : MakePeers()) {
    if (peer.tensors_only || !measurer.Wanted(*peer.contender)) continue;
    INGOT_ASSIGN(Measurement m, measurer.Measure(peer.contender.get(), data));
    result.measurements.push_back(std::move(m));
  }
  result.memcpy_gbps = measurer.memcpy_gbps();
  return result;
}

}  // namespace ingot
