#include "daemon/store/token_table.h"

#include <string>
#include <utility>

#include "codec/base/byte_reader.h"
#include "daemon/store/index_keys.h"
#include "daemon/store/largest_number.h"

namespace ingot::store {
namespace {

IndexKey TokenKey(uint64_t number) {
  return IndexKey(IndexTable::kTokens).Add(number);
}
IndexKey SecretKey(const Digest& secret) {
  return IndexKey(IndexTable::kTokenSecrets).Add(secret);
}

// Values are payloads of their records.
Result<TokenInfo> ParseToken(std::string_view value) {
  ByteReader reader(AsBytes(value), "index, tokens");
  INGOT_ASSIGN(TokenCreatedRecord record, TokenCreatedRecord::Read(&reader));
  return TokenInfo{record.number, std::move(record.token)};
}

Result<std::optional<TokenInfo>> FindTokenRow(const IndexReader& index,
                                              const IndexKey& key) {
  INGOT_ASSIGN(const std::optional<std::string> value, index.Get(key));
  if (!value) return std::optional<TokenInfo>();
  INGOT_ASSIGN(TokenInfo info, ParseToken(*value));
  return std::optional(std::move(info));
}

}  // namespace

Status Apply(const TokenCreatedRecord& record, IndexWriter* index) {
  INGOT_ASSIGN(const auto same_number,
               FindTokenRow(*index, TokenKey(record.number)));
  INGOT_ASSIGN(const auto same_secret, FindToken(*index, record.token.secret));
  if (same_number || same_secret) {
    return Error{ErrorKind::kConflict,
                 "token " + std::to_string(record.number) + ": is there"};
  }
  const std::string row = RowOf(record);
  index->Put(TokenKey(record.number), row);
  index->Put(SecretKey(record.token.secret), row);
  return RaiseLargestNumber(kTokenNumbers, record.number, index);
}

Status Apply(const TokenRevokedRecord& record, IndexWriter* index) {
  INGOT_ASSIGN(const auto found, FindTokenRow(*index, TokenKey(record.number)));
  if (!found) {
    return Error{ErrorKind::kNotFound,
                 "token " + std::to_string(record.number) + ": not found"};
  }
  index->Delete(TokenKey(record.number));
  index->Delete(SecretKey(found->token.secret));
  return {};
}

Result<std::optional<TokenInfo>> FindToken(const IndexReader& index,
                                           const Digest& secret) {
  return FindTokenRow(index, SecretKey(secret));
}

Result<bool> HasTokens(const IndexReader& index) {
  return index.HasRows(IndexKey(IndexTable::kTokens));
}

Result<std::vector<TokenInfo>> ListTokens(const IndexReader& index) {
  std::vector<TokenInfo> tokens;
  INGOT_TRY(
      index.Scan(IndexKey(IndexTable::kTokens),
                 [&](std::string_view, std::string_view value) -> Result<bool> {
                   INGOT_ASSIGN(TokenInfo info, ParseToken(value));
                   tokens.push_back(std::move(info));
                   return true;
                 }));
  return tokens;
}

}  // namespace ingot::store
