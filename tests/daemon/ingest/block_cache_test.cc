// Blocks are decoded once for all who want them at the same time, kept when
// they are wanted again, and handed out only as they were decoded.

#include "daemon/ingest/block_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/sanitized.h"

namespace ingot::ingest {
namespace {

using Key = BlockCache::Key;

constexpr uint64_t kBlock = uint64_t{64} << 10;

Key KeyOf(uint64_t number, uint64_t size = kBlock) {
  Key key;
  StoreLittleEndian(key.object.bytes.data(), number / 4);
  key.offset = number % 4 * kBlock;
  key.size = size;
  return key;
}

// The bytes of a key, which no other has.
std::vector<std::byte> BytesOf(const Key& key) {
  std::vector<std::byte> bytes(key.size);
  std::mt19937_64 random(LoadLittleEndian<uint64_t>(key.object.bytes.data()) *
                             1000 +
                         key.offset / kBlock);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

class BlockCacheTest : public testing::Test {
 protected:
  BlockCache::Decode Decoder(const Key& key) {
    return [this, key](MutableByteSpan out) {
      ++decoded_;
      std::ranges::copy(BytesOf(key), out.begin());
      return Status();
    };
  }
  // Reads and compares.
  void Read(BlockCache* cache, const Key& key, unsigned rank = 1) {
    std::vector<std::byte> out(key.size);
    const Status read = cache->Read(key, rank, out, Decoder(key));
    ASSERT_TRUE(read.ok()) << read.error().message;
    ASSERT_TRUE(out == BytesOf(key));
  }
  // Returns when so many wait; a test that hangs says so.
  static void AwaitWaiting(const BlockCache& cache, size_t count) {
    for (int i = 0; i < 30'000 && cache.counts().waiting < count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_EQ(cache.counts().waiting, count);
  }

  std::atomic<int> decoded_ = 0;
};

TEST_F(BlockCacheTest, WhatIsWantedAgainIsKept) {
  BlockCache cache(8 * kBlock);
  Read(&cache, KeyOf(1));
  EXPECT_EQ(cache.counts().bytes, 0);
  Read(&cache, KeyOf(1));
  EXPECT_EQ(cache.counts().bytes, kBlock);
  Read(&cache, KeyOf(1));
  Read(&cache, KeyOf(1));
  EXPECT_EQ(decoded_, 2);
  EXPECT_EQ(cache.counts().hits, 2);
  EXPECT_EQ(cache.counts().misses, 2);
  // Another size is another block.
  Read(&cache, KeyOf(1, kBlock / 2));
  EXPECT_EQ(decoded_, 3);
}

TEST_F(BlockCacheTest, TheLimitIsKept) {
  BlockCache cache(3 * kBlock + kBlock / 2);
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < 20; ++i) {
      Read(&cache, KeyOf(i));
      Read(&cache, KeyOf(i));
      ASSERT_LE(cache.counts().bytes, 3 * kBlock + kBlock / 2);
    }
  }
  EXPECT_EQ(cache.counts().bytes, 3 * kBlock);
  // Those used last.
  decoded_ = 0;
  for (const uint64_t i : {17, 19, 18}) Read(&cache, KeyOf(i));
  EXPECT_EQ(decoded_, 0);
  Read(&cache, KeyOf(2));
  Read(&cache, KeyOf(2));
  decoded_ = 0;
  Read(&cache, KeyOf(19));
  EXPECT_EQ(decoded_, 0);
  Read(&cache, KeyOf(17));
  EXPECT_EQ(decoded_, 1);
}

TEST_F(BlockCacheTest, WhatIsReadOnceFlushesNothing) {
  BlockCache cache(4 * kBlock);
  for (uint64_t i = 0; i < 4; ++i) {
    Read(&cache, KeyOf(i));
    Read(&cache, KeyOf(i));
  }
  for (uint64_t i = 100; i < 300; ++i) Read(&cache, KeyOf(i));
  decoded_ = 0;
  for (uint64_t i = 0; i < 4; ++i) Read(&cache, KeyOf(i));
  EXPECT_EQ(decoded_, 0);
}

TEST_F(BlockCacheTest, OneDecodesForAll) {
  for (const uint64_t limit : {uint64_t{0}, 4 * kBlock}) {
    constexpr size_t kReaders = 8;
    BlockCache cache(limit);
    decoded_ = 0;
    const Key key = KeyOf(7);
    const auto wait = [&](MutableByteSpan out) {
      AwaitWaiting(cache, kReaders - 1);
      return Decoder(key)(out);
    };
    std::vector<std::thread> threads;
    for (size_t t = 0; t < kReaders; ++t) {
      threads.emplace_back([&] {
        std::vector<std::byte> out(key.size);
        ASSERT_TRUE(cache.Read(key, 1, out, wait).ok());
        ASSERT_TRUE(out == BytesOf(key));
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(decoded_, 1);
    EXPECT_EQ(cache.counts().misses, 1);
    EXPECT_EQ(cache.counts().shared, kReaders - 1);
    EXPECT_EQ(cache.counts().waiting, 0);
    EXPECT_EQ(cache.counts().bytes, limit == 0 ? 0 : kBlock);
  }
}

// Those who waited try by themselves, and have errors of their own.
TEST_F(BlockCacheTest, WhatFailsIsNeitherKeptNorShared) {
  constexpr size_t kReaders = 4;
  BlockCache cache(4 * kBlock);
  const Key key = KeyOf(7);
  std::atomic<int> tries = 0;
  const auto fail = [&](MutableByteSpan out) -> Status {
    const int number = ++tries;
    if (number == 1) AwaitWaiting(cache, kReaders - 1);
    out[0] = std::byte{0xFF};
    return Corruption("try " + std::to_string(number));
  };
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kReaders; ++t) {
    threads.emplace_back([&] {
      std::vector<std::byte> out(key.size);
      const Status read = cache.Read(key, 1, out, fail);
      failed += !read.ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, kReaders);
  EXPECT_EQ(tries, kReaders);
  EXPECT_EQ(cache.counts().bytes, 0);
  EXPECT_EQ(cache.counts().shared, 0);
  // That it was wanted before does not count: nobody has seen it.
  Read(&cache, key);
  EXPECT_EQ(cache.counts().bytes, 0);
  Read(&cache, key);
  EXPECT_EQ(cache.counts().bytes, kBlock);
}

// Nobody waits for a decoding of a higher rank, which may wait for it.
TEST_F(BlockCacheTest, RanksKeepThreadsFromWaitingForEachOther) {
  BlockCache cache(4 * kBlock);
  const Key key = KeyOf(7);
  std::vector<std::byte> outer(key.size);
  const auto inside = [&](MutableByteSpan out) {
    std::thread other([&] { Read(&cache, key, /*rank=*/3); });
    other.join();
    Read(&cache, key, /*rank=*/4);
    return Decoder(key)(out);
  };
  ASSERT_TRUE(cache.Read(key, /*rank=*/5, outer, inside).ok());
  EXPECT_EQ(decoded_, 3);
  // Two blocks, each of which is decoded by means of the other.
  const Key one = KeyOf(1);
  const Key two = KeyOf(2);
  std::latch both(2);
  const auto read = [&](const Key& first, const Key& second) {
    std::vector<std::byte> out(kBlock);
    const auto decode = [&](MutableByteSpan bytes) {
      both.arrive_and_wait();
      std::vector<std::byte> base(kBlock);
      const auto decode_second = [&](MutableByteSpan inner) {
        Read(&cache, first, 2);
        return Decoder(second)(inner);
      };
      const Status got = cache.Read(second, 3, base, decode_second);
      EXPECT_TRUE(got.ok());
      return Decoder(first)(bytes);
    };
    ASSERT_TRUE(cache.Read(first, 4, out, decode).ok());
    ASSERT_TRUE(out == BytesOf(first));
  };
  std::thread other([&] { read(two, one); });
  read(one, two);
  other.join();
}

TEST_F(BlockCacheTest, ManyThreadsReadWhatTheyWant) {
  constexpr uint64_t kSize = 1000;
  BlockCache cache(20 * kSize);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      for (uint64_t i = 0; i < Tries(4000); ++i) {
        const Key key = KeyOf(random() % 40, kSize);
        const bool fails = random() % 8 == 0;
        std::vector<std::byte> out(key.size);
        const auto decode = [&](MutableByteSpan bytes) -> Status {
          // What it is made of.
          const Key base = KeyOf(random() % 40, kSize);
          std::vector<std::byte> of_base(base.size);
          const Status got = cache.Read(base, 1, of_base, Decoder(base));
          EXPECT_TRUE(got.ok() && of_base == BytesOf(base));
          if (fails) return Corruption("damaged");
          return Decoder(key)(bytes);
        };
        const Status read = cache.Read(key, 2, out, decode);
        ASSERT_TRUE(!read.ok() || out == BytesOf(key));
        ASSERT_LE(cache.counts().bytes, 20 * kSize);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const BlockCacheCounts counts = cache.counts();
  EXPECT_GT(counts.hits, 0);
  EXPECT_EQ(counts.waiting, 0);
}

}  // namespace
}  // namespace ingot::ingest
