// Model files to be packed, and a store whose repositories have them.

#ifndef INGOT_TESTS_DAEMON_INGEST_INGEST_SAMPLES_H_
#define INGOT_TESTS_DAEMON_INGEST_INGEST_SAMPLES_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "codec/digest.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

// Three bf16 matrices and a vector, of about 60 kB. Models of one family are
// fine-tunes of each other; `tuning` says of whom, 0 is the base. `prefix` is
// put before the names of tensors.
std::string ModelFile(uint64_t family, uint64_t tuning,
                      const std::string& prefix = "");
// Bytes of its tensors, which its header is not.
uint64_t ModelTensorBytes();
// A file of NumPy with the same weights as a model's first matrix.
std::string NpyFile(uint64_t family);

// The repository NAMESPACE/NAME, made where it is not there.
uint64_t RepositoryOf(store::Store* store, const std::string& space,
                      const std::string& name, bool is_private = true);
// Uploads a file and grants it.
Status Upload(store::Store* store, uint64_t repository,
              const std::string& bytes);

Digest DigestOf(const std::string& bytes);

// Of the objects that a packed file is made of, without those of other packs.
std::set<unsigned> DepthsOf(store::Store* store, const std::string& bytes);

// A failure unless the store restores the file, whole and in random ranges.
void ExpectStored(store::Store* store, const std::string& bytes,
                  uint64_t seed = 0);

}  // namespace ingot::ingest

#endif  // INGOT_TESTS_DAEMON_INGEST_INGEST_SAMPLES_H_
