#include "bench/deltas.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bench/csv.h"
#include "bench/documents.h"
#include "bench/plot_parts.h"

namespace ingot {
namespace {

constexpr std::string_view kHead =
    "base,data,elements,changed,codec,raw_bytes,encoded_bytes";

// Columns of the table, in order.
constexpr std::array<std::string_view, 6> kColumns = {
    kAlone,         "ingot-3", "ingot-5", "ingot-9", "zstd-19 --patch-from",
    "xor + zstd-19"};
constexpr std::array<std::string_view, 2> kOthers = {"zstd-19 --patch-from",
                                                     "xor + zstd-19"};

std::string FileName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// "step_1.bf16 → step_2.bf16"; of long names the second without what it shares
// with the first.
std::string PairName(const DeltaPair& pair) {
  constexpr size_t kLong = 16;
  const std::string base = FileName(pair.base);
  std::string data = FileName(pair.data);
  size_t shared =
      static_cast<size_t>(std::ranges::mismatch(base, data).in1 - base.begin());
  shared = base.substr(0, shared).find_last_of("_.-") + 1;  // 0 for none
  if (shared > kLong) data = "\xE2\x80\xA6" + data.substr(shared);
  return base + " \xE2\x86\x92 " + data;
}

bool ParseRow(std::string_view line, DeltaPair* pair, DeltaSize* size) {
  std::string elements, changed, raw, encoded;
  return TakeCsvField(&line, &pair->base) && TakeCsvField(&line, &pair->data) &&
         TakeCsvField(&line, &elements) && TakeCsvField(&line, &changed) &&
         TakeCsvField(&line, &size->codec) && TakeCsvField(&line, &raw) &&
         TakeCsvField(&line, &encoded) && line.empty() &&
         ParseCsvNumber(elements, &pair->elements) &&
         ParseCsvNumber(changed, &pair->changed) &&
         pair->changed <= pair->elements &&
         ParseCsvNumber(raw, &size->raw_bytes) && size->raw_bytes > 0 &&
         ParseCsvNumber(encoded, &size->encoded_bytes);
}

// Sizes of deltas differ by orders of magnitude.
std::string SizeText(double size) { return Fixed(size, size < 0.02 ? 5 : 4); }

// Levels of Ingot that another codec beats, as one line; empty without.
std::string Beaten(const DeltaPair& pair) {
  std::string text;
  for (const std::string_view name : kOthers) {
    const DeltaSize* const other = pair.Find(name);
    if (other == nullptr) continue;
    for (const DeltaSize& size : pair.sizes) {
      if (!IsIngot(size.codec) || size.codec == kAlone ||
          size.encoded_bytes < other->encoded_bytes) {
        continue;
      }
      if (!text.empty()) text += ", ";
      text += size.codec + " by " + std::string(name) + " (" +
              Thousands(size.encoded_bytes) + " and " +
              Thousands(other->encoded_bytes) + " bytes)";
    }
  }
  return text.empty() ? text : PairName(pair) + ": " + text;
}

}  // namespace

const DeltaSize* DeltaPair::Find(std::string_view codec) const {
  const auto found = std::ranges::find_if(
      sizes, [codec](const DeltaSize& size) { return size.codec == codec; });
  return found == sizes.end() ? nullptr : &*found;
}

std::string DeltasToCsv(const std::vector<DeltaPair>& pairs,
                        std::string_view versions) {
  std::string csv =
      "# ingot_deltas: encoded bytes, everything counted; peers: ";
  csv += std::string(versions) + "\n" + std::string(kHead) + "\n";
  for (const DeltaPair& pair : pairs) {
    for (const DeltaSize& size : pair.sizes) {
      csv += CsvField(pair.base) + "," + CsvField(pair.data) + "," +
             std::to_string(pair.elements) + "," +
             std::to_string(pair.changed) + "," + CsvField(size.codec) + "," +
             std::to_string(size.raw_bytes) + "," +
             std::to_string(size.encoded_bytes) + "\n";
    }
  }
  return csv;
}

Result<std::vector<DeltaPair>> DeltasFromCsv(std::string_view csv) {
  std::vector<DeltaPair> pairs;
  bool has_head = false;
  for (int number = 1; !csv.empty(); ++number) {
    const size_t end = std::min(csv.find('\n'), csv.size());
    const std::string_view line = csv.substr(0, end);
    csv.remove_prefix(std::min(end + 1, csv.size()));
    if (line.starts_with('#')) continue;
    DeltaPair pair;
    DeltaSize size;
    if (has_head ? !ParseRow(line, &pair, &size) : line != kHead) {
      return Corruption("line " + std::to_string(number) + ": expected " +
                        std::string(kHead));
    }
    if (std::exchange(has_head, true)) {
      if (pairs.empty() || pairs.back().base != pair.base ||
          pairs.back().data != pair.data) {
        pairs.push_back(std::move(pair));
      }
      pairs.back().sizes.push_back(std::move(size));
    }
  }
  return pairs;
}

std::string DeltaTable(const std::vector<DeltaPair>& pairs) {
  std::vector<std::string> head = {"base \xE2\x86\x92 file", "raw bytes",
                                   "changed"};
  head.insert(head.end(), kColumns.begin(), kColumns.end());
  head.emplace_back("entropy");
  std::string text = MarkdownHead(head);
  std::string beaten;
  size_t files = 0;
  for (const DeltaPair& pair : pairs) {
    if (pair.IsSynthetic()) continue;
    ++files;
    uint64_t least = UINT64_MAX;
    for (const DeltaSize& size : pair.sizes) {
      if (size.codec != kEntropy) least = std::min(least, size.encoded_bytes);
    }
    std::vector<std::string> cells = {
        PairName(pair), Thousands(pair.sizes[0].raw_bytes),
        pair.elements == 0 ? "no base found"
                           : Fixed(static_cast<double>(pair.changed) /
                                       static_cast<double>(pair.elements),
                                   4)};
    for (const std::string_view codec : kColumns) {
      const DeltaSize* const size = pair.Find(codec);
      cells.push_back(size == nullptr ? "-" : SizeText(size->size()));
      if (size != nullptr && size->encoded_bytes == least) {
        cells.back() = "**" + cells.back() + "**";
      }
    }
    const DeltaSize* const entropy = pair.Find(kEntropy);
    cells.push_back(entropy == nullptr ? "-" : SizeText(entropy->size()));
    text += MarkdownRow(cells);
    const std::string line = Beaten(pair);
    if (!line.empty()) beaten += "\n- " + line;
  }
  if (files == 0) return {};
  if (beaten.empty()) {
    return text +
           "\nIngot is smaller than both others on every pair and at "
           "every level.\n";
  }
  return text + "\nIngot is smaller than both others but for:\n" + beaten +
         "\n";
}

}  // namespace ingot
