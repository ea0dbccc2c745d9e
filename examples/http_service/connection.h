// One nonblocking connection of the generator to 127.0.0.1, with at most one request on it.
#ifndef PREEMPT_EXAMPLES_HTTP_SERVICE_CONNECTION_H_
#define PREEMPT_EXAMPLES_HTTP_SERVICE_CONNECTION_H_

#include <cstdint>
#include <string_view>

#include "response_reader.h"

namespace http_service {

// Closed at first and after close(). Tells an epoll instance of its events under a key that is never used for an
// older socket of this object, so that events of a socket closed meanwhile are recognised.
class Connection {
 public:
  enum class Progress {
    kPending,   // nothing to do until the next event
    kAnswered,  // reader() holds the response
    kLost,      // the peer closed, or an error: see errno_of_loss()
    kMalformed  // what came is not one response
  };

  // `index` tells this connection's events from those of others.
  Connection(int epoll, std::uint32_t index, std::uint16_t port) : epoll_(epoll), index_(index), port_(port) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Begins to connect. False, with errno set, when there is no socket to be had.
  bool open();
  void close();
  bool is_open() const { return socket_ >= 0; }

  // Sends `request`, which must stay until the answer is there; at once, or when the connection is made. Needs an open
  // connection without a request on it.
  Progress send(std::string_view request);

  // For each event of epoll_wait(2) whose data.u64 is key().
  Progress on_event();
  std::uint64_t key() const { return std::uint64_t{generation_} << 32 | index_; }
  static std::uint32_t index_of(std::uint64_t key) { return static_cast<std::uint32_t>(key); }

  const ResponseReader& reader() const { return reader_; }

  // The peer has closed its side, or said that it will.
  bool is_ending() const { return peer_closed_ || reader_.closes(); }

  // A request that was lost without a byte of an answer, on a connection that had answered before: the peer closed an
  // idle connection just then, and the request may be sent again (RFC 9112, 9.3.1).
  bool may_repeat() const { return answers_ > 0 && reader_.empty(); }

  // 0: the peer closed in an orderly way.
  int errno_of_loss() const { return errno_of_loss_; }

 private:
  bool flush();
  Progress receive();

  const int epoll_;
  const std::uint32_t index_;
  const std::uint16_t port_;
  std::uint32_t generation_ = 0;
  int socket_ = -1;
  std::string_view unsent_;
  ResponseReader reader_;
  int answers_ = 0;
  bool peer_closed_ = false;
  int errno_of_loss_ = 0;
};

}  // namespace http_service

#endif  // PREEMPT_EXAMPLES_HTTP_SERVICE_CONNECTION_H_
