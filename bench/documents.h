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

#include <string>
#include <string_view>

#include "bench/results.h"
#include "codec/result.h"

namespace ingot {

// Sections: "workloads" (size and speed of everything), "corpus" (sums over
// files), "files" (every file). Empty for any other name.
std::string MarkdownSection(const Results& results, std::string_view section);

// `document` with all sections replaced. kCorruption for a comment that names
// no section or has no end.
Result<std::string> UpdateDocument(const Results& results,
                                   std::string document);

}  // namespace ingot

#endif  // INGOT_BENCH_DOCUMENTS_H_
