#include "daemon/http/read_ahead.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "daemon/http/piece_memory.h"

namespace ingot::http {

using boost::asio::awaitable;

namespace {

constexpr uint64_t kFirstPiece = uint64_t{512} << 10;
// Of one response, whatever there is.
constexpr size_t kMaxSpares = 6;

// How a read stands. Whoever comes second of the worker that is done and the
// coroutine that wants the piece knows of the other.
enum class Stage { kReading, kAwaited, kDone };

}  // namespace

struct ReadAhead::Piece {
  MutableByteSpan bytes() const {
    return memory.span().first(range.end - range.begin);
  }

  PieceMemory memory;
  ByteRange range = {};
  Status status;
  std::atomic<Stage> stage = Stage::kReading;
};

namespace {

// Workers take nothing that is thrown.
Status ReadAll(const Source& source, uint64_t offset, MutableByteSpan out) {
  try {
    return source.ReadAt(offset, out);
  } catch (const std::exception& error) {
    return Error{ErrorKind::kResourceExhausted, error.what()};
  }
}

}  // namespace

ReadAhead::ReadAhead(const boost::asio::any_io_executor& executor,
                     Workers* workers, const Exchange* exchange,
                     const Source* source, const ByteRange& range)
    : workers_(workers),
      exchange_(exchange),
      source_(source),
      left_(range),
      woken_(executor, boost::asio::steady_timer::time_point::max()) {}

ReadAhead::~ReadAhead() = default;

void ReadAhead::Begin() {
  uint64_t size = exchange_->piece_bytes();
  if (is_first_) size = std::min(size, kFirstPiece);
  is_first_ = false;
  std::unique_ptr<Piece> piece;
  if (unused_.empty()) {
    piece = std::make_unique<Piece>();
  } else {
    piece = std::move(unused_.back());
    unused_.pop_back();
  }
  piece->stage = Stage::kReading;
  size = std::min(size, left_.end - left_.begin);
  const uint64_t end = left_.begin + size;
  piece->range = left_;
  // The last one ends where the client wants it to.
  if (end < left_.end) piece->range.end = source_->GoodEnd(left_.begin, end);
  left_.begin = piece->range.end;
  // Of one size, wherever pieces end: memory that is got anew costs more than
  // what is read into it.
  piece->status = piece->memory.Resize(size);
  Piece* const reading = piece.get();
  pieces_.push_back(std::move(piece));
  if (!reading->status.ok()) {
    reading->stage = Stage::kDone;
    return;
  }
  workers_->Post([this, reading] {
    if (!ended_) {
      reading->status =
          ReadAll(*source_, reading->range.begin, reading->bytes());
    }
    // Once it is known to be done, nothing here may be there any more.
    const auto executor = woken_.get_executor();
    if (reading->stage.exchange(Stage::kDone) == Stage::kAwaited) {
      boost::asio::post(executor, [this] { woken_.cancel(); });
    }
  });
}

void ReadAhead::Fill() {
  while (pieces_.size() < 1 + spares_ && left_.begin < left_.end) Begin();
}

awaitable<void> ReadAhead::Wait(Piece* piece) {
  Stage stage = Stage::kReading;
  if (!piece->stage.compare_exchange_strong(stage, Stage::kAwaited)) co_return;
  // Whatever the stage is by now: the worker's call is still to come, since
  // the executor is this coroutine's.
  co_await woken_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

awaitable<Result<ByteSpan>> ReadAhead::Next() {
  if (given_ != nullptr) {
    if (pieces_.size() + unused_.size() <= 1 + spares_) {
      unused_.push_back(std::move(given_));
    }
    given_.reset();
  }
  Fill();
  if (pieces_.empty()) co_return ByteSpan();
  Piece* const first = pieces_.front().get();
  if (first->stage != Stage::kDone) {
    if (left_.begin < left_.end && spares_ < kMaxSpares &&
        workers_->TakeSpare()) {
      ++spares_;
      Fill();
    }
    co_await Wait(first);
  } else if (spares_ > 0 && std::ranges::all_of(pieces_, [](const auto& piece) {
               return piece->stage == Stage::kDone;
             })) {
    // It is the client who takes long.
    workers_->GiveBackSpare();
    --spares_;
  }
  given_ = std::move(pieces_.front());
  pieces_.pop_front();
  if (!given_->status.ok()) co_return given_->status.error();
  Fill();
  // Whoever else waits for this thread has a turn between pieces.
  co_await boost::asio::post(woken_.get_executor(), boost::asio::use_awaitable);
  co_return given_->bytes();
}

awaitable<void> ReadAhead::End() {
  ended_ = true;
  for (const auto& piece : pieces_) co_await Wait(piece.get());
  for (; spares_ > 0; --spares_) workers_->GiveBackSpare();
}

}  // namespace ingot::http
