#include "go_peer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "support/child_program.h"

namespace preempt::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Its read end is the program's standard input.
class Pipe {
 public:
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
    read_ = ends[0];
    write_ = ends[1];
    fcntl(read_, F_SETFD, 0);  // for the shell that starts the program
    // Go's poller waits for it only if it does not block, else a thread does. Neither shall the generator wait, when
    // Go is too busy to read: what it has not read yet wakes it as well.
    fcntl(read_, F_SETFL, O_NONBLOCK);
    fcntl(write_, F_SETFL, O_NONBLOCK);
  }
  ~Pipe() {
    close(read_);
    close(write_);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void wake() const { static_cast<void>(!write(write_, "", 1)); }
  std::string redirection() const { return " 0<&" + std::to_string(read_); }

 private:
  int read_ = -1, write_ = -1;
};

// Lines of arrival and service, in nanoseconds.
void write_plan(const std::filesystem::path& path, const Plan& plan) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) throw std::system_error(errno, std::generic_category(), path.string());
  for (const Request& request : plan) {
    std::fprintf(file, "%lld %lld\n", static_cast<long long>(request.arrival), static_cast<long long>(request.service));
  }
  if (std::fclose(file) != 0) throw std::system_error(errno, std::generic_category(), path.string());
}

double read_number(ChildProgram& program) {
  double value = 0;
  if (!program.read(value)) throw std::runtime_error("the program in Go failed");
  return value;
}

// The program's time stamps are those of CLOCK_MONOTONIC, as the steady clock's are.
Outcome converse(ChildProgram& program, const Pipe& pipe, const Plan& plan, const Site& site) {
  const auto start = std::chrono::nanoseconds(static_cast<Nanoseconds>(read_number(program)));
  std::thread generator([&] {
    const AffinityScope scope(site.cpus.feeder);
    generate(plan, Clock::time_point(start), [&pipe](std::size_t) { pipe.wake(); });
  });
  generator.join();
  Outcome outcome;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    outcome.completions.push_back(static_cast<Nanoseconds>(read_number(program)));
  }
  outcome.pool_cpu_seconds = read_number(program);
  return outcome;
}

Outcome run_in_go(const GoProgram& go, const Plan& plan, const Site& site) {
  const std::filesystem::path path = go.file("plan");
  write_plan(path, plan);
  const Pipe pipe;
  // Its threads inherit the cpus, and none of them leaves them.
  const AffinityScope scope(site.cpus.workers);
  ChildProgram program(go.command() + " " + std::to_string(site.processors) + " " + quoted(path) + pipe.redirection());
  return converse(program, pipe, plan, site);
}

}  // namespace

PoolUnderTest go_peer(const GoProgram& program) {
  return {kGoName, PoolKind::kPeer,
          [&program](const Plan& plan, const Site& site, const Work&) { return run_in_go(program, plan, site); }};
}

}  // namespace preempt::bench
