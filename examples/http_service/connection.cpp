#include "connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace http_service {

bool Connection::open() {
  close();
  ++generation_;
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return false;
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  // Edge-triggered, so one registration serves connecting, writing and reading.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = key();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_, &event) == 0 &&
      (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 || errno == EINPROGRESS)) {
    return true;
  }
  const int error = errno;
  close();
  errno = error;
  return false;
}

void Connection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  unsent_ = {};
  reader_.reset();
  answers_ = 0;
  peer_closed_ = false;
  errno_of_loss_ = 0;
}

Connection::Progress Connection::send(std::string_view request) {
  reader_.reset();
  unsent_ = request;
  return flush() ? Progress::kPending : Progress::kLost;
}

Connection::Progress Connection::on_event() {
  if (!flush()) return Progress::kLost;
  return receive();
}

// False when the connection is lost.
bool Connection::flush() {
  while (!unsent_.empty()) {
    const ssize_t sent = ::send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    // ENOTCONN: still connecting.
    if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN)) return true;
    if (sent < 0 && errno != EINTR) {
      errno_of_loss_ = errno;
      return false;
    }
    if (sent > 0) unsent_.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Reads to the end of what there is, as edge-triggered events demand.
Connection::Progress Connection::receive() {
  Progress progress = Progress::kPending;
  char bytes[16 * 1024];
  for (;;) {
    const ssize_t received = recv(socket_, bytes, sizeof(bytes), 0);
    if (received > 0) {
      switch (reader_.feed({bytes, static_cast<std::size_t>(received)})) {
        case ResponseReader::State::kMalformed:
          return Progress::kMalformed;
        case ResponseReader::State::kDone:
          ++answers_;
          progress = Progress::kAnswered;
          break;
        default:
          break;
      }
      continue;
    }
    if (received < 0 && errno == EINTR) continue;
    // ENOTCONN: still connecting.
    if (received < 0 && (errno == EAGAIN || errno == ENOTCONN)) return progress;
    errno_of_loss_ = received < 0 ? errno : 0;
    peer_closed_ = true;
    return progress == Progress::kAnswered ? progress : Progress::kLost;
  }
}

}  // namespace http_service
