// ingot_deltas: measures what data takes when its base is there, by Ingot and
// by others, and writes what the project's documents say about it.

#include <unistd.h>
#include <zstd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/contender.h"
#include "bench/data_set.h"
#include "bench/delta_peers.h"
#include "bench/deltas.h"
#include "bench/documents.h"
#include "bench/random.h"
#include "bench/text_files.h"
#include "bench/weights.h"
#include "codec/delta_estimate.h"
#include "codec/source.h"
#include "formats/base_models.h"
#include "tools/delta_entropy.h"

namespace ingot {
namespace {

constexpr char kExamples[] =
    R"(Sizes only, and every round trip is compared. Synthetic pairs are 2 M bf16
weights with row and column scales and steps of Gaussian noise; pairs of files
are those of the corpus that the source lists.

Examples:
  ingot_deltas
  ingot_deltas --corpus models --csv bench/deltas.csv --plots bench
  ingot_deltas --from bench/deltas.csv --plots bench --update README.md)";

constexpr std::array<int, 3> kLevels = {3, 5, 9};

constexpr uint64_t kRows = 512;
constexpr uint64_t kColumns = 4096;
constexpr double kSigma = 0.02;
constexpr double kSpread = 0.2;
constexpr std::array<std::string_view, 14> kSteps = {
    "1e-7", "3e-7", "1e-6", "3e-6", "1e-5", "3e-5", "1e-4",
    "3e-4", "1e-3", "3e-3", "0.01", "0.03", "0.1",  "0.3"};

// Folders of the corpus, and files in them: each is coded against the one
// before it.
struct Sequence {
  std::string_view folder;
  std::vector<std::string_view> files;
};
const std::array<Sequence, 6>& Sequences() {
  static const std::array<Sequence, 6> kSequences = {{
      {"gpt5m/", {"base.bf16.safetensors", "finetune.bf16.safetensors"}},
      {"gpt5m/", {"base.bf16.safetensors", "policy-step4.bf16.safetensors"}},
      {"real/PufferAI_PufferLib/@hist/2023-10-27_36367d95/pokemon_red_50m/",
       {"model_001000.pt", "model_001400.pt", "model_001525.pt"}},
      {"real/derived/PufferAI_PufferLib_2023-10-27_36367d95_pokemon_red_50m_",
       {"model_000600.bf16.safetensors", "model_001000.bf16.safetensors",
        "model_001400.bf16.safetensors"}},
      {"real/minimaxir_textgenrnn/",
       {"textgenrnn/textgenrnn_weights.hdf5",
        "weights/reddit_rarepuppers_politics.hdf5"}},
      {"real/oarriaga_face_classification/trained_models/emotion_models/"
       "fer2013_mini_XCEPTION.",
       {"11-0.58.hdf5", "29-0.62.hdf5", "43-0.64.hdf5", "99-0.65.hdf5",
        "110-0.65.hdf5"}},
  }};
  return kSequences;
}

struct Options {
  std::string corpus;
  std::string from;
  std::string csv;
  std::string plots;
  std::vector<std::string> update;
};

// A line on stderr where that is a terminal.
void ShowProgress(const std::string& what) {
  if (isatty(STDERR_FILENO) != 1) return;
  std::fprintf(stderr, "\r\x1b[K%s", what.c_str());
}

Status AddSize(Contender* contender, const DataSet& data, DeltaPair* pair,
               std::string_view name = "") {
  ShowProgress(pair->data + ": " + contender->name());
  const Buffer encoded(contender->MaxEncodedBytes(data));
  const Buffer decoded(data.bytes().size());
  INGOT_ASSIGN(const size_t size, contender->Encode(data, encoded.span()));
  INGOT_TRY(
      contender->Decode(data, encoded.span().first(size), decoded.span()));
  if (!std::ranges::equal(decoded.span(), data.bytes())) {
    return Corruption(data.name + ": " + contender->name() +
                      ": the round trip changed bytes");
  }
  pair->sizes.push_back(
      {.codec = name.empty() ? contender->name() : std::string(name),
       .raw_bytes = data.bytes().size(),
       .encoded_bytes = size});
  return {};
}

Result<DataSet> SyntheticData(std::string name, ByteSpan bytes) {
  INGOT_ASSIGN(Layout layout, RawLayout(bytes.size(), DType::kBf16, kColumns));
  DataSet data = {.name = std::move(name),
                  .raw = Buffer(bytes.size()),
                  .layout = std::move(layout),
                  .dtype = DType::kBf16,
                  .columns = kColumns,
                  .float_bytes = bytes.size()};
  std::ranges::copy(bytes, data.raw.span().begin());
  return data;
}

Status MeasureSynthetic(std::vector<DeltaPair>* pairs) {
  Random random(20240607);
  const std::vector<std::byte> base = RoundToBytes(
      ScaledNormals(kRows, kColumns, kSigma, kSpread, &random), DType::kBf16);
  std::vector<float> weights(kRows * kColumns);
  std::vector<double> noise(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, &base[2 * i], sizeof(bits));
    weights[i] = std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
    noise[i] = kSigma * random.Normal();
  }
  for (const std::string_view step : kSteps) {
    const double r = std::stod(std::string(step));
    std::vector<float> stepped(weights);
    for (size_t i = 0; i < stepped.size(); ++i) {
      stepped[i] += static_cast<float>(r * noise[i]);
    }
    INGOT_ASSIGN(const DataSet data,
                 SyntheticData("r=" + std::string(step),
                               RoundToBytes(stepped, DType::kBf16)));
    DeltaPair pair = {.base = std::string(kSyntheticBase),
                      .data = data.name,
                      .elements = weights.size()};
    for (size_t i = 0; i < base.size(); i += 2) {
      pair.changed +=
          base[i] != data.bytes()[i] || base[i + 1] != data.bytes()[i + 1];
    }
    INGOT_TRY(AddSize(MakeIngotTensor(3).get(), data, &pair, kAlone));
    for (const int level : kLevels) {
      INGOT_TRY(
          AddSize(MakeIngotTensor(level, {.bytes = base}).get(), data, &pair));
    }
    INGOT_TRY(AddSize(MakeXorZstd(base).get(), data, &pair));
    DeltaEstimate estimate(DType::kBf16);
    estimate.Add(data.bytes(), base);
    pair.sizes.push_back(
        {std::string(kEntropy), base.size(),
         static_cast<uint64_t>(std::ceil(estimate.delta_bits() / 8))});
    pairs->push_back(std::move(pair));
  }
  return {};
}

