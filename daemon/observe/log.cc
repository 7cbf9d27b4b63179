#include "daemon/observe/log.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/file_helper.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

namespace ingot::observe {
namespace {

using nlohmann::ordered_json;

const char* NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

// RFC 3339, in UTC, with milliseconds.
std::string Now() {
  using std::chrono::milliseconds;
  const auto now = std::chrono::duration_cast<milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const std::time_t seconds = now / 1000;
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text;
  size_t size =
      std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  size += static_cast<size_t>(std::snprintf(text.data() + size,
                                            text.size() - size, ".%03dZ",
                                            static_cast<int>(now % 1000)));
  return {text.data(), size};
}

std::string Encode(const ordered_json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/true,
                    ordered_json::error_handler_t::replace);
}

// A file that is appended to, and may be changed for another of its name.
class LogFile final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogFile(std::string name) : name_(std::move(name)) { Reopen(); }

  // Throws where that cannot be, and stays with the file that there is.
  void Reopen() {
    auto file = std::make_unique<spdlog::details::file_helper>();
    file->open(name_);
    const std::lock_guard lock(mutex_);
    file_ = std::move(file);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    file_->write(line);
  }
  void flush_() override { file_->flush(); }

  const std::string name_;
  std::unique_ptr<spdlog::details::file_helper> file_;
};

LogLevel LevelOf(const RequestEntry& entry) {
  if (entry.status == 500 || !entry.cause.empty()) return LogLevel::kError;
  return entry.status > 500 ? LogLevel::kWarning : LogLevel::kInfo;
}

Error CannotWrite(const std::string& file) {
  return {ErrorKind::kIo, file + ": the log cannot be written there"};
}

}  // namespace

class Log::Impl {
 public:
  // Throws where the file cannot be opened.
  explicit Impl(LogOptions options)
      : options_(std::move(options)),
        pool_(
            std::make_shared<spdlog::details::thread_pool>(options_.queue, 1)) {
    spdlog::sink_ptr sink;
    if (options_.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      file_ = std::make_shared<LogFile>(options_.file);
      sink = file_;
    }
    logger_ = std::make_shared<spdlog::async_logger>(
        "ingotd", std::move(sink), pool_,
        spdlog::async_overflow_policy::overrun_oldest);
    // Lines come encoded, each is in the file when it has been written, and
    // what cannot be written is nobody's fault who could be told.
    logger_->set_pattern("%v");
    logger_->flush_on(spdlog::level::info);
    logger_->set_error_handler([](const std::string&) {});
  }

  const std::string& file() const { return options_.file; }
  bool Wants(LogLevel level) const { return level >= options_.least; }

  void Write(const ordered_json& fields) {
    std::string line;
    if (options_.json) {
      line = Encode(fields);
    } else {
      for (const auto& [name, value] : fields.items()) {
        if (name == "time" || name == "level") {
          line += value.get<std::string>() + " ";
        } else {
          line += name + "=" + Encode(value) + " ";
        }
      }
      line.pop_back();
    }
    logger_->log(spdlog::level::info, spdlog::string_view_t(line));
  }

  // Throws as LogFile::Reopen.
  void Reopen() {
    if (file_) file_->Reopen();
  }

  uint64_t dropped() const { return pool_->overrun_counter(); }

 private:
  const LogOptions options_;
  const std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<LogFile> file_;  // none for stderr
  std::shared_ptr<spdlog::async_logger> logger_;
};

Log::Log(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::Open(LogOptions options) {
  const std::string file = options.file;
  try {
    return std::unique_ptr<Log>(
        new Log(std::make_unique<Impl>(std::move(options))));
  } catch (const std::exception&) {
    return CannotWrite(file);
  }
}

Status Log::Reopen() {
  try {
    impl_->Reopen();
  } catch (const std::exception&) {
    return CannotWrite(impl_->file());
  }
  return {};
}

void Log::Message(LogLevel level, std::string_view message) {
  if (!impl_->Wants(level)) return;
  impl_->Write(
      {{"time", Now()}, {"level", NameOf(level)}, {"message", message}});
}

void Log::Request(const RequestEntry& entry) {
  const LogLevel level = LevelOf(entry);
  if (!impl_->Wants(level)) return;
  ordered_json fields = {{"time", Now()},        {"level", NameOf(level)},
                         {"message", "request"}, {"id", entry.id},
                         {"peer", entry.peer},   {"method", entry.method}};
  if (!entry.route.empty()) fields["route"] = entry.route;
  fields["path"] = entry.path;
  fields["status"] = entry.status;
  fields["complete"] = entry.complete;
  fields["received_bytes"] = entry.received;
  fields["sent_bytes"] = entry.sent;
  fields["seconds"] = entry.seconds;
  if (entry.token != 0) fields["token"] = entry.token;
  if (!entry.cause.empty()) fields["cause"] = entry.cause;
  impl_->Write(fields);
}

uint64_t Log::dropped() const { return impl_->dropped(); }

}  // namespace ingot::observe
