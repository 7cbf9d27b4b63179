#include "daemon/api/commit_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "daemon/api/json_text.h"
#include "daemon/auth/base64.h"

namespace ingot::api {
namespace {

using nlohmann::json;

constexpr size_t kMaxMessageBytes = 64 << 10;

Result<CommitOperation> ParseFile(const json& value) {
  CommitOperation operation = {.kind = CommitOperation::Kind::kFile};
  const auto content = value.find("content");
  if (content == value.end() || !content->is_string()) {
    return InvalidArgument("expected content");
  }
  const auto& text = content->get_ref<const std::string&>();
  const std::string encoding = TextOf(value, "encoding");
  if (encoding == "base64") {
    auto decoded = auth::DecodeBase64(text);
    if (!decoded) return InvalidArgument("content: expected base64");
    operation.content = std::move(*decoded);
  } else if (encoding.empty() || encoding == "utf-8") {
    const ByteSpan bytes = AsBytes(text);
    operation.content.assign(bytes.begin(), bytes.end());
  } else {
    return InvalidArgument("encoding: expected base64 or utf-8");
  }
  return operation;
}

Result<CommitOperation> ParseLargeFile(const json& value) {
  CommitOperation operation = {.kind = CommitOperation::Kind::kLargeFile};
  const auto file = DigestOfHex(TextOf(value, "oid"));
  const std::string algorithm = TextOf(value, "algo");
  if (!file || (!algorithm.empty() && algorithm != "sha256")) {
    return InvalidArgument("oid: expected a SHA-256");
  }
  operation.file = *file;
  const auto size = value.find("size");
  if (size != value.end() && !size->is_null()) {
    if (!size->is_number_unsigned()) return InvalidArgument("size: no size");
    operation.length = size->get<uint64_t>();
  }
  return operation;
}

}  // namespace

Status CommitParser::ParseLine(ByteSpan line) {
  ++lines_;
  if (AsText(line).find_first_not_of(" \t\r") == std::string_view::npos) {
    return {};
  }
  const std::string where = "line " + std::to_string(lines_) + ": ";
  const auto refused = [&](const std::string& why) {
    return InvalidArgument(where + why);
  };
  const json parsed = json::parse(AsText(line), nullptr, false);
  const auto value = parsed.is_object() ? parsed.find("value") : parsed.end();
  if (!parsed.is_object() || value == parsed.end() || !value->is_object()) {
    return refused("expected {\"key\": ..., \"value\": {...}}");
  }
  const std::string key = TextOf(parsed, "key");
  if (key == "header") {
    if (has_header_) return refused("a second header");
    has_header_ = true;
    request_.summary = TextOf(*value, "summary");
    request_.description = TextOf(*value, "description");
    request_.parent = TextOf(*value, "parentCommit");
    if (request_.summary.size() + request_.description.size() >
        kMaxMessageBytes) {
      return refused("the message is longer than 64 KiB");
    }
    return {};
  }
  Result<CommitOperation> operation = InvalidArgument("unknown key");
  if (key == "file") operation = ParseFile(*value);
  if (key == "lfsFile") operation = ParseLargeFile(*value);
  if (key == "deletedFile" || key == "deletedFolder") {
    operation = CommitOperation{
        .kind = key == "deletedFile" ? CommitOperation::Kind::kDeleteFile
                                     : CommitOperation::Kind::kDeleteFolder};
  }
  if (!operation.ok()) return WithContext(where, operation.error());
  operation->path = TextOf(*value, "path");
  if (request_.operations.size() == kMaxCommitOperations) {
    return Error{ErrorKind::kResourceExhausted,
                 "more than " + std::to_string(kMaxCommitOperations) +
                     " files in a commit"};
  }
  request_.operations.push_back(std::move(*operation));
  return {};
}

Status CommitParser::Feed(ByteSpan bytes) {
  bytes_ += bytes.size();
  if (bytes_ > kMaxCommitBytes) {
    return Error{ErrorKind::kResourceExhausted,
                 "a commit of more than 32 MiB: upload large files with LFS"};
  }
  while (!bytes.empty()) {
    const auto end = std::ranges::find(bytes, std::byte{'\n'});
    const auto length = static_cast<size_t>(end - bytes.begin());
    if (line_.size() + length > kMaxCommitLine) {
      return Error{ErrorKind::kResourceExhausted,
                   "line " + std::to_string(lines_ + 1) +
                       ": longer than 2 MiB: upload large files with LFS"};
    }
    line_.insert(line_.end(), bytes.begin(), end);
    if (end == bytes.end()) return {};
    Status parsed = ParseLine(line_);
    line_.clear();
    INGOT_TRY(parsed);
    bytes = bytes.subspan(length + 1);
  }
  return {};
}

Result<CommitRequest> CommitParser::Finish() {
  if (!line_.empty()) INGOT_TRY(ParseLine(line_));
  if (!has_header_) return InvalidArgument("a commit without a header");
  return std::move(request_);
}

}  // namespace ingot::api
