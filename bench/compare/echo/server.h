// The server's side of an echo service: plain blocking sockets, one thread of control for each connection.
#ifndef PREEMPT_BENCH_COMPARE_ECHO_SERVER_H_
#define PREEMPT_BENCH_COMPARE_ECHO_SERVER_H_

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace preempt::bench {

// Listens on a free port of the loopback interface.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    constexpr int kBacklog = 1024;
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* const address = reinterpret_cast<sockaddr*>(&address_);
    if (socket_ == -1 || bind(socket_, address, size) != 0 || listen(socket_, kBacklog) != 0 ||
        getsockname(socket_, address, &size) != 0) {
      throw std::system_error(errno, std::generic_category(), "listening on the loopback interface");
    }
  }
  ~Listener() { close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return ntohs(address_.sin_port); }

  // The next connection; -1 on an error.
  int accept_one() const {
    const int connection = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    const int on = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connection;
  }

 private:
  int socket_;
  sockaddr_in address_ = {};
};

inline bool send_all(int connection, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(connection, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

// Sends back what comes until the other side closes, then closes too.
inline void echo(int connection) {
  char data[4096];
  for (;;) {
    const ssize_t size = recv(connection, data, sizeof data, 0);
    if (size <= 0 || !send_all(connection, data, static_cast<std::size_t>(size))) break;
  }
  close(connection);
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_COMPARE_ECHO_SERVER_H_
