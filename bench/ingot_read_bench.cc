// ingot_read_bench: how fast the files of a store's packs are read, beside
// memcpy of as many bytes: what downloads would be without network and client.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "codec/digest.h"
#include "codec/source.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/store/file_storage.h"
#include "daemon/store/keys.h"
#include "daemon/store/store.h"

namespace ingot::ingest {
namespace {

constexpr uint64_t kPiece = uint64_t{1} << 20;

void Require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "ingot_read_bench: %s\n",
               status.error().message.c_str());
  std::exit(1);
}

template <typename T>
T Require(Result<T> result) {
  Require(result.ok() ? Status() : Status(result.error()));
  return std::move(result).value();
}

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

// From front to back, each piece by the next thread that has nothing to do.
void ReadAll(const Source& source, int threads) {
  std::mutex mutex;
  uint64_t next = 0;
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&] {
      std::vector<std::byte> piece(kPiece);
      while (true) {
        uint64_t begin = 0;
        uint64_t end = 0;
        {
          const std::lock_guard lock(mutex);
          begin = next;
          end = std::min(begin + kPiece, source.size());
          if (end < source.size()) end = source.GoodEnd(begin, end);
          next = end;
        }
        if (begin == end) return;
        Require(
            source.ReadAt(begin, MutableByteSpan(piece).first(end - begin)));
      }
    });
  }
  for (std::thread& thread : running) thread.join();
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void Run(const std::string& folder, const std::vector<std::string>& digests,
         const std::vector<int>& threads, int runs) {
  const auto storage = Require(store::OpenFileStorage(folder));
  const auto store = Require(store::Store::Open(
      storage.get(), {.index = {.folder = store::IndexFolder(folder)}}));
  const StoredFiles files(store.get());
  for (const std::string& text : digests) {
    const std::optional<Digest> digest = DigestOfHex(text);
    if (!digest) Require(InvalidArgument(text + ": expected a SHA-256"));
    const auto source = Require(files.Open(*digest));
    const auto size = static_cast<size_t>(source->size());
    const std::vector<std::byte> from(size, std::byte{1});
    std::vector<std::byte> to(size, std::byte{2});
    ReadAll(*source, 1);
    for (const int count : threads) {
      std::vector<double> speeds;
      std::vector<double> ratios;
      for (int run = 0; run < runs; ++run) {
        const double copying =
            Seconds([&] { std::memcpy(to.data(), from.data(), size); });
        const double reading = Seconds([&] { ReadAll(*source, count); });
        speeds.push_back(static_cast<double>(size) / 1e9 / reading);
        ratios.push_back(copying / reading);
      }
      std::printf("%.12s  %d threads  %6.2f GB/s  %6.3f x memcpy\n",
                  text.c_str(), count, Median(speeds), Median(ratios));
    }
  }
}

}  // namespace
}  // namespace ingot::ingest

int main(int argc, char** argv) {
  CLI::App app("Measures reading the packed files of a store.");
  std::string folder;
  std::vector<std::string> digests;
  std::vector<int> threads = {1, 2};
  int runs = 5;
  app.add_option("--data", folder, "the store's folder; nobody may serve it")
      ->required();
  app.add_option("DIGEST", digests, "SHA-256 of files")->required();
  app.add_option("--threads", threads)->capture_default_str();
  app.add_option("--runs", runs, "behind each median")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  ingot::ingest::Run(folder, digests, threads, std::max(1, runs));
  return 0;
}
