#include "codec/container/outside_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "codec/method/kernels.h"

namespace ingot {
namespace {

// Files that a message names.
constexpr size_t kNamedFiles = 3;

// Where elements [first, first + elements) of an object lie in it; nothing
// where no object is as long.
std::optional<uint64_t> ByteOffset(uint64_t first, uint64_t elements,
                                   uint64_t element_bytes) {
  uint64_t end = 0;
  if (__builtin_add_overflow(first, elements, &end) ||
      __builtin_mul_overflow(end, element_bytes, &end)) {
    return std::nullopt;
  }
  return first * element_bytes;
}

}  // namespace

Error OutsideReader::NotFound(const Digest& object,
                              const std::string& why) const {
  std::string text =
      "needs object " + ToHex(object) + ", which is not in this container";
  if (!files_.empty()) text += "; a base was";
  for (size_t i = 0; i < std::min(files_.size(), kNamedFiles); ++i) {
    text += (i == 0 ? " '" : ", '") + files_[i].name + "' (sha256 " +
            ToHex(files_[i].id.digest) + ")";
  }
  if (files_.size() > kNamedFiles) {
    text += " and " + std::to_string(files_.size() - kNamedFiles) + " more";
  }
  if (!why.empty()) text += ": " + why;
  return {ErrorKind::kNotFound, std::move(text)};
}

Status OutsideReader::Read(const Digest& object, uint64_t offset,
                           MutableByteSpan out) const {
  if (source_ == nullptr) return NotFound(object, "");
  return Explain(object, source_->Read(object, offset, out));
}

Status OutsideReader::Explain(const Digest& object, Status status) const {
  if (status.ok()) return status;
  Error error = std::move(status).error();
  if (error.kind == ErrorKind::kNotFound) {
    return NotFound(object, error.message);
  }
  if (error.kind == ErrorKind::kInvalidArgument) {
    error.kind = ErrorKind::kCorruption;
  }
  return WithContext("object " + ToHex(object) + ": ", std::move(error));
}

Result<const std::byte*> OutsideReader::ReadElements(
    std::span<const GroupReference> references, uint64_t element_bytes,
    uint64_t first, uint64_t elements, AlignedBuffer* buffer) const {
  const uint64_t size = elements * element_bytes;
  uint64_t at = 0;    // of the reference, in what all give
  uint64_t done = 0;  // elements
  for (const GroupReference& reference : references) {
    const uint64_t skip = std::min(first + done - at, reference.elements);
    at += reference.elements;
    const uint64_t count = std::min(reference.elements - skip, elements - done);
    if (count == 0) continue;
    uint64_t from = 0;
    const std::optional<uint64_t> offset =
        __builtin_add_overflow(reference.first, skip, &from)
            ? std::nullopt
            : ByteOffset(from, count, element_bytes);
    if (!offset) {
      return Corruption("a reference beyond the end of any object");
    }
    if (count == elements && source_ != nullptr) {
      const std::optional<ByteSpan> whole = source_->InMemory(reference.digest);
      if (whole && whole->size() >= kKernelSlack &&
          whole->size() - kKernelSlack >= size &&
          whole->size() - kKernelSlack - size >= *offset) {
        return whole->data() + *offset;
      }
    }
    if (source_ == nullptr) return NotFound(reference.digest, "");
    if (done == 0) INGOT_TRY(buffer->Resize(size + kKernelSlack));
    const MutableByteSpan part =
        buffer->span().subspan(done * element_bytes, count * element_bytes);
    INGOT_TRY(Explain(reference.digest,
                      source_->ReadBase(reference.digest, *offset, part)));
    done += count;
    if (done == elements) break;
  }
  if (done == 0) INGOT_TRY(buffer->Resize(size + kKernelSlack));
  std::memset(buffer->data() + done * element_bytes, 0,
              size + kKernelSlack - done * element_bytes);
  return static_cast<const std::byte*>(buffer->data());
}

}  // namespace ingot