Result<DeltaPair> MeasureFiles(const std::string& corpus,
                               const std::string& base_name,
                               const std::string& name) {
  DeltaPair pair = {.base = base_name, .data = name};
  INGOT_ASSIGN(const DataSet base, LoadFile(corpus, base_name));
  INGOT_ASSIGN(const DataSet data, LoadFile(corpus, name));
  const std::string base_path = corpus + "/" + base_name;
  BaseModels models({.max_depth = kMaxDepth});
  INGOT_TRY(models.Add(base_path));
  INGOT_ASSIGN(const DeltaEntropy entropy,
               MeasureDeltaEntropy(*MakeMemorySource(data.bytes(), name),
                                   data.layout, &models));
  pair.elements = entropy.elements;
  pair.changed = entropy.changed;
  INGOT_TRY(AddSize(MakeIngotContainer(3).get(), data, &pair, kAlone));
  for (const int level : kLevels) {
    INGOT_TRY(
        AddSize(MakeIngotContainer(level, {base_path}).get(), data, &pair));
  }
  INGOT_TRY(AddSize(MakeZstdPatch(base.bytes()).get(), data, &pair));
  if (base.bytes().size() == data.bytes().size()) {
    INGOT_TRY(AddSize(MakeXorZstd(base.bytes()).get(), data, &pair));
  }
  if (entropy.raw_bytes > 0) {
    pair.sizes.push_back({std::string(kEntropy), entropy.raw_bytes,
                          static_cast<uint64_t>(std::ceil(entropy.bits / 8))});
  }
  return pair;
}

Status MeasureCorpus(const std::string& corpus, std::vector<DeltaPair>* pairs) {
  for (const Sequence& sequence : Sequences()) {
    for (size_t i = 1; i < sequence.files.size(); ++i) {
      const std::string folder(sequence.folder);
      const std::string base = folder + std::string(sequence.files[i - 1]);
      const std::string name = folder + std::string(sequence.files[i]);
      if (!std::filesystem::exists(corpus + "/" + base) ||
          !std::filesystem::exists(corpus + "/" + name)) {
        std::fprintf(stderr, "not in the corpus: %s\n", name.c_str());
        continue;
      }
      INGOT_ASSIGN(DeltaPair pair, MeasureFiles(corpus, base, name));
      pairs->push_back(std::move(pair));
    }
  }
  return {};
}

Status Run(const Options& options) {
  std::vector<DeltaPair> pairs;
  if (!options.from.empty()) {
    INGOT_ASSIGN(const std::string csv, ReadText(options.from));
    INGOT_ASSIGN(pairs, DeltasFromCsv(csv));
  } else {
    INGOT_TRY(MeasureSynthetic(&pairs));
    if (!options.corpus.empty()) {
      INGOT_TRY(MeasureCorpus(options.corpus, &pairs));
    }
    ShowProgress("");
  }
  if (!options.csv.empty()) {
    const std::string versions = std::string("zstd ") + ZSTD_versionString();
    INGOT_TRY(WriteText(options.csv, DeltasToCsv(pairs, versions)));
  }
  if (!options.plots.empty()) {
    const Plot plot = DrawDeltas(pairs);
    INGOT_TRY(WriteText(options.plots + "/" + plot.file_name, plot.svg));
  }
  for (const std::string& path : options.update) {
    INGOT_ASSIGN(std::string document, ReadText(path));
    INGOT_ASSIGN(document, ReplaceSections(std::move(document), "deltas",
                                           [&](std::string_view section)
                                               -> std::optional<std::string> {
                                             if (section != "pairs")
                                               return std::nullopt;
                                             return DeltaTable(pairs);
                                           }));
    INGOT_TRY(WriteText(path, document));
  }
  std::fputs(DeltaTable(pairs).c_str(), stdout);
  return {};
}

}  // namespace
}  // namespace ingot

int main(int argc, char** argv) {
  CLI::App app("Measure deltas beside those of other codecs", "ingot_deltas");
  app.footer(ingot::kExamples);
  ingot::Options options;
  app.add_option("--corpus", options.corpus,
                 "The folder that has the pairs of files")
      ->check(CLI::ExistingDirectory);
  app.add_option("--from", options.from,
                 "Measure nothing; take the sizes from this CSV")
      ->check(CLI::ExistingFile);
  app.add_option("--csv", options.csv, "Write the sizes");
  app.add_option("--plots", options.plots, "Draw deltas.svg into this folder")
      ->check(CLI::ExistingDirectory);
  app.add_option("--update", options.update,
                 "Replace the table in this document; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::ExistingFile);
  CLI11_PARSE(app, argc, argv);
  const ingot::Status status = ingot::Run(options);
  if (!status.ok()) {
    std::fprintf(stderr, "ingot_deltas: %s\n", status.error().message.c_str());
    return 1;
  }
  return 0;
}
