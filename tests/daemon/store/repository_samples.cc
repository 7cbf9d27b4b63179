#include "tests/daemon/store/repository_samples.h"

#include <string>

namespace ingot::store {

GitObject GitText(GitType type, std::string_view text) {
  const ByteSpan bytes = AsBytes(text);
  return {type, {bytes.begin(), bytes.end()}};
}

std::vector<GitObject> SampleCommit(uint64_t number,
                                    const std::optional<GitId>& parent) {
  std::vector<GitObject> objects;
  objects.push_back(GitText(GitType::kBlob,
                            "file of commit " + std::to_string(number) + "\n"));
  const GitId blob = IdOf(objects.back());
  objects.push_back(
      GitText(GitType::kTree, std::string("100644 README.md") + '\0' +
                                  std::string(AsText(blob.bytes))));
  std::string text = "tree " + ToHex(IdOf(objects.back()).bytes) + "\n";
  if (parent) text += "parent " + ToHex(parent->bytes) + "\n";
  const std::string person =
      "somebody <somebody@example.org> " + std::to_string(number) + " +0000\n";
  text += "author " + person + "committer " + person + "\nCommit " +
          std::to_string(number) + "\n";
  objects.push_back(GitText(GitType::kCommit, text));
  return objects;
}

GitId SampleCommitId(uint64_t number, const std::optional<GitId>& parent) {
  return IdOf(SampleCommit(number, parent).back());
}

GitId IdOfHex(std::string_view hex) {
  GitId id;
  for (size_t i = 0; i < id.bytes.size(); ++i) {
    id.bytes[i] = static_cast<std::byte>(
        std::stoul(std::string(hex.substr(2 * i, 2)), nullptr, 16));
  }
  return id;
}

}  // namespace ingot::store
