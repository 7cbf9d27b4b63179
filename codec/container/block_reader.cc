#include "codec/container/block_reader.h"

#include <algorithm>

#include "codec/base/checksum.h"
#include "codec/method/delta_side.h"

namespace ingot {
namespace {

// "model.ingot: block at offset 123: "
std::string Where(const BlockContext& context, uint64_t position) {
  return *context.name + ": block at offset " + std::to_string(position) +
         ": ";
}

}  // namespace

Result<ParsedBlock> ParseBlockRecord(ByteSpan bytes, uint64_t position,
                                     const BlockContext& context) {
  size_t wanted = 0;
  INGOT_ASSIGN(const std::optional<Record> record,
               ParseRecord(bytes, *context.name, position, &wanted));
  if (!record || record->type() != RecordType::kBlock) {
    return Corruption(Where(context, position) + "no block record there");
  }
  ByteReader reader(record->body, *context.name,
                    position + record->body_offset);
  ParsedBlock block;
  INGOT_ASSIGN(block.header,
               ParseBlockHeader(&reader, context.geometry.dtype));
  if (block.header.elements != context.elements) {
    return Corruption(Where(context, position) +
                      std::to_string(block.header.elements) +
                      " elements, expected " +
                      std::to_string(context.elements));
  }
  block.record_size = record->size;
  block.payload_offset =
      record->size + PayloadPadding(position + record->size,
                                    block.header.payload_length);
  return block;
}

Result<ParsedBlock> CheckBlockRecord(ByteSpan bytes, uint64_t position,
                                     const BlockContext& context) {
  INGOT_ASSIGN(ParsedBlock block, ParseBlockRecord(bytes, position, context));
  const BlockHeader& header = block.header;
  if (block.payload_offset + header.payload_length != bytes.size()) {
    return Corruption(Where(context, position) + "record of " +
                      std::to_string(bytes.size()) + " bytes, expected " +
                      std::to_string(block.payload_offset +
                                     header.payload_length));
  }
  // No checksum covers the padding.
  const ByteSpan padding =
      bytes.first(block.payload_offset).subspan(block.record_size);
  if (std::ranges::any_of(padding,
                          [](std::byte b) { return b != std::byte{}; })) {
    return Corruption(Where(context, position) + "padding is not zero");
  }
  if (Checksum(bytes.subspan(block.payload_offset)) != header.checksum) {
    return Corruption(Where(context, position) +
                      "payload checksum does not match");
  }
  return block;
}

Status BlockReader::Decode(ByteSpan bytes, uint64_t position,
                           const BlockContext& context, uint64_t begin,
                           uint64_t end, MutableByteSpan out, bool stream,
                           ByteSpan ahead) {
  INGOT_ASSIGN(const ParsedBlock block,
               CheckBlockRecord(bytes, position, context));
  const BlockHeader& header = block.header;
  BlockPosition at{.group_first = context.group_first, .first = context.first};
  if (header.predictor != 0) {
    if (context.side->delta == nullptr) {
      return Corruption(Where(context, position) +
                        "predicted, but its group has no references");
    }
    Result<const std::byte*> base = context.outside.ReadElements(
        context.side->delta->references, context.geometry.element_bytes(),
        context.first - context.group_first, header.elements, &base_);
    if (!base.ok()) {
      return WithContext(Where(context, position), std::move(base).error());
    }
    at.base = *base;
  }
  Status status = decoder_.Decode(*context.side, context.geometry, at, header,
                                  bytes.data() + block.payload_offset, begin,
                                  end, out, stream, ahead);
  if (!status.ok()) {
    return WithContext(Where(context, position), std::move(status).error());
  }
  return {};
}

}  // namespace ingot
