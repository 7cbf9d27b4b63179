// Commits that prove themselves: everything in one follows from a number.

#ifndef INGOT_TESTS_DAEMON_STORE_REPOSITORY_SAMPLES_H_
#define INGOT_TESTS_DAEMON_STORE_REPOSITORY_SAMPLES_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/store/repositories.h"

namespace ingot::store {

GitObject GitText(GitType type, std::string_view text);

// A blob, a tree that names it and a commit of that, in this order.
std::vector<GitObject> SampleCommit(uint64_t number,
                                    const std::optional<GitId>& parent = {});
// Its commit's id.
GitId SampleCommitId(uint64_t number, const std::optional<GitId>& parent = {});

// Of 40 hexadecimal digits.
GitId IdOfHex(std::string_view hex);

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_REPOSITORY_SAMPLES_H_
