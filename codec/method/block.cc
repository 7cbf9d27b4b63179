#include "codec/method/block.h"

#include <string>

#include "codec/entropy/cm/run_coder.h"
#include "codec/entropy/rans/context_rans.h"
#include "codec/method/scaled_integer.h"
#include "codec/planes/float_format.h"
#include "codec/planes/float_layout.h"
#include "codec/planes/record_layout.h"
#include "codec/predict/difference.h"

namespace ingot {
namespace {

constexpr unsigned kMaxEscapeBits = 14;
constexpr unsigned kMaxSegmentBits = 20;

// Bytes that fill the gap behind `size` bytes of payload before another plane.
uint64_t AfterPlane(uint64_t size, bool aligned) {
  return aligned ? AlignUp(size, kPayloadAlignment) : size;
}

void AppendParameters(const BlockHeader& header, ByteWriter* writer) {
  if (header.method == Method::kPalette) {
    writer->WriteVarint(header.parameters.palette);
  } else if (header.method == Method::kScaled) {
    writer->WriteVarint(header.parameters.span);
    writer->WriteU8(header.parameters.depth);
    writer->WriteVarint(header.parameters.negative_zero);
  } else if (header.method == Method::kTouched) {
    writer->WriteVarint(header.parameters.changed);
    writer->WriteVarint(header.parameters.gap_bytes);
  }
}

Status ParseParameters(ByteReader* reader, BlockHeader* header) {
  TransformParameters& parameters = header->parameters;
  if (header->method == Method::kPalette) {
    INGOT_ASSIGN(const uint64_t size,
                 reader->ReadVarint(kMaxPalette, "palette"));
    if (size == 0) return reader->Corrupt("palette without values");
    parameters.palette = static_cast<uint16_t>(size);
  } else if (header->method == Method::kScaled) {
    INGOT_ASSIGN(const uint64_t span, reader->ReadVarint(kMaxSpan, "span"));
    INGOT_ASSIGN(parameters.depth, reader->ReadU8());
    INGOT_ASSIGN(const uint64_t negative_zero,
                 reader->ReadVarint(256, "code of -0.0"));
    parameters.negative_zero = static_cast<uint16_t>(negative_zero);
    if (span == 0) return reader->Corrupt("span of no elements");
    parameters.span = static_cast<uint32_t>(span);
  } else if (header->method == Method::kTouched) {
    INGOT_ASSIGN(const uint64_t changed,
                 reader->ReadVarint(header->elements, "changed elements"));
    // Each changes an element or passes 255.
    INGOT_ASSIGN(const uint64_t gap_bytes,
                 reader->ReadVarint(changed + header->elements / 255,
                                    "gap bytes"));
    parameters.changed = static_cast<uint32_t>(changed);
    parameters.gap_bytes = static_cast<uint32_t>(gap_bytes);
  }
  return {};
}

// What the plane of method delta has behind its length.
void AppendDeltaPlane(const PlaneHeader& plane, ByteWriter* writer) {
  if (plane.coder == Coder::kCm) return;
  if (plane.coder == Coder::kRans) writer->WriteU8(plane.lane_bits);
  writer->WriteVarint(plane.table.min_segment_bytes);
  writer->WriteU8(plane.table.segment_bits);
}

Status ParseDeltaPlane(ByteReader* reader, PlaneHeader* plane) {
  if (plane->coder == Coder::kCm) return {};
  if (plane->coder == Coder::kRans) {
    INGOT_ASSIGN(plane->lane_bits, reader->ReadU8());
    if (plane->lane_bits < kMinContextLaneBits ||
        plane->lane_bits > kMaxContextLaneBits) {
      return reader->Corrupt("lanes: expected 2^2 to 2^6");
    }
  } else if (plane->coder != Coder::kTiered) {
    return reader->Corrupt("coder " + std::string(CoderName(plane->coder)) +
                           " for a plane of differences");
  }
  SubBlockTable& table = plane->table;
  INGOT_ASSIGN(const uint64_t min_segment,
               reader->ReadVarint(1u << kMaxSegmentBits, "min segment"));
  INGOT_ASSIGN(table.segment_bits, reader->ReadU8());
  table.min_segment_bytes = static_cast<uint32_t>(min_segment);
  if (table.segment_bits > kMaxSegmentBits) {
    return reader->Corrupt("sub-block table: field too wide");
  }
  return {};
}

Status ParsePlane(Method method, ByteReader* reader, PlaneHeader* plane) {
  INGOT_ASSIGN(const uint8_t coder, reader->ReadU8());
  if (!IsCoder(coder)) {
    return Unsupported("coder " + std::to_string(coder) +
                       " needs a newer reader");
  }
  plane->coder = static_cast<Coder>(coder);
  INGOT_ASSIGN(const uint64_t length,
               reader->ReadVarint(kMaxPayloadBytes, "plane length"));
  plane->length = static_cast<uint32_t>(length);
  if (method == Method::kDelta) return ParseDeltaPlane(reader, plane);
  if (plane->coder == Coder::kTiered) {
    SubBlockTable& table = plane->table;
    INGOT_ASSIGN(const uint64_t min_escapes,
                 reader->ReadVarint(1u << kMaxEscapeBits, "min escapes"));
    INGOT_ASSIGN(table.escape_bits, reader->ReadU8());
    INGOT_ASSIGN(const uint64_t min_segment,
                 reader->ReadVarint(1u << kMaxSegmentBits, "min segment"));
    INGOT_ASSIGN(table.segment_bits, reader->ReadU8());
    table.min_escapes = static_cast<uint32_t>(min_escapes);
    table.min_segment_bytes = static_cast<uint32_t>(min_segment);
    if (table.escape_bits > kMaxEscapeBits ||
        table.segment_bits > kMaxSegmentBits) {
      return reader->Corrupt("sub-block table: field too wide");
    }
  }
  if (IsJoined(plane->coder)) {
    StreamTable& table = plane->streams;
    if (plane->coder == Coder::kHuffman) {
      INGOT_ASSIGN(const uint64_t min_stream,
                   reader->ReadVarint(1u << kMaxStreamBits, "min stream"));
      INGOT_ASSIGN(table.stream_bits, reader->ReadU8());
      table.min_stream_bytes = static_cast<uint32_t>(min_stream);
    }
    INGOT_ASSIGN(table.exception_bits, reader->ReadU8());
    if (table.stream_bits > kMaxStreamBits ||
        table.exception_bits > kMaxExceptionBits) {
      return reader->Corrupt("stream table: field too wide");
    }
  }
  if (plane->coder == Coder::kCm) {
    RunParameters& runs = plane->runs;
    INGOT_ASSIGN(runs.run_bits, reader->ReadU8());
    INGOT_ASSIGN(runs.lanes, reader->ReadU8());
    if (runs.run_bits < kMinRunBits || runs.run_bits > kMaxRunBits) {
      return reader->Corrupt("runs: expected 2^10 to 2^16 elements");
    }
    if (runs.lanes != 1 && runs.lanes != kMaxLanes) {
      return reader->Corrupt("runs: expected 1 or 4 lanes");
    }
  }
  return {};
}

}  // namespace

bool IsMethod(uint8_t number) {
  return !MethodName(static_cast<Method>(number)).empty();
}

std::string_view MethodName(Method method) {
  switch (method) {
    case Method::kBytes:
      return "bytes";
    case Method::kConstant:
      return "constant";
    case Method::kFloat:
      return "float";
    case Method::kSplit:
      return "split";
    case Method::kFields:
      return "fields";
    case Method::kModelled:
      return "modelled";
    case Method::kPalette:
      return "palette";
    case Method::kIntegers:
      return "integers";
    case Method::kScaled:
      return "scaled";
    case Method::kSparse:
      return "sparse";
    case Method::kRows:
      return "rows";
    case Method::kCopy:
      return "copy";
    case Method::kTouched:
      return "touched";
    case Method::kDelta:
      return "delta";
  }
  return {};
}

std::string MethodText(const BlockHeader& header) {
  std::string text(MethodName(header.method));
  if (header.method == Method::kFloat || header.method == Method::kBytes ||
      header.method == Method::kModelled || header.method == Method::kDelta) {
    text += '/';
    text += CoderName(header.planes[0].coder);
  }
  return text;
}

std::optional<size_t> PlaneCount(Method method, DType dtype) {
  const size_t element_bytes = GetDTypeInfo(dtype).bits / 8;
  const std::optional<FloatLayout> layout = FloatLayoutOf(dtype);
  const std::optional<FloatFormat> format = FloatFormatOf(dtype);
  const size_t float_planes =
      layout ? 1 + GetFloatLayoutInfo(*layout).plane_count : 0;
  const auto only = [](bool fits, size_t planes) {
    return fits ? std::optional(planes) : std::nullopt;
  };
  switch (method) {
    case Method::kBytes:
    case Method::kConstant:
      return 1;
    case Method::kFloat:
    case Method::kModelled:
      return only(layout.has_value(), float_planes);
    case Method::kSparse:
      return only(layout.has_value(), float_planes + 2);
    case Method::kRows:
      return only(layout.has_value(), float_planes + 1);
    case Method::kSplit:
      return only(element_bytes <= kMaxPlanes, element_bytes);
    case Method::kFields: {
      const RecordLayout* const fields = RecordLayoutOf(dtype);
      return only(fields != nullptr,
                  fields == nullptr ? 0 : fields->planes.size());
    }
    case Method::kPalette:
      return only(element_bytes <= kMaxPaletteElement, 2);
    case Method::kIntegers:
      return only(format.has_value(), 4);
    case Method::kScaled:
      return only(format && format->mantissa_bits <= kMaxScaledMantissaBits, 5);
    case Method::kCopy:
    case Method::kTouched:
    case Method::kDelta:
      return only(DifferenceFormatOf(dtype).has_value(),
                  method == Method::kCopy      ? 0
                  : method == Method::kTouched ? 3
                                               : 1);
  }
  return std::nullopt;
}

uint64_t BlockHeader::PlaneOffset(size_t index) const {
  const bool aligned = payload_length >= kAlignedPayload;
  uint64_t offset = 0;
  for (size_t plane = 0; plane < index; ++plane) {
    offset = AfterPlane(offset + planes[plane].length, aligned);
  }
  return offset;
}

void AppendBlockHeader(const BlockHeader& header,
                       std::vector<std::byte>* body) {
  ByteWriter writer(body);
  writer.WriteVarint(header.payload_length);
  writer.WriteVarint(header.elements);
  writer.WriteU8(static_cast<uint8_t>(header.method));
  writer.WriteU8(header.predictor);
  writer.WriteVarint(0);  // references: a group's delta side has them
  AppendParameters(header, &writer);
  for (size_t i = 0; i < header.plane_count; ++i) {
    const PlaneHeader& plane = header.planes[i];
    writer.WriteU8(static_cast<uint8_t>(plane.coder));
    writer.WriteVarint(plane.length);
    if (header.method == Method::kDelta) {
      AppendDeltaPlane(plane, &writer);
      continue;
    }
    if (plane.coder == Coder::kTiered) {
      writer.WriteVarint(plane.table.min_escapes);
      writer.WriteU8(plane.table.escape_bits);
      writer.WriteVarint(plane.table.min_segment_bytes);
      writer.WriteU8(plane.table.segment_bits);
    }
    if (IsJoined(plane.coder)) {
      if (plane.coder == Coder::kHuffman) {
        writer.WriteVarint(plane.streams.min_stream_bytes);
        writer.WriteU8(plane.streams.stream_bits);
      }
      writer.WriteU8(plane.streams.exception_bits);
    }
    if (plane.coder == Coder::kCm) {
      writer.WriteU8(plane.runs.run_bits);
      writer.WriteU8(plane.runs.lanes);
    }
  }
  writer.WriteU64(header.checksum);
}

Result<BlockHeader> ParseBlockHeader(ByteReader* reader, DType dtype) {
  BlockHeader header;
  INGOT_ASSIGN(const uint64_t payload_length,
               reader->ReadVarint(kMaxPayloadBytes, "payload length"));
  INGOT_ASSIGN(const uint64_t elements,
               reader->ReadVarint(kMaxBlockBytes, "block elements"));
  INGOT_ASSIGN(const uint8_t method, reader->ReadU8());
  INGOT_ASSIGN(header.predictor, reader->ReadU8());
  header.payload_length = static_cast<uint32_t>(payload_length);
  header.elements = static_cast<uint32_t>(elements);
  if (elements == 0) return reader->Corrupt("block without elements");
  if (!IsMethod(method)) {
    return Unsupported("method " + std::to_string(method) +
                       " needs a newer reader");
  }
  header.method = static_cast<Method>(method);
  if (header.predictor > kBasePredictor) {
    return Unsupported("predictor " + std::to_string(header.predictor) +
                       " needs a newer reader");
  }
  if (NeedsBase(header.method) != (header.predictor == kBasePredictor)) {
    return reader->Corrupt("method " +
                           std::string(MethodName(header.method)) +
                           " with predictor " +
                           std::to_string(header.predictor));
  }
  INGOT_ASSIGN(const uint64_t references, reader->ReadVarint());
  if (references != 0) {
    return reader->Corrupt("references in a block: a group's delta side has "
                           "them");
  }
  const std::optional<size_t> planes = PlaneCount(header.method, dtype);
  if (!planes) {
    return reader->Corrupt("method " +
                           std::string(MethodName(header.method)) +
                           " does not fit dtype " +
                           std::string(GetDTypeInfo(dtype).name));
  }
  INGOT_TRY(ParseParameters(reader, &header));
  header.plane_count = static_cast<uint8_t>(*planes);
  const bool aligned = payload_length >= kAlignedPayload;
  uint64_t end = 0;
  for (size_t i = 0; i < *planes; ++i) {
    PlaneHeader& plane = header.planes[i];
    INGOT_TRY(ParsePlane(header.method, reader, &plane));
    const bool has_exponents = header.method == Method::kFloat ||
                               header.method == Method::kSparse ||
                               header.method == Method::kRows;
    end = AfterPlane(end, aligned) + plane.length;
    if (header.method == Method::kDelta) continue;
    if (NeedsSideData(plane.coder) && (!has_exponents || i != 0)) {
      return reader->Corrupt("coder " + std::string(CoderName(plane.coder)) +
                             " outside an exponent plane");
    }
    const bool cm = plane.coder == Coder::kCm;
    if (cm != (header.method == Method::kModelled && i == 0)) {
      return reader->Corrupt(
          "coder cm belongs to the symbols of a modelled "
          "block");
    }
  }
  if (end != payload_length) {
    return reader->Corrupt("planes of " + std::to_string(end) +
                           " bytes in a payload of " +
                           std::to_string(payload_length));
  }
  INGOT_ASSIGN(header.checksum, reader->ReadU64());
  INGOT_TRY(reader->ExpectDone());
  return header;
}

}  // namespace ingot
