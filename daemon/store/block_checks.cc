#include "daemon/store/block_checks.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "codec/base/checksum.h"

namespace ingot::store {
namespace {

constexpr uint64_t kSum = 8;  // bytes of one

class CheckedFile final : public Source {
 public:
  CheckedFile(std::unique_ptr<Source> file, uint64_t length)
      : file_(std::move(file)), length_(length) {}

  const std::string& name() const override { return file_->name(); }
  uint64_t size() const override { return length_; }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override;

 private:
  // Whole blocks, from `begin` on.
  Status ReadBlocks(uint64_t begin, MutableByteSpan out) const;

  const std::unique_ptr<Source> file_;
  const uint64_t length_;
};

Status CheckedFile::ReadAt(uint64_t offset, MutableByteSpan out) const {
  if (offset > length_ || out.size() > length_ - offset) {
    return Corruption(name() + ": ends before byte " +
                      std::to_string(offset + out.size()));
  }
  const uint64_t end = offset + out.size();
  std::vector<std::byte> block;
  for (uint64_t at = offset; at < end;) {
    const uint64_t begin = at - at % kCheckedBlock;
    const uint64_t block_end = std::min(begin + kCheckedBlock, length_);
    const MutableByteSpan rest = out.subspan(at - offset);
    if (at == begin && block_end <= end) {
      // As many as there are, without a copy.
      const uint64_t whole = end == length_ ? end : end - end % kCheckedBlock;
      INGOT_TRY(ReadBlocks(begin, rest.first(whole - begin)));
      at = whole;
      continue;
    }
    block.resize(block_end - begin);
    INGOT_TRY(ReadBlocks(begin, block));
    const uint64_t wanted = std::min(block_end, end) - at;
    std::memcpy(rest.data(), block.data() + (at - begin), wanted);
    at += wanted;
  }
  return {};
}

Status CheckedFile::ReadBlocks(uint64_t begin, MutableByteSpan out) const {
  INGOT_TRY(file_->ReadAt(begin, out));
  const uint64_t count = (out.size() + kCheckedBlock - 1) / kCheckedBlock;
  std::vector<std::byte> sums(count * kSum);
  INGOT_TRY(file_->ReadAt(length_ + begin / kCheckedBlock * kSum, sums));
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t at = i * kCheckedBlock;
    const ByteSpan block =
        out.subspan(at, std::min<uint64_t>(kCheckedBlock, out.size() - at));
    if (Checksum(block) != LoadLittleEndian<uint64_t>(&sums[i * kSum])) {
      return Corruption(name() + ": bytes from " + std::to_string(begin + at) +
                        " on do not have their checksum");
    }
  }
  return {};
}

}  // namespace

void BlockSums::Add(ByteSpan block) {
  sums_.resize(sums_.size() + kSum);
  StoreLittleEndian(&sums_[sums_.size() - kSum], Checksum(block));
}

void BlockSums::Update(ByteSpan bytes) {
  if (!begun_.empty()) {
    const size_t more =
        std::min<size_t>(bytes.size(), kCheckedBlock - begun_.size());
    begun_.insert(begun_.end(), bytes.begin(),
                  bytes.begin() + static_cast<ptrdiff_t>(more));
    bytes = bytes.subspan(more);
    if (begun_.size() < kCheckedBlock) return;
    Add(begun_);
    begun_.clear();
  }
  for (; bytes.size() >= kCheckedBlock; bytes = bytes.subspan(kCheckedBlock)) {
    Add(bytes.first(kCheckedBlock));
  }
  begun_.insert(begun_.end(), bytes.begin(), bytes.end());
}

const std::vector<std::byte>& BlockSums::Finish() {
  if (!begun_.empty()) Add(begun_);
  begun_.clear();
  return sums_;
}

std::unique_ptr<Source> OpenChecked(std::unique_ptr<Source> file,
                                    uint64_t length) {
  return std::make_unique<CheckedFile>(std::move(file), length);
}

}  // namespace ingot::store
