// Runs a fuzz target over files, without libFuzzer: regression inputs stay
// tested with every compiler and sanitizer.
//
//   <target>_replay [--variants V] [--mutations N] [--first K] PATH...
//
// PATH: files, or folders with files below them. Every file is tried whole,
// cut at V lengths (default 64) and with V bytes changed; then N inputs
// (default 20000) are made from the files by random edits. Input number k
// depends on k and the files alone: a crash names it, and `--first k
// --mutations 1` repeats it. Fails where no file is found: a test that tests
// nothing must not pass.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

// What is being tried, for the report of a crash.
std::array<char, 512> current_input;

void DescribeInput(const char* file, const char* how, uint64_t number) {
  std::snprintf(current_input.data(), current_input.size(),
                "crashed on: %s, %s %llu\n", file, how,
                static_cast<unsigned long long>(number));
}

void WriteInput() {
  [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, current_input.data(),
                                           std::strlen(current_input.data()));
}

// Sanitizers handle signals themselves and call this at the end.
extern "C" void __sanitizer_set_death_callback(void (*callback)())
    __attribute__((weak));

void ReportCrashes() {
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(WriteInput);
  }
  struct sigaction action = {};
  action.sa_handler = [](int) { WriteInput(); };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGABRT, &action, nullptr);
  if (__sanitizer_set_death_callback == nullptr) {
    // The faulting instruction runs again, now with the default action.
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
    sigaction(SIGFPE, &action, nullptr);
  }
}

// A copy of exactly `size` bytes, so that reading past the end is seen.
void Try(const std::string& bytes, size_t size) {
  const auto copy = std::make_unique<uint8_t[]>(size);
  std::copy_n(bytes.begin(), size, copy.get());
  LLVMFuzzerTestOneInput(copy.get(), size);
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

void Replay(const fs::path& path, std::string bytes, size_t variants) {
  DescribeInput(path.c_str(), "whole, byte", 0);
  Try(bytes, bytes.size());
  const size_t step = bytes.size() / variants + 1;
  for (size_t i = 0; i < bytes.size(); i += step) {
    DescribeInput(path.c_str(), "cut or changed at byte", i);
    Try(bytes, i);
    const char original = bytes[i];
    for (const int flip : {0x01, 0x80, 0xff}) {
      bytes[i] = static_cast<char>(original ^ flip);
      Try(bytes, bytes.size());
    }
    bytes[i] = original;
  }
}

// Random edits with a bias to what parsers stumble over.
class Mutator {
 public:
  Mutator(const std::vector<std::string>& seeds, uint64_t number)
      : seeds_(seeds), random_(number) {}

  std::string MakeInput() {
    std::string bytes = AnySeed();
    for (uint64_t edits = 1 + Below(6); edits > 0; --edits) Edit(&bytes);
    return bytes;
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  const std::string& AnySeed() { return seeds_[Below(seeds_.size())]; }

  void Edit(std::string* bytes) {
    const size_t at = Below(bytes->size() + 1);
    const size_t length = 1 + Below(Below(4) == 0 ? 64 : 4);
    switch (Below(8)) {
      case 0:
        bytes->erase(at, length);
        return;
      case 1:
        bytes->resize(at);
        return;
      case 2:  // repeat
        bytes->insert(at, bytes->substr(at, length));
        return;
      case 3: {  // splice
        const std::string& other = AnySeed();
        bytes->replace(at, length, other, Below(other.size() + 1), length);
        return;
      }
      case 4:
        bytes->insert(at, length, static_cast<char>(Below(256)));
        return;
      case 5:
        StoreNumber(bytes, at);
        return;
      default:
        if (at == bytes->size()) return;
        (*bytes)[at] = static_cast<char>(
            Below(2) == 0 ? Below(256) : (*bytes)[at] ^ (1 << Below(8)));
    }
  }

  // Over the bytes at `at`: a number near a limit, of 1 to 8 bytes.
  void StoreNumber(std::string* bytes, size_t at) {
    const uint64_t value = (uint64_t{1} << Below(64)) - Below(3);
    const size_t width = size_t{1} << Below(4);
    for (size_t i = 0; i < width && at + i < bytes->size(); ++i) {
      (*bytes)[at + i] = static_cast<char>(value >> 8 * i);
    }
  }

  const std::vector<std::string>& seeds_;
  std::mt19937_64 random_;
};

int Usage(const char* program) {
  std::fprintf(stderr,
               "usage: %s [--variants V] [--mutations N] [--first K] PATH...\n",
               program);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t variants = 64;
  uint64_t mutations = 20000;
  uint64_t first = 0;
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--")) {
      uint64_t* const option = argument == "--variants"    ? &variants
                               : argument == "--mutations" ? &mutations
                               : argument == "--first"     ? &first
                                                           : nullptr;
      if (option == nullptr || ++i == argc) return Usage(argv[0]);
      *option = std::strtoull(argv[i], nullptr, 10);
      continue;
    }
    if (!fs::is_directory(argument)) {
      files.push_back(argument);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(argument)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  if (files.empty() || variants == 0) return Usage(argv[0]);
  std::sort(files.begin(), files.end());

  ReportCrashes();
  std::vector<std::string> seeds;
  for (const fs::path& file : files) {
    if (!fs::is_regular_file(file)) {
      std::fprintf(stderr, "%s: not a file\n", file.c_str());
      return 1;
    }
    seeds.push_back(ReadFile(file));
    if (first == 0) Replay(file, seeds.back(), variants);
  }
  for (uint64_t k = first; k < first + mutations; ++k) {
    DescribeInput("an edited file", "number", k);
    const std::string input = Mutator(seeds, k).MakeInput();
    Try(input, input.size());
  }
  std::printf("%zu files, %llu edited\n", files.size(),
              static_cast<unsigned long long>(mutations));
  return 0;
}
