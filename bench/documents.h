// Documents: the Markdown tables that results become, and the documents that
// hold them between comments that name them:
//
//   <!-- peers: workloads -->
//   ...
//   <!-- /peers -->
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_BENCH_DOCUMENTS_H_
#define INGOT_BENCH_DOCUMENTS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/results.h"
#include "codec/result.h"

namespace ingot {

// Sections: "workloads" (size and speed of everything), "corpus" (sums over
// files), "files" (every file). Empty for any other name.
std::string MarkdownSection(const Results& results, std::string_view section);

// `document` with the text of all sections of `program` ("peers") replaced:
// `text` knows it, is empty for what stays, and null for an unknown name.
// kCorruption for a comment that names no section or has no end.
Result<std::string> ReplaceSections(
    std::string document, std::string_view program,
    const std::function<std::optional<std::string>(std::string_view)>& text);

// Rows of a Markdown table; 12345 as "12,345".
std::string MarkdownRow(const std::vector<std::string>& cells);
std::string MarkdownHead(const std::vector<std::string>& cells);
std::string Thousands(uint64_t number);

// `document` with all sections above replaced.
Result<std::string> UpdateDocument(const Results& results,
                                   std::string document);

}  // namespace ingot

#endif  // INGOT_BENCH_DOCUMENTS_H_
