// Section 1 of codec/FORMAT.md for the second decoder.

#include <xxhash.h>

#include "tests/codec/spec_base.h"
#include "tests/codec/spec_decoder.h"

namespace spec {
namespace {

// Section 1.
void SkipView(Input* body) {
  if (body->Byte() == 0) return;
  body->String();
  body->Byte();
  for (uint64_t left = body->Varint(); left > 0; --left) body->Varint();
}

class ContainerDecoder {
 public:
  explicit ContainerDecoder(const std::map<Digest, Bytes>& known)
      : known_(known) {}

  std::vector<File> Decode(const Bytes& container) {
    Input input(container);
    const Bytes head = input.Take(16);
    const Bytes magic = {0x89, 'I', 'N', 'G', 'O', 'T', 0x0D, 0x0A};
    Require(std::equal(magic.begin(), magic.end(), head.begin()), "magic");
    Require(XXH3_64bits(head.data(), 16) == input.Fixed(8), "header checksum");
    while (DecodeRecord(container, &input)) {
    }
    Require(input.remaining() == 32, "footer");
    return files_;
  }

 private:
  // False behind the index.
  bool DecodeRecord(const Bytes& container, Input* input) {
    const uint64_t begin = input->position();
    const unsigned type = input->Byte();
    const Bytes body_bytes = input->Take(input->Varint());
    const uint64_t checked = input->position() - begin;
    Require((XXH3_64bits(container.data() + begin, checked) & 0xFFFFFFFF) ==
                input->Fixed(4),
            "record checksum");
    Input body(body_bytes);
    Bytes payload;
    if ((type & 0x40) != 0) {
      const uint64_t length = Input(body_bytes).Varint();
      if (length >= 131072) {
        input->Take(RoundUp(input->position(), 64) - input->position());
      }
      payload = input->Take(length);
    }
    switch (type & 0x3F) {
      case 1:
        body.Byte();
        files_.push_back({body.String(), {}});
        in_file_ = true;
        return true;
      case 2: {
        SkipView(&body);
        const unsigned coder = body.Byte();
        const uint64_t length = body.Varint();
        Append(DecodePlain(coder, body.Take(body.remaining()), length));
        return true;
      }
      case 3:
        SkipView(&body);
        geometry_.dtype = body.Byte();
        geometry_.columns = body.Varint();
        geometry_.block_elements = body.Varint();
        geometry_.group_elements = body.Varint();
        objects_.emplace_back();
        return true;
      case 4:
        group_ = DecodeGroup(body_bytes, geometry_, ElementsDone());
        return true;
      case 5: {
        const Bytes raw =
            DecodeBlock(body_bytes, payload, group_, geometry_, ElementsDone(),
                        BaseOf(body_bytes));
        objects_.back().insert(objects_.back().end(), raw.begin(), raw.end());
        return true;
      }
      case 6:
        Require(body.Varint() == objects_.back().size(), "object length");
        known_[body.Sha256()] = objects_.back();
        if (in_file_) Append(objects_.back());
        return true;
      case 7: {
        SkipView(&body);
        const uint64_t place = body.Varint();
        body.Varint();  // length
        Append(place > 0 ? objects_.at(place - 1) : known_.at(body.Sha256()));
        return true;
      }
      case 8:
        Require(body.Varint() == files_.back().contents.size(), "file length");
        in_file_ = false;
        return true;
      default:
        Require((type & 0x80) == 0 || (type & 0x3F) == 9, "unknown record");
        return (type & 0x3F) != 9;
    }
  }

  // Section 10: the base of the block that comes next.
  Bytes BaseOf(const Bytes& block_body) const {
    if (!group_.delta.has_value()) return {};
    const unsigned bytes = ElementBytes(geometry_.dtype);
    Input body(block_body);
    body.Varint();
    const uint64_t n = body.Varint();
    Bytes base;
    for (const DeltaReference& reference : group_.delta->references) {
      const Bytes& object = known_.at(reference.digest);
      Require(reference.first + reference.elements <= object.size() / bytes,
              "elements of the base");
      const auto begin =
          object.begin() + static_cast<int64_t>(reference.first * bytes);
      base.insert(base.end(), begin,
                  begin + static_cast<int64_t>(reference.elements * bytes));
    }
    base.resize(group_.elements * bytes, 0);
    const auto begin =
        base.begin() +
        static_cast<int64_t>((ElementsDone() - group_.first) * bytes);
    return {begin, begin + static_cast<int64_t>(n * bytes)};
  }

  void Append(const Bytes& bytes) {
    Bytes& contents = files_.back().contents;
    contents.insert(contents.end(), bytes.begin(), bytes.end());
  }
  uint64_t ElementsDone() const {
    return objects_.back().size() / ElementBytes(geometry_.dtype);
  }

  std::map<Digest, Bytes> known_;  // objects by their digests
  std::vector<File> files_;
  std::vector<Bytes> objects_;
  bool in_file_ = false;
  Geometry geometry_;
  Group group_;
};

}  // namespace

std::vector<File> DecodeContainer(const Bytes& container,
                                  const std::map<Digest, Bytes>& outside) {
  return ContainerDecoder(outside).Decode(container);
}

}  // namespace spec
