// Audience: who may read a file, as far as it matters for what may be coded
// against it.
//
// Whoever can read a file should be able to read all that is needed to decode
// it, and be told nothing of files that they may not read. So a base is usable
// if everyone may read it, or if it is granted to a repository in each
// namespace where the file is; of a file that everyone may read, only the
// former. It is asked when the file is packed: grants that come or go later
// change nothing in what is packed.
//
// Thread-safety: a value; functions without state.

#ifndef INGOT_DAEMON_INGEST_AUDIENCE_H_
#define INGOT_DAEMON_INGEST_AUDIENCE_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/repositories.h"

namespace ingot::ingest {

struct Audience {
  std::vector<uint64_t> repositories;  // that are granted it, by number
  std::set<std::string> spaces;        // namespaces of those
  bool everyone = false;               // one of those is public
};

// Without repositories: nobody may read it.
Result<Audience> FindAudience(const store::Repositories& repositories,
                              const Digest& file);

// Whether whoever may read the file may read the base.
bool MayNeed(const Audience& file, const Audience& base);

// Whether a repository is granted both.
bool ShareRepository(const Audience& a, const Audience& b);

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_AUDIENCE_H_
