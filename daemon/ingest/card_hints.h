// FindCardHints: which files a file was probably made from, as the model cards
// of the repositories that are granted it say (STORE.md, "Compaction").
//
// A card is README.md at `main`, and what it names is a model of this store, in
// the card's namespace where no other is named. Anybody may write anything into
// a card: what it names is left out unless all readers of the repository may
// read it, and what serves as a base is for BaseFinder to say.
//
// Thread-safety: a function without state; as Repositories.

#ifndef INGOT_DAEMON_INGEST_CARD_HINTS_H_
#define INGOT_DAEMON_INGEST_CARD_HINTS_H_

#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/repositories.h"

namespace ingot::ingest {

// At most 256, the likeliest first. Errors are the index's.
Result<std::vector<Digest>> FindCardHints(
    const store::Repositories& repositories, const Digest& file);

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_CARD_HINTS_H_
