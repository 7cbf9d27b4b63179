// ingot cat: a part of a container's content on stdout, reading only the
// blocks that hold it.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/container_reader.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "tools/command.h"
#include "tools/common_options.h"
#include "tools/exit_code.h"
#include "tools/index_range.h"
#include "tools/standard_streams.h"
#include "tools/tensor_place.h"

namespace ingot {
namespace {

constexpr char kCatExamples[] =
    R"(Writes the little-endian bytes of a tensor, or of a file where no TENSOR
is named, to stdout. Ranges are half-open and counted from 0; A: and :B leave an
end open. Only the blocks that hold the range are read, and of bases (--base, or
where the container says) those that these need.

Examples:
  ingot cat model.safetensors.ingot model.norm.weight > norm.bf16
  ingot cat model.safetensors.ingot lm_head.weight --elements 0:4096 | od -t x2
  ingot cat model.ingot --file config.json)";

struct CatOptions {
  std::string path;
  std::string tensor;
  std::string elements;
  std::string bytes;
  std::string file;
  std::vector<std::string> bases;
  bool tensor_given = false;
};

// The bytes of a range of elements, some of which are smaller than a byte.
Result<IndexRange> ElementBytes(const TensorView& view,
                                const IndexRange& elements) {
  INGOT_ASSIGN(IndexRange range,
               ClipToSize(elements, ElementCount(view.shape).value_or(0),
                          "elements of the tensor"));
  const DTypeInfo& info = GetDTypeInfo(view.dtype);
  const uint64_t bits = info.bits;
  for (uint64_t* const end : {&range.begin, &range.end}) {
    if (*end % info.block_elements != 0) {
      return InvalidArgument("element " + std::to_string(*end) +
                             " lies inside a block of " +
                             std::to_string(info.block_elements) + ", dtype " +
                             std::string(info.name));
    }
    *end /= info.block_elements;
  }
  // Whole groups of eight elements first, as their bits need not fit 64 bits.
  const auto to_bytes = [bits](uint64_t index) {
    return index / 8 * bits + index % 8 * bits / 8;
  };
  for (const uint64_t end : {range.begin, range.end}) {
    if (end % 8 * bits % 8 != 0) {
      return InvalidArgument("element " + std::to_string(end) + " of dtype " +
                             std::string(GetDTypeInfo(view.dtype).name) +
                             " does not begin at a byte");
    }
  }
  return IndexRange{.begin = to_bytes(range.begin), .end = to_bytes(range.end)};
}

Status CatTensor(ContainerReader* reader, const CatOptions& options,
                 const ByteConsumer& consumer) {
  INGOT_ASSIGN(const TensorPlace place,
               FindTensor(*reader, options.tensor, options.file));
  const Segment& segment = reader->files()[place.file].segments[place.segment];
  IndexRange range = {.begin = 0, .end = segment.length};
  if (!options.elements.empty()) {
    Result<IndexRange> bytes =
        ElementBytes(*segment.view, *ParseIndexRange(options.elements));
    if (!bytes.ok()) {
      return WithContext(options.path + ": \"" + options.tensor + "\": ",
                         std::move(bytes).error());
    }
    range = *bytes;
  }
  return reader->ReadSegment(place.file, place.segment, range.begin, range.end,
                             consumer);
}

Status CatFile(ContainerReader* reader, const CatOptions& options,
               const ByteConsumer& consumer) {
  INGOT_ASSIGN(const size_t file, reader->FindFile(options.file));
  const IndexRange asked =
      options.bytes.empty() ? IndexRange{} : *ParseIndexRange(options.bytes);
  Result<IndexRange> range =
      ClipToSize(asked, reader->files()[file].id.length, "bytes of the file");
  if (!range.ok()) {
    return WithContext(options.path + ": ", std::move(range).error());
  }
  return reader->ReadFile(file, range->begin, range->end, consumer);
}

Status Cat(const CatOptions& options) {
  INGOT_TRY(RefuseTerminal());
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(options.path));
  INGOT_ASSIGN(const std::unique_ptr<BaseModels> bases,
               OpenBases(options.bases, 0));
  if (options.tensor_given) bases->Expect(options.tensor);
  INGOT_ASSIGN(const std::unique_ptr<ContainerReader> reader,
               OpenContainer(std::move(source), options.path, {.threads = 0},
                             bases.get()));
  const std::unique_ptr<Sink> sink =
      MakeDescriptorSink(STDOUT_FILENO, std::string(kStdoutName));
  const ByteConsumer consumer = [&sink](ByteSpan bytes) {
    return sink->Write(bytes);
  };
  return options.tensor_given ? CatTensor(reader.get(), options, consumer)
                              : CatFile(reader.get(), options, consumer);
}

}  // namespace

void AddCatCommand(CLI::App* app, CommandRun* run) {
  auto options = std::make_shared<CatOptions>();
  CLI::App* const command = app->add_subcommand(
      "cat", "Write a tensor or a range of a container to stdout");
  command->footer(kCatExamples);
  command->add_option("FILE", options->path, "Container")->required();
  CLI::Option* const tensor =
      command->add_option("TENSOR", options->tensor, "Name of a tensor");
  command->add_option("--elements", options->elements, "Of these elements only")
      ->option_text("A:B")
      ->check(CheckIndexRange)
      ->needs(tensor);
  command->add_option("--bytes", options->bytes, "These bytes of the file")
      ->option_text("A:B")
      ->check(CheckIndexRange)
      ->excludes(tensor);
  command
      ->add_option("--file", options->file,
                   "Path of the file, where there are several")
      ->option_text("PATH");
  AddBaseOption(command, kBaseHelp, &options->bases);
  command->callback([options, tensor, run] {
    options->tensor_given = tensor->count() > 0;
    *run = [options] { return Report(Cat(*options)); };
  });
}

}  // namespace ingot
