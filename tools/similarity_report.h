// What ingot similar tells of a Similarity, as text, JSON and an image.
//
// Thread-safety: functions without state.

#ifndef INGOT_TOOLS_SIMILARITY_REPORT_H_
#define INGOT_TOOLS_SIMILARITY_REPORT_H_

#include <string>

#include "tools/similarity.h"

namespace ingot {

// A table of files with their best bases; of more than two files, one of all
// pairs; and, where asked for, the tensors of each file given its best base.
std::string SimilarityAsText(const Similarity& similarity, bool tensors);
// All pairs, with their tensors where asked for.
std::string SimilarityAsJson(const Similarity& similarity, bool tensors);
// A heat map of all pairs beside the family tree.
std::string SimilarityAsSvg(const Similarity& similarity);

}  // namespace ingot

#endif  // INGOT_TOOLS_SIMILARITY_REPORT_H_
