#include "daemon/store/tokens.h"

#include <openssl/rand.h>

#include <array>
#include <utility>

#include "daemon/store/append.h"
#include "daemon/store/largest_number.h"
#include "daemon/store/repository.h"

namespace ingot::store {
namespace {

// So that people, and programs that look for leaked secrets, know one.
// The Hub's clients refuse secrets that do not begin with "hf_".
constexpr std::string_view kPrefix = "hf_ingot_";
constexpr size_t kSecretBytes = 32;

}  // namespace

Result<std::unique_ptr<Tokens>> Tokens::Open(Journal* journal,
                                             const Index* index) {
  INGOT_ASSIGN(const uint64_t largest, LargestNumber(*index, kTokenNumbers));
  return std::unique_ptr<Tokens>(new Tokens(journal, index, largest + 1));
}

Result<std::string> Tokens::Create(Token token) {
  for (const std::string* part :
       {&token.name, &token.space, &token.repository}) {
    if (IsNamePart(*part)) continue;
    return InvalidArgument("token: '" + *part + "': expected at most " +
                           std::to_string(kMaxNameBytes) +
                           " of A-Z a-z 0-9 . _ -");
  }
  std::array<std::byte, kSecretBytes> random;
  if (RAND_bytes(AsU8(random.data()), static_cast<int>(random.size())) != 1) {
    return Error{ErrorKind::kUnavailable, "token: no random numbers"};
  }
  const std::string secret = std::string(kPrefix) + ToHex(random);
  token.secret = HashBytes(AsBytes(secret));
  INGOT_TRY(AppendRecord(journal_,
                         TokenCreatedRecord{next_number_++, std::move(token)}));
  return secret;
}

Result<std::optional<TokenInfo>> Tokens::Find(std::string_view secret) const {
  // Looking up a digest tells no more of a secret than its digest does.
  INGOT_ASSIGN(std::optional<TokenInfo> info,
               FindToken(*index_, HashBytes(AsBytes(secret))));
  if (info && info->token.expires != 0 &&
      info->token.expires <= journal_->now()) {
    info.reset();
  }
  return info;
}

Result<bool> Tokens::Any() const { return HasTokens(*index_); }

Result<std::vector<TokenInfo>> Tokens::List() const {
  return ListTokens(*index_);
}

Status Tokens::Revoke(uint64_t number) {
  return AppendRecord(journal_, TokenRevokedRecord{number});
}

}  // namespace ingot::store
