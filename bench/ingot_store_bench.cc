// ingot_store_bench: what a store on this machine's disk does, beside what the
// disk and the digests do by themselves.

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "codec/digest.h"
#include "daemon/store/file_storage.h"
#include "daemon/store/keys.h"
#include "daemon/store/store.h"

namespace ingot::store {
namespace {

void Require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "ingot_store_bench: %s\n",
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

// Calls `work(thread)` on each of `threads` until `seconds` have passed, and
// returns the calls a second.
double Rate(int threads, double seconds, const std::function<void(int)>& work) {
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> calls = 0;
  const double elapsed = Seconds([&] {
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t) {
      running.emplace_back([&, t] {
        while (!stop) {
          work(t);
          ++calls;
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    stop = true;
    for (std::thread& thread : running) thread.join();
  });
  return static_cast<double>(calls) / elapsed;
}

std::vector<std::byte> RandomBytes(size_t size) {
  std::vector<std::byte> bytes(size);
  std::mt19937_64 random(1);
  for (size_t at = 0; at + 8 <= size; at += 8) {
    StoreLittleEndian(&bytes[at], random());
  }
  return bytes;
}

class Bench {
 public:
  Bench(std::string folder, double seconds)
      : folder_(std::move(folder)), seconds_(seconds) {
    storage_ = Require(OpenFileStorage(folder_));
    Open();
  }

  // Appends and syncs by one writer, as a commit of its own would.
  double Syncs() {
    const auto file =
        Require(storage_->Create("syncs/" + std::to_string(++sync_files_)));
    const std::vector<std::byte> bytes = RandomBytes(400);
    return Rate(1, seconds_, [&](int) {
      Require(file->Append(bytes));
      Require(file->Sync());
    });
  }

  double Commits(int threads) {
    std::vector<uint64_t> numbers;
    for (int t = 0; t < threads; ++t) {
      numbers.push_back(NewRepository());
    }
    std::vector<std::optional<GitId>> parents(numbers.size());
    return Rate(threads, seconds_, [&](int t) {
      std::optional<GitId>& parent = parents[static_cast<size_t>(t)];
      const auto objects = MakeCommit(parent);
      const GitId id = IdOf(objects.back());
      Require(store_->repositories().Commit(
          numbers[static_cast<size_t>(t)], objects,
          std::vector<RefChange>{{"refs/heads/main", parent, id}}));
      parent = id;
    });
  }

  // GB a second.
  struct Uploads {
    double digest;  // SHA-256 alone
    double disk;    // write and fsync alone
    double upload;
  };
  Uploads Upload(uint64_t bytes) {
    const std::vector<std::byte> piece = RandomBytes(1 << 20);
    const auto each = [&](const std::function<void(ByteSpan)>& use) {
      for (uint64_t done = 0; done < bytes; done += piece.size()) use(piece);
    };
    const double gigabytes = static_cast<double>(bytes) / 1e9;
    Hasher hasher;
    const double digest =
        Seconds([&] { each([&](ByteSpan some) { hasher.Update(some); }); });
    const std::string path = folder_ + "/plain";
    // Before and after: what is written first may pay for blocks that what
    // comes later finds there.
    const auto write_plain = [&] {
      const int fd = open(path.c_str(), O_CREAT | O_WRONLY, 0600);
      each([&](ByteSpan some) {
        if (write(fd, some.data(), some.size()) < 0) std::abort();
      });
      if (fsync(fd) != 0) std::abort();
      close(fd);
      std::filesystem::remove(path);
    };
    const double before = Seconds(write_plain);
    StagedRecord record;
    const double upload = Seconds([&] {
      const auto running = Require(store_->staging().Begin(bytes));
      each([&](ByteSpan some) { Require(running->Write(some)); });
      record = Require(running->Finish());
    });
    Require(store_->staging().Discard(record.digest));
    const double disk = std::min(before, Seconds(write_plain));
    return {gigabytes / digest, gigabytes / disk, gigabytes / upload};
  }

  // Repository by name and its branch, a second.
  double Lookups(uint64_t repositories, int threads) {
    std::vector<RepositoryName> names;
    std::vector<std::thread> running;
    for (uint64_t i = 0; i < repositories; ++i) {
      names.push_back(
          {RepositoryKind::kModel, "hub", "model-" + std::to_string(i)});
    }
    std::atomic<uint64_t> next = 0;
    for (int t = 0; t < 64; ++t) {
      running.emplace_back([&] {
        for (uint64_t i = next++; i < repositories; i = next++) {
          const uint64_t number =
              Require(store_->repositories().Create({names[i], true}));
          const auto objects = MakeCommit({});
          Require(store_->repositories().Commit(
              number, objects,
              std::vector<RefChange>{
                  {"refs/heads/main", {}, IdOf(objects.back())}}));
        }
      });
    }
    for (std::thread& thread : running) thread.join();
    Open();
    std::vector<std::mt19937_64> random(static_cast<size_t>(threads));
    return Rate(threads, seconds_, [&](int t) {
      const auto& name = names[random[static_cast<size_t>(t)]() % names.size()];
      const auto info = Require(store_->repositories().Find(name));
      const auto ref = Require(
          store_->repositories().FindRef(info->number, "refs/heads/main"));
      if (!ref) std::abort();
    });
  }

  // Git objects a second, of all that was written.
  double Rebuild() {
    store_.reset();
    Require(RemoveIndex(IndexFolder(folder_)));
    const double seconds = Seconds([&] { Open(); });
    return static_cast<double>(objects_) / seconds;
  }

 private:
  void Open() {
    store_.reset();
    store_ = Require(Store::Open(storage_.get(),
                                 {.index = {.folder = IndexFolder(folder_)}}));
  }
  uint64_t NewRepository() {
    return Require(store_->repositories().Create(
        {{RepositoryKind::kModel, "bench", std::to_string(++repositories_)},
         false}));
  }
  // A blob of 200 bytes, a tree and a commit.
  std::vector<GitObject> MakeCommit(const std::optional<GitId>& parent) {
    std::vector<GitObject> objects(3);
    objects[0].bytes.resize(200);
    StoreLittleEndian(objects[0].bytes.data(), (objects_ += 3));
    objects[1] = {GitType::kTree, {}};
    for (const std::string_view part :
         {std::string_view("100644 config.json\0", 19),
          AsText(IdOf(objects[0]).bytes)}) {
      const ByteSpan bytes = AsBytes(part);
      objects[1].bytes.insert(objects[1].bytes.end(), bytes.begin(),
                              bytes.end());
    }
    const std::string text =
        "tree " + ToHex(IdOf(objects[1]).bytes) + "\n" +
        (parent ? "parent " + ToHex(parent->bytes) + "\n" : "") +
        "author a <a@example.org> 0 +0000\ncommitter a <a@example.org> 0 "
        "+0000\n\nBench\n";
    const ByteSpan bytes = AsBytes(text);
    objects[2] = {GitType::kCommit, {bytes.begin(), bytes.end()}};
    return objects;
  }

  const std::string folder_;
  const double seconds_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Store> store_;
  uint64_t sync_files_ = 0;
  uint64_t repositories_ = 0;
  std::atomic<uint64_t> objects_ = 0;
};

void Run(const std::string& folder, double seconds, uint64_t upload_bytes,
         uint64_t repositories) {
  Bench bench(folder, seconds);
  for (int round = 0; round < 3; ++round) {
    const double syncs = bench.Syncs();
    std::printf("one writer   %8.0f syncs/s\n", syncs);
    for (const int threads : {1, 16}) {
      const double commits = bench.Commits(threads);
      std::printf("%2d clients   %8.0f commits/s  %6.2f x syncs\n", threads,
                  commits, commits / syncs);
    }
    const auto [digest, disk, upload] = bench.Upload(upload_bytes);
    std::printf(
        "upload       %8.2f GB/s  %6.2f x the slower of SHA-256 (%.2f) and "
        "write + fsync (%.2f)\n",
        upload, upload / std::min(digest, disk), digest, disk);
  }
  std::printf("lookups      %8.0f /s  %llu repositories, 32 threads\n",
              bench.Lookups(repositories, 32),
              static_cast<unsigned long long>(repositories));
  std::printf("rebuild      %8.0f objects/s\n", bench.Rebuild());
}

}  // namespace
}  // namespace ingot::store

int main(int argc, char** argv) {
  CLI::App app("Measures a store in a new folder on disk.");
  std::string parent = ".";
  double seconds = 2;
  uint64_t upload_bytes = 1 << 30;
  uint64_t repositories = 100'000;
  app.add_option("--in", parent, "where the folder is made")
      ->capture_default_str();
  app.add_option("--seconds", seconds, "for each rate")->capture_default_str();
  app.add_option("--upload", upload_bytes, "bytes")->capture_default_str();
  app.add_option("--repositories", repositories)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::string folder = parent + "/ingot-store-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return 1;
  }
  ingot::store::Run(folder + "/store", seconds, upload_bytes, repositories);
  std::filesystem::remove_all(folder);
  return 0;
}
