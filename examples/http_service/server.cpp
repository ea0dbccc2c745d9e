// An HTTP service on cpp-httplib whose thread pool is httplib's own or preempt's, by a flag; the handlers are the same.
//
//   server --pool=preempt          prints "port 41234"; ends on SIGTERM or SIGINT and prints what it used.
//
// /fast: 50 us of computing. /slow?ms=N: N ms of computing. /report: ordinary library code (see work.h).
#include <httplib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "preempt/adapters/httplib.h"
#include "support/compute.h"
#include "work.h"

ABSL_FLAG(std::string, pool, "preempt", "who runs the connections: preempt or httplib");
ABSL_FLAG(int, threads, 0, "size of httplib's pool; 0: httplib's default, the larger of 8 and cpus - 1");
ABSL_FLAG(int, processors, 0, "processors of preempt; 0: cpus that this process may use");
ABSL_FLAG(int, port, 0, "port on 127.0.0.1; 0: any free one");
ABSL_FLAG(int, fast_us, 50, "microseconds of computing in /fast");
ABSL_FLAG(int, report_lines, 100, "log lines in /report");
ABSL_FLAG(int, keep_alive_requests, CPPHTTPLIB_KEEPALIVE_MAX_COUNT, "requests of a connection until it is closed");
ABSL_FLAG(int, keep_alive_seconds, CPPHTTPLIB_KEEPALIVE_TIMEOUT_SECOND, "idle time until a connection is closed");
ABSL_FLAG(int, backlog, 1024, "connections that wait for accept(2); httplib as packaged says 5");
ABSL_FLAG(double, rounds_per_us, 0, "speed of this cpu as --calibrate prints it; 0: measure");
ABSL_FLAG(bool, calibrate, false, "print rounds_per_us and end");

namespace {

constexpr int kMaxSlowMs = 10'000;
constexpr std::size_t kMaxPayload = 64 * 1024;

// The value of the query parameter `name`, if it is a number in [1, max].
std::optional<int> read_number(const ::httplib::Request& request, const char* name, int max) {
  const std::string text = request.get_param_value(name);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > max) return std::nullopt;
  return number;
}

void add_handlers(::httplib::Server& server, double rounds_per_us) {
  const auto rounds = [rounds_per_us](double us) { return static_cast<std::uint64_t>(us * rounds_per_us); };
  server.Get("/fast", [rounds, us = absl::GetFlag(FLAGS_fast_us)](const auto&, auto& response) {
    response.set_content(std::to_string(examples::compute(rounds(us))) + '\n', "text/plain");
  });
  server.Get("/slow", [rounds](const auto& request, auto& response) {
    const std::optional<int> ms = read_number(request, "ms", kMaxSlowMs);
    if (!ms) {
      response.status = 400;
      response.set_content("ms must be a number from 1 to " + std::to_string(kMaxSlowMs) + '\n', "text/plain");
      return;
    }
    response.set_content(std::to_string(examples::compute(rounds(*ms * 1000.0))) + '\n', "text/plain");
  });
  server.Get("/report", [lines = absl::GetFlag(FLAGS_report_lines)](const auto&, auto& response) {
    response.set_content(http_service::report(lines), "text/plain");
  });
}

// The one place where the pools differ.
void choose_pool(::httplib::Server& server, preempt::Executor* executor) {
  if (executor != nullptr) {
    server.new_task_queue = [executor] { return new preempt::httplib::TaskQueue(*executor); };
  } else if (const int threads = absl::GetFlag(FLAGS_threads); threads > 0) {
    server.new_task_queue = [threads] { return new ::httplib::ThreadPool(static_cast<std::size_t>(threads)); };
  }
}

// Binds and returns the port. Throws std::runtime_error.
int bind(::httplib::Server& server) {
  int listening_socket = -1;
  // Not httplib's SO_REUSEPORT: two servers would share a port and its connections unnoticed.
  server.set_socket_options([&listening_socket](int socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    listening_socket = socket;
  });
  int port = absl::GetFlag(FLAGS_port);
  if (port == 0) {
    port = server.bind_to_any_port("127.0.0.1");
  } else if (!server.bind_to_port("127.0.0.1", port)) {
    port = -1;
  }
  // A second listen(2) only changes the backlog. With httplib's 5 a burst of connections is dropped, and each waits a
  // second for its SYN to be sent again: that would hide whatever the pools do.
  if (port < 0 || ::listen(listening_socket, absl::GetFlag(FLAGS_backlog)) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1:" + std::to_string(absl::GetFlag(FLAGS_port)));
  }
  return port;
}

