#include "bench/documents.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "tools/svg.h"

namespace ingot {
namespace {

constexpr std::array<std::string_view, 5> kCompared = {
    "ingot-3", "ingot-9", "zstd-19", "xz-9", "blosc-zstd-9+shuffle"};

// Ratios with enough digits to tell slow codecs apart.
std::string Times(double ratio) {
  if (ratio == 0) return "-";
  return Fixed(ratio, ratio < 0.0095 ? 4 : ratio < 0.095 ? 3 : 2);
}

std::string Codec(const Measurement& m) {
  return m.codec + (m.sample ? " \\*" : "");
}

// All about one workload.
std::string OneWorkload(const DataResult& data) {
  std::string text =
      MarkdownHead({data.name + ", " + data.dtype, "size", "decode / memcpy",
                    "encode / memcpy", "decode GB/s", "encode GB/s"});
  for (const Measurement& m : data.measurements) {
    text += MarkdownRow({Codec(m), Fixed(m.size(), 4), Times(m.decode_ratio),
                         Times(m.encode_ratio), Times(m.decode_gbps),
                         Times(m.encode_gbps)});
  }
  return text;
}

// Size and decode speed of several workloads beside each other.
std::string SeveralWorkloads(const std::vector<const DataResult*>& workloads) {
  std::vector<std::string> head = {""};
  for (const DataResult* data : workloads) {
    head.push_back(data->name + ", " + data->dtype + ": size");
    head.emplace_back("decode / memcpy");
  }
  std::string text = MarkdownHead(head);
  for (const Measurement& first : workloads[0]->measurements) {
    std::vector<std::string> cells = {Codec(first)};
    for (const DataResult* data : workloads) {
      const Measurement* const m = data->Find(first.codec);
      cells.push_back(m == nullptr ? "-" : Fixed(m->size(), 4));
      cells.push_back(m == nullptr ? "-" : Times(m->decode_ratio));
    }
    text += MarkdownRow(cells);
  }
  return text;
}

std::string Workloads(const Results& results) {
  std::vector<const DataResult*> workloads;
  for (const DataResult& data : results.data) {
    if (!data.is_file) workloads.push_back(&data);
  }
  if (workloads.empty()) return {};
  std::string text = OneWorkload(*workloads[0]) + "\n";
  std::string copies = Fixed(workloads[0]->memcpy_gbps, 1);
  const std::vector<const DataResult*> rest(workloads.begin() + 1,
                                            workloads.end());
  if (!rest.empty()) text += SeveralWorkloads(rest) + "\n";
  for (const DataResult* data : rest) {
    copies += ", " + Fixed(data->memcpy_gbps, 1);
  }
  return text + results.processor + ", " + results.kernel +
         " kernels; memcpy moved " + copies + " GB/s; " + results.versions +
         ". \\*: measured on a sample of the workload.\n";
}

std::vector<const DataResult*> Files(const Results& results) {
  std::vector<const DataResult*> files;
  for (const DataResult& data : results.data) {
    const auto has = [&data](std::string_view codec) {
      return data.Find(codec) != nullptr;
    };
    if (data.is_file && std::all_of(kCompared.begin(), kCompared.end(), has)) {
      files.push_back(&data);
    }
  }
  return files;
}

std::vector<std::string> CorpusHead(std::string_view what) {
  std::vector<std::string> head = {std::string(what), "raw bytes"};
  head.insert(head.end(), kCompared.begin(), kCompared.end());
  return head;
}

// Files on which a level of Ingot is smaller than all peers.
size_t CountSmallest(std::string_view level,
                     const std::vector<const DataResult*>& files) {
  return static_cast<size_t>(std::count_if(
      files.begin(), files.end(), [level](const DataResult* file) {
        const uint64_t own = file->Find(level)->encoded_bytes;
        return std::all_of(kCompared.begin(), kCompared.end(),
                           [&](std::string_view codec) {
                             return codec.starts_with("ingot-") ||
                                    file->Find(codec)->encoded_bytes > own;
                           });
      }));
}

// Sums over files by the dtype of most of their bytes, and over all.
std::string Corpus(const Results& results) {
  struct Sum {
    std::string name;
    uint64_t files = 0;
    uint64_t raw = 0;
    std::array<uint64_t, kCompared.size()> encoded = {};
  };
  std::vector<Sum> sums;
  const auto add = [&sums](const std::string& name, const DataResult& file) {
    auto sum = std::find_if(sums.begin(), sums.end(),
                            [&](const Sum& s) { return s.name == name; });
    if (sum == sums.end()) sum = sums.insert(sum, Sum{.name = name});
    ++sum->files;
    sum->raw += file.raw_bytes;
    for (size_t i = 0; i < kCompared.size(); ++i) {
      sum->encoded[i] += file.Find(kCompared[i])->encoded_bytes;
    }
  };
  const std::vector<const DataResult*> files = Files(results);
  if (files.empty()) return {};
  for (const DataResult* file : files) {
    add(file->MostlyFloats() ? "mostly " + file->dtype : "not floats", *file);
  }
  std::sort(sums.begin(), sums.end(),
            [](const Sum& a, const Sum& b) { return a.raw > b.raw; });
  for (const DataResult* file : files) {
    if (file->MostlyFloats()) add("**all that are mostly floats**", *file);
  }
  for (const DataResult* file : files) add("**all**", *file);
  std::string text = MarkdownHead(CorpusHead("files"));
  for (const Sum& sum : sums) {
    std::vector<std::string> cells = {
        sum.name + ", " + std::to_string(sum.files), Thousands(sum.raw)};
    for (const uint64_t encoded : sum.encoded) {
      cells.push_back(Fixed(
          static_cast<double>(encoded) / static_cast<double>(sum.raw), 4));
    }
    text += MarkdownRow(cells);
  }
  return text + "\nLevel 3 is smaller than all three peers on " +
         std::to_string(CountSmallest("ingot-3", files)) + " of the " +
         std::to_string(files.size()) + " files, level 9 on " +
         std::to_string(CountSmallest("ingot-9", files)) + ".\n";
}

// Every file; the smallest size of each is bold.
std::string EveryFile(const Results& results) {
  const std::vector<const DataResult*> files = Files(results);
  if (files.empty()) return {};
  std::vector<std::string> head = CorpusHead("file");
  head.insert(head.begin() + 1, "dtype of most bytes");
  std::string text = MarkdownHead(head);
  for (const DataResult* file : files) {
    std::vector<std::string> cells = {file->name, file->dtype,
                                      Thousands(file->raw_bytes)};
    uint64_t least = UINT64_MAX;
    for (const std::string_view codec : kCompared) {
      least = std::min(least, file->Find(codec)->encoded_bytes);
    }
    for (const std::string_view codec : kCompared) {
      const Measurement& m = *file->Find(codec);
      const std::string size = Fixed(m.size(), 4);
      cells.push_back(m.encoded_bytes == least ? "**" + size + "**" : size);
    }
    text += MarkdownRow(cells);
  }
  return text;
}

}  // namespace

std::string MarkdownRow(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + " |";
  return row + "\n";
}

std::string MarkdownHead(const std::vector<std::string>& cells) {
  return MarkdownRow(cells) +
         MarkdownRow(std::vector<std::string>(cells.size(), "---"));
}

std::string Thousands(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string MarkdownSection(const Results& results, std::string_view section) {
  if (section == "workloads") return Workloads(results);
  if (section == "corpus") return Corpus(results);
  if (section == "files") return EveryFile(results);
  return {};
}

Result<std::string> ReplaceSections(
    std::string document, std::string_view program,
    const std::function<std::optional<std::string>(std::string_view)>& text) {
  const std::string begin = "<!-- " + std::string(program) + ": ";
  const std::string last = "<!-- /" + std::string(program) + " -->";
  size_t position = 0;
  while ((position = document.find(begin, position)) != std::string::npos) {
    const size_t name = position + begin.size();
    const size_t name_end = document.find(" -->\n", name);
    const size_t end = document.find(last, name);
    if (name_end == std::string::npos || end == std::string::npos ||
        name_end > end) {
      return Corruption("offset " + std::to_string(position) + ": expected " +
                        last + " after the comment");
    }
    const std::string section = document.substr(name, name_end - name);
    const std::optional<std::string> replacement = text(section);
    if (!replacement) {
      return Corruption("offset " + std::to_string(position) +
                        ": no section is called \"" + section + "\"");
    }
    const size_t from = name_end + 5;
    if (!replacement->empty()) {
      document.replace(from, end - from, "\n" + *replacement + "\n");
    }
    position = document.find(last, from) + last.size();
  }
  return document;
}

Result<std::string> UpdateDocument(const Results& results,
                                   std::string document) {
  return ReplaceSections(
      std::move(document), "peers",
      [&results](std::string_view section) -> std::optional<std::string> {
        if (section != "workloads" && section != "corpus" &&
            section != "files") {
          return std::nullopt;
        }
        // Results of a part of the data leave the other sections alone.
        return MarkdownSection(results, section);
      });
}

}  // namespace ingot
