#include "tools/common_options.h"

#include <CLI/CLI.hpp>

#include "codec/dtype.h"
#include "codec/options.h"
#include "tools/exit_code.h"

namespace ingot {
namespace {

std::string CheckDType(const std::string& name) {
  if (ParseDType(name)) return "";
  std::string names;
  for (const DTypeInfo& info : AllDTypes()) {
    names += (names.empty() ? "" : ", ") + std::string(info.name);
  }
  return name + ": expected one of " + names;
}

}  // namespace

CLI::Option* AddThreadsOption(CLI::App* command, int* threads) {
  return command
      ->add_option("-T,--threads", *threads,
                   "Threads; 0 means one for each core")
      ->option_text("N")
      ->check(CLI::Range(0, 256));
}

void AddLevelOption(CLI::App* command, LevelOption* level) {
  CLI::Option* const digits = command->add_flag(
      "-1{1},-2{2},-3{3},-4{4},-5{5},-6{6},-7{7},-8{8},-9{9}", level->digit);
  digits->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->group("");
  command
      ->add_option("--level", level->level,
                   "-1 ... -9 or --level L: 1 is fastest, 9 smallest; 3 "
                   "without. From 7 on models code the exponents: 40 MB/s on "
                   "a core instead of gigabytes")
      ->option_text("L")
      ->check(CLI::Range(kMinLevel, kMaxLevel))
      ->excludes(digits);
}

std::optional<RawElements> RawOption::Get() const {
  const std::optional<DType> parsed = ParseDType(dtype);
  if (!parsed) return std::nullopt;
  return RawElements{.dtype = *parsed, .columns = columns};
}

void AddRawOption(CLI::App* command, RawOption* raw) {
  CLI::Option* const dtype =
      command
          ->add_option("--dtype", raw->dtype,
                       "The input is raw elements of this dtype (bf16, "
                       "float32, ...), whatever it looks like")
          ->option_text("D")
          ->check(CheckDType);
  command
      ->add_option("--columns", raw->columns, "Elements of a row, for --dtype")
      ->option_text("N")
      ->check(CLI::Range(uint64_t{1}, kMaxColumns))
      ->needs(dtype);
}

void AddBaseOption(CLI::App* command, const std::string& description,
                   std::vector<std::string>* bases) {
  command->add_option("--base", *bases, description)
      ->option_text("BASE")
      ->allow_extra_args(false);
}

Result<std::unique_ptr<BaseModels>> OpenBases(
    const std::vector<std::string>& paths, int threads) {
  auto bases = std::make_unique<BaseModels>(BaseOptions{.threads = threads});
  for (const std::string& path : paths) INGOT_TRY(bases->Add(path));
  return bases;
}

Result<std::unique_ptr<ContainerReader>> OpenContainer(
    std::unique_ptr<Source> source, const std::string& path,
    DecodeOptions options, BaseModels* bases) {
  options.references = bases;
  INGOT_ASSIGN(std::unique_ptr<ContainerReader> reader,
               ContainerReader::Open(std::move(source), options));
  bases->AddHints(path, reader->base_files());
  return reader;
}

}  // namespace ingot
