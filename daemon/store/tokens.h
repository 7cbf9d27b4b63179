// Tokens: who may do what (STORE.md, "Tokens").
//
// Thread-safety: may be used from several threads at once. What changes
// something waits for the disk.

#ifndef INGOT_DAEMON_STORE_TOKENS_H_
#define INGOT_DAEMON_STORE_TOKENS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/index.h"
#include "daemon/store/journal.h"
#include "daemon/store/token_table.h"

namespace ingot::store {

class Tokens {
 public:
  // Both must outlive the Tokens.
  static Result<std::unique_ptr<Tokens>> Open(Journal* journal,
                                              const Index* index);
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  // Makes up a secret for `token`, whose own is not looked at, and returns it:
  // it cannot be had again. kInvalidArgument for names that are none.
  Result<std::string> Create(Token token);
  // The token of a secret, unless it has expired by the journal's time.
  Result<std::optional<TokenInfo>> Find(std::string_view secret) const;
  Result<bool> Any() const;
  // By number, with those that have expired.
  Result<std::vector<TokenInfo>> List() const;
  // Milliseconds since 1970, by which tokens expire.
  uint64_t now() const { return journal_->now(); }
  // kNotFound where there is none.
  Status Revoke(uint64_t number);

 private:
  Tokens(Journal* journal, const Index* index, uint64_t next_number)
      : journal_(journal), index_(index), next_number_(next_number) {}

  Journal* const journal_;
  const Index* const index_;
  std::atomic<uint64_t> next_number_;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_TOKENS_H_
