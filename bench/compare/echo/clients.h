// The clients of an echo service, all served by one thread: each sends a message, and the next one when it is back.
#ifndef PREEMPT_BENCH_COMPARE_ECHO_CLIENTS_H_
#define PREEMPT_BENCH_COMPARE_ECHO_CLIENTS_H_

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <vector>

namespace preempt::bench {

class Clients {
 public:
  Clients(std::uint16_t port, int count) : epoll_(epoll_create1(EPOLL_CLOEXEC)), clients_(count) {
    for (std::size_t i = 0; i < clients_.size(); ++i) connect_to(port, i);
  }
  ~Clients() {
    for (const Client& client : clients_) close(client.socket);
    close(epoll_);
  }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // Until `enough()`, asked again and again; the messages under way are waited for. False when a connection ended, sent
  // something else, or `limit` was over before.
  template <class Enough>
  bool run(Enough enough, std::chrono::seconds limit) {
    const auto end = Clock::now() + limit;
    for (Client& client : clients_) {
      if (!send_next(client)) return false;
    }
    for (std::size_t under_way = clients_.size(); under_way > 0;) {
      std::array<epoll_event, 64> events;
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      const bool stop = enough();
      if (Clock::now() > end) return false;
      for (int i = 0; i < ready; ++i) {
        Client& client = clients_[events[static_cast<std::size_t>(i)].data.u64];
        if (!receive(client)) return false;
        if (client.received < kSize) continue;
        ++client.echoes;
        latencies_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - client.sent_at).count());
        if (stop) {
          --under_way;
        } else if (!send_next(client)) {
          return false;
        }
      }
    }
    return true;
  }

  std::uint64_t fewest_echoes() const { return std::min_element(clients_.begin(), clients_.end(), fewer)->echoes; }
  std::uint64_t most_echoes() const { return std::max_element(clients_.begin(), clients_.end(), fewer)->echoes; }

  // Microseconds, one for each echo.
  const std::vector<double>& latencies() const { return latencies_; }

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kSize = 32;

  struct Client {
    int socket = -1;
    std::uint64_t echoes = 0;
    Clock::time_point sent_at = {};
    std::array<char, kSize> message = {}, answer = {};
    std::size_t received = 0;
  };

  static bool fewer(const Client& a, const Client& b) { return a.echoes < b.echoes; }

  void connect_to(std::uint16_t port, std::size_t index) {
    Client& client = clients_[index];
    client.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int on = 1;
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = index;
    if (client.socket == -1 || connect(client.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        setsockopt(client.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        epoll_ctl(epoll_, EPOLL_CTL_ADD, client.socket, &event) != 0) {
      throw std::system_error(errno, std::generic_category(), "connecting to the echo server");
    }
  }

  // No two messages of a connection are the same, so that an old echo is no answer to a new message.
  bool send_next(Client& client) {
    std::memcpy(client.message.data(), &client.echoes, sizeof client.echoes);
    client.received = 0;
    client.sent_at = Clock::now();
    return send(client.socket, client.message.data(), kSize, MSG_NOSIGNAL) == static_cast<ssize_t>(kSize);
  }

  // What is there of the answer.
  static bool receive(Client& client) {
    const ssize_t size = recv(client.socket, client.answer.data() + client.received, kSize - client.received, 0);
    if (size <= 0) return false;
    client.received += static_cast<std::size_t>(size);
    return client.received < kSize || client.answer == client.message;
  }

  int epoll_;
  std::vector<Client> clients_;
  std::vector<double> latencies_;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_COMPARE_ECHO_CLIENTS_H_
