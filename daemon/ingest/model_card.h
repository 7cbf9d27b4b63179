// Model cards: what a repository's README.md says about its model, in YAML
// between two lines "---" at its beginning.
//
// Anybody may write one: its length, its depth and the number of its parts are
// limited, aliases stand for nothing, and what is malformed says nothing.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_INGEST_MODEL_CARD_H_
#define INGOT_DAEMON_INGEST_MODEL_CARD_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::ingest {

// Of a card no more is looked at.
inline constexpr size_t kMaxCardBytes = 64 << 10;
inline constexpr size_t kMaxBaseModels = 8;

// What `base_model` names, in its order: "NAMESPACE/NAME" or "NAME", each part
// fit to be a repository's. Other names are left out, and so is what follows
// the first kMaxBaseModels.
std::vector<std::string> BaseModelsOf(std::string_view readme);

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_MODEL_CARD_H_
