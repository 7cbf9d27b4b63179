// ingot_range_reads: how long ranges of an ingotd's files take, each asked for
// at random over connections that are kept, while something else goes on: until
// the standard input ends, which it copies to stderr.
//
//     ingotd compact --data STORE | ingot_range_reads --port 7878
//     FILE=TARGET...
//
// Prints the milliseconds of each read, from its request to its last byte, one
// in a line. Every eighth is compared with the same bytes of FILE.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"

namespace ingot {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

constexpr uint64_t kCompared = 8;  // one in so many

struct Target {
  std::unique_ptr<Source> file;
  std::string path;
};

struct Plan {
  std::vector<Target> targets;
  uint16_t port = 0;
  uint64_t bytes = 0;
};

[[noreturn]] void Fail(const std::string& message) {
  std::fprintf(stderr, "ingot_range_reads: %s\n", message.c_str());
  std::exit(1);
}

// One connection, and what it measures.
class Client {
 public:
  Client(const Plan* plan, uint64_t seed)
      : plan_(plan),
        random_(seed),
        received_(plan->bytes),
        expected_(plan->bytes) {}

  const std::vector<double>& milliseconds() const { return milliseconds_; }

  void Run(const std::atomic<bool>& stop) {
    stream_.connect(
        tcp::endpoint(boost::asio::ip::address_v4::loopback(), plan_->port));
    stream_.socket().set_option(tcp::no_delay(true));
    while (!stop) ReadOne();
  }

 private:
  void ReadOne() {
    const Target& target = plan_->targets[random_() % plan_->targets.size()];
    const uint64_t begin = random_() % (target.file->size() - plan_->bytes + 1);
    http::request<http::empty_body> request(http::verb::get, target.path, 11);
    request.set(http::field::host, "127.0.0.1");
    request.set(http::field::range,
                "bytes=" + std::to_string(begin) + "-" +
                    std::to_string(begin + plan_->bytes - 1));
    http::response_parser<http::empty_body> response;
    response.skip(true);  // its body is read here

    const auto start = std::chrono::steady_clock::now();
    http::write(stream_, request);
    http::read_header(stream_, buffer_, response);
    if (response.get().result() != http::status::partial_content ||
        response.content_length_remaining() != plan_->bytes) {
      Fail(target.path + ": " + std::to_string(response.get().result_int()));
    }
    const size_t have = boost::asio::buffer_copy(boost::asio::buffer(received_),
                                                 buffer_.data());
    buffer_.consume(have);
    boost::asio::read(stream_.socket(), boost::asio::buffer(received_) + have);
    const std::chrono::duration<double, std::milli> took =
        std::chrono::steady_clock::now() - start;

    if (milliseconds_.size() % kCompared == 0) Compare(target, begin);
    milliseconds_.push_back(took.count());
  }

  void Compare(const Target& target, uint64_t begin) {
    const Status read = target.file->ReadAt(begin, expected_);
    if (!read.ok()) Fail(read.error().message);
    if (!std::equal(expected_.begin(), expected_.end(), received_.begin())) {
      Fail(target.path + ": other bytes than expected from " +
           std::to_string(begin));
    }
  }

  const Plan* const plan_;
  std::mt19937_64 random_;
  boost::asio::io_context context_;
  boost::beast::tcp_stream stream_{context_};
  boost::beast::flat_buffer buffer_;
  std::vector<std::byte> received_;
  std::vector<std::byte> expected_;
  std::vector<double> milliseconds_;
};

// Until the standard input ends.
void CopyInput() {
  std::array<char, 4096> bytes;
  while (true) {
    const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count <= 0) return;
    std::fwrite(bytes.data(), 1, static_cast<size_t>(count), stderr);
  }
}

void Run(const Plan& plan, int clients) {
  std::vector<std::unique_ptr<Client>> all;
  std::random_device seed;
  for (int i = 0; i < clients; ++i) {
    all.push_back(std::make_unique<Client>(&plan, seed()));
  }
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (const auto& client : all) {
    threads.emplace_back([&stop, &client] {
      try {
        client->Run(stop);
      } catch (const std::exception& e) {
        Fail(e.what());
      }
    });
  }
  CopyInput();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  for (const auto& client : all) {
    for (const double took : client->milliseconds())
      std::printf("%.4f\n", took);
  }
}

Plan MakePlan(const std::vector<std::string>& names, uint16_t port,
              uint64_t bytes) {
  Plan plan;
  plan.port = port;
  plan.bytes = bytes;
  for (const std::string& name : names) {
    const size_t equals = name.find('=');
    if (equals == std::string::npos) Fail(name + ": expected FILE=TARGET");
    auto file = OpenFileSource(name.substr(0, equals));
    if (!file.ok()) Fail(file.error().message);
    if ((*file)->size() < bytes) Fail(name + ": shorter than a range");
    plan.targets.push_back({std::move(*file), name.substr(equals + 1)});
  }
  return plan;
}

}  // namespace
}  // namespace ingot

int main(int argc, char** argv) {
  CLI::App app("Measures how long ranges of a daemon's files take.");
  std::vector<std::string> targets;
  uint16_t port = 0;
  uint64_t bytes = uint64_t{1} << 20;
  int clients = 4;
  app.add_option("--port", port, "where it listens, on 127.0.0.1")->required();
  app.add_option("--bytes", bytes, "of a range")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 30));
  app.add_option("--clients", clients, "connections at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("FILE=TARGET", targets, "files, and their paths at the daemon")
      ->required();
  CLI11_PARSE(app, argc, argv);
  ingot::Run(ingot::MakePlan(targets, port, bytes), clients);
  return 0;
}