void configure(::httplib::Server& server) {
  // httplib writes the head and the body of a response separately; Nagle's algorithm would hold the body back until
  // the peer acknowledges the head.
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(static_cast<std::size_t>(absl::GetFlag(FLAGS_keep_alive_requests)));
  server.set_keep_alive_timeout(absl::GetFlag(FLAGS_keep_alive_seconds));
  server.set_payload_max_length(kMaxPayload);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void print_usage(const preempt::Executor* executor) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << "cpu_s " << seconds(usage.ru_utime) + seconds(usage.ru_stime) << '\n'
            << "context_switches " << usage.ru_nvcsw + usage.ru_nivcsw << '\n';
  if (executor == nullptr) return;
  const preempt::Stats stats = executor->stats();
  std::cout << "tasks " << stats.tasks_completed << '\n'
            << "thread_preemptions " << stats.thread_preemptions << '\n'
            << "handoffs " << stats.handoffs << '\n'
            << "signals_sent " << stats.signals_sent << '\n'
            << "workers_peak " << stats.workers_peak << '\n';
}

// Blocked in every thread that is started from now on; sigwait() gets them.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void serve(double rounds_per_us) {
  const sigset_t stop_signals = block_stop_signals();
  std::optional<preempt::Executor> executor;
  if (absl::GetFlag(FLAGS_pool) == "preempt") {
    executor.emplace(preempt::Options{.processors = absl::GetFlag(FLAGS_processors)});
  }
  ::httplib::Server server;
  configure(server);
  add_handlers(server, rounds_per_us);
  choose_pool(server, executor ? &*executor : nullptr);
  const int port = bind(server);

  std::atomic<bool> ended = false;
  std::thread stopper([&] {
    int signal = 0;
    sigwait(&stop_signals, &signal);
    // stop() does nothing before listening has begun.
    while (!server.is_running() && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    server.stop();
  });
  std::cout << "port " << port << std::endl;
  const bool stopped = server.listen_after_bind();
  ended = true;
  // Ends the stopper if listening ended by itself.
  if (!stopped) kill(getpid(), SIGTERM);
  stopper.join();
  print_usage(executor ? &*executor : nullptr);
  if (!stopped) throw std::runtime_error("accept(2) failed");
}

// What is wrong with the flags, or nothing. Options::processors is preempt's own to check.
std::string find_wrong_flag() {
  const std::string pool = absl::GetFlag(FLAGS_pool);
  if (pool != "preempt" && pool != "httplib") return "--pool is '" + pool + "'; it must be preempt or httplib";
  const auto check = [](const char* name, int value, int least, int most) -> std::string {
    if (value >= least && value <= most) return {};
    return std::string("--") + name + " is " + std::to_string(value) + "; it must be in " + std::to_string(least) +
           " .. " + std::to_string(most);
  };
  for (const std::string& wrong :
       {check("threads", absl::GetFlag(FLAGS_threads), 0, 10'000), check("port", absl::GetFlag(FLAGS_port), 0, 65'535),
        check("fast_us", absl::GetFlag(FLAGS_fast_us), 1, 1'000'000),
        check("report_lines", absl::GetFlag(FLAGS_report_lines), 1, 1'000'000),
        check("keep_alive_requests", absl::GetFlag(FLAGS_keep_alive_requests), 1, 1 << 30),
        check("keep_alive_seconds", absl::GetFlag(FLAGS_keep_alive_seconds), 1, 86'400),
        check("backlog", absl::GetFlag(FLAGS_backlog), 1, 65'535)}) {
    if (!wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("HTTP service on 127.0.0.1 with httplib's thread pool or preempt's");
  absl::ParseCommandLine(argc, argv);
  if (const std::string wrong = find_wrong_flag(); !wrong.empty()) {
    std::cerr << wrong << '\n';
    return 2;
  }
  double rounds_per_us = absl::GetFlag(FLAGS_rounds_per_us);
  if (rounds_per_us <= 0) rounds_per_us = examples::measure_rounds_per_us();
  if (absl::GetFlag(FLAGS_calibrate)) {
    std::cout << rounds_per_us << '\n';
    return 0;
  }
  try {
    serve(rounds_per_us);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
