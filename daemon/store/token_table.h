// The rows of tokens, as the journal's records say.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_TOKEN_TABLE_H_
#define INGOT_DAEMON_STORE_TOKEN_TABLE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/index.h"
#include "daemon/store/token.h"
#include "daemon/store/token_records.h"

namespace ingot::store {

struct TokenInfo {
  uint64_t number = 0;
  Token token;
  bool operator==(const TokenInfo&) const = default;
};

// kConflict: the number or the secret is taken.
Status Apply(const TokenCreatedRecord& record, IndexWriter* index);
// kNotFound: no such token.
Status Apply(const TokenRevokedRecord& record, IndexWriter* index);

// Nothing where there is none; one that has expired is there.
Result<std::optional<TokenInfo>> FindToken(const IndexReader& index,
                                           const Digest& secret);
Result<bool> HasTokens(const IndexReader& index);
// By number.
Result<std::vector<TokenInfo>> ListTokens(const IndexReader& index);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_TOKEN_TABLE_H_
