// ReadAhead: a range of a Source in pieces, which workers read before they are
// asked for.
//
// One piece is read while another is sent. Where reading is what takes long,
// further ones are read at the same time, on as many workers: as long as none
// of them waits for the client, and as far as the Workers have spares, of which
// all responses share a few. So a download that nobody else disturbs uses all
// processors, and among many each has its turn.
//
// Pieces end where the Source likes them to. The first is short, so that the
// client does not wait for more.
//
// Memory: two of Exchange::piece_bytes(), and as much for each spare.
//
// Thread-safety: one coroutine, on one executor whose handlers do not run at
// once (a strand).

#ifndef INGOT_DAEMON_HTTP_READ_AHEAD_H_
#define INGOT_DAEMON_HTTP_READ_AHEAD_H_

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"
#include "daemon/http/exchange.h"
#include "daemon/http/ranges.h"
#include "daemon/http/workers.h"

namespace ingot::http {

class ReadAhead {
 public:
  // `executor`: the coroutine's. `exchange`: whose body the pieces are; it and
  // `source` must outlive the object.
  ReadAhead(const boost::asio::any_io_executor& executor, Workers* workers,
            const Exchange* exchange, const Source* source,
            const ByteRange& range);
  // REQUIRES: End has returned, or the workers have ended, which may be gone.
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next piece, valid until the next call; none at the end. After an error
  // only End may be called.
  boost::asio::awaitable<Result<ByteSpan>> Next();
  // Returns when nothing is read any more.
  boost::asio::awaitable<void> End();

 private:
  struct Piece;

  void Begin();  // one more read, if there is something to be read
  void Fill();   // as many as there may be
  boost::asio::awaitable<void> Wait(Piece* piece);

  Workers* const workers_;
  const Exchange* const exchange_;
  const Source* const source_;
  ByteRange left_;        // not yet being read
  bool is_first_ = true;  // the next piece
  boost::asio::steady_timer woken_;
  std::atomic<bool> ended_ = false;
  size_t spares_ = 0;
  std::deque<std::unique_ptr<Piece>> pieces_;  // read, or being read
  std::unique_ptr<Piece> given_;
  std::vector<std::unique_ptr<Piece>> unused_;  // their memory serves again
};

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_READ_AHEAD_H_
