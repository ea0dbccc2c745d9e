// Echo servers with plain blocking sockets under many connections: a task for each on an executor, with and without
// hooks, beside a kernel thread for each. The servers are programs of their own, which take turns; the clients are this
// one's.
//
//   echo [--connections=200] [--processors=2] [--seconds=2] [--repetitions=5] [--csv=FILE]
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "clients.h"
#include "support/child_program.h"
#include "support/disturbance.h"
#include "support/markdown.h"
#include "support/progress.h"
#include "support/samples.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

struct Flags {
  int connections = 200;
  int processors = 2;
  double seconds = 2;
  int repetitions = 5;
  std::string csv;
};

struct Server {
  std::string name;
  std::string program;
  std::vector<double> per_second = {}, p50 = {}, p99 = {}, spread = {}, cpu = {};  // one for each repetition
};

bool take(const char* argument, const char* name, double& value) {
  const std::size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0 || argument[length] != '=') return false;
  value = std::atof(argument + length + 1);
  return true;
}

bool take(const char* argument, const char* name, std::string& value) {
  const std::size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0 || argument[length] != '=') return false;
  value = argument + length + 1;
  return true;
}

bool read_flags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    double value = 0;
    if (take(argv[i], "--connections", value)) {
      flags.connections = static_cast<int>(value);
    } else if (take(argv[i], "--processors", value)) {
      flags.processors = static_cast<int>(value);
    } else if (take(argv[i], "--repetitions", value)) {
      flags.repetitions = static_cast<int>(value);
    } else if (!take(argv[i], "--seconds", flags.seconds) && !take(argv[i], "--csv", flags.csv)) {
      return false;
    }
  }
  return flags.connections > 0 && flags.processors > 0 && flags.repetitions > 0 && flags.seconds > 0;
}

// One run. False when an echo was wrong or missing.
bool measure(Server& server, const Flags& flags) {
  using Clock = std::chrono::steady_clock;
  const double cpu_before = cpu_seconds_of_children();
  ChildProgram program(quoted(own_folder() / server.program) + " " + std::to_string(flags.connections) + " " +
                       std::to_string(flags.processors));
  double port = 0;
  if (!program.read(port)) return false;
  const auto start = Clock::now();
  const std::chrono::duration<double> length(flags.seconds);
  std::size_t echoes = 0;
  {
    Clients clients(static_cast<std::uint16_t>(port), flags.connections);
    if (!clients.run([&] { return Clock::now() - start > length; }, std::chrono::seconds(60))) return false;
    const std::chrono::duration<double> elapsed = Clock::now() - start;
    echoes = clients.latencies().size();
    server.per_second.push_back(static_cast<double>(echoes) / elapsed.count());
    server.p50.push_back(quantile(clients.latencies(), 0.5));
    server.p99.push_back(quantile(clients.latencies(), 0.99));
    server.spread.push_back(static_cast<double>(clients.most_echoes()) / static_cast<double>(clients.fewest_echoes()));
  }
  if (!program.end()) return false;
  server.cpu.push_back(1e6 * (cpu_seconds_of_children() - cpu_before) / static_cast<double>(echoes));
  return true;
}

// What measure() just added.
void write_samples(SamplesFile& samples, const Server& server, const Flags& flags) {
  const std::string workload =
      std::to_string(flags.connections) + " connections, " + std::to_string(flags.processors) + " processors";
  samples.add(workload, server.name, "throughput", "echoes/s", Better::kHigher, server.per_second.back());
  samples.add(workload, server.name, "p50", "us", Better::kLower, server.p50.back());
  samples.add(workload, server.name, "p99", "us", Better::kLower, server.p99.back());
  samples.add(workload, server.name, "most / fewest echoes", "", Better::kLower, server.spread.back());
  samples.add(workload, server.name, "cpu time for an echo", "us", Better::kLower, server.cpu.back());
}

void print_table(const std::vector<Server>& servers, const Server& peer) {
  MarkdownTable table({"server", "echoes/s", "/ threads", "p50 us", "p99 us", "p99 / threads", "most / fewest",
                       "server cpu us per echo"});
  for (const Server& server : servers) {
    table.add({server.name, number(median(server.per_second)),
               number(median(server.per_second) / median(peer.per_second)) + "x", number(median(server.p50)),
               number(median(server.p99)), number(median(server.p99) / median(peer.p99)) + "x",
               number(median(server.spread)), number(median(server.cpu))});
  }
  table.print(stdout);
}

void print_goals(const Server& ours, const Server& peer) {
  constexpr double kThroughput = 0.9;
  const double throughput = median(ours.per_second) / median(peer.per_second);
  const double p99 = median(ours.p99) / median(peer.p99);
  std::printf("- echoes/s, %s / %s: %s (goal: >= %s): %s\n", ours.name.c_str(), peer.name.c_str(),
              number(throughput).c_str(), number(kThroughput).c_str(), throughput >= kThroughput ? "pass" : "FAIL");
  std::printf("- p99, %s / %s: %s (goal: <= 1.00): %s\n", ours.name.c_str(), peer.name.c_str(), number(p99).c_str(),
              p99 <= 1 ? "pass" : "FAIL");
}

int run(const Flags& flags) {
  std::vector<Server> servers = {{"a thread for each connection", "echo_threads"},
                                 {"preempt with hooks", "echo_preempt_hooked"},
                                 {"preempt without hooks", "echo_preempt"}};
  SamplesFile samples(flags.csv, "echo");
  const Disturbance disturbance;
  {
    const Progress progress;
    for (int repetition = 1; repetition <= flags.repetitions; ++repetition) {
      for (Server& server : servers) {
        progress.show(repetition, flags.repetitions, server.name);
        if (measure(server, flags)) {
          write_samples(samples, server, flags);
          continue;
        }
        std::fprintf(stderr, "echo: %s did not answer\n", server.name.c_str());
        return 1;
      }
    }
  }
  std::printf("%d connections, %d processors, %g s, %d repetitions; the clients share the machine.\n\n",
              flags.connections, flags.processors, flags.seconds, flags.repetitions);
  print_table(servers, servers[0]);
  std::puts("");
  print_goals(servers[1], servers[0]);
  std::puts("");
  disturbance.print(stdout);
  return 0;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  preempt::bench::Flags flags;
  if (!preempt::bench::read_flags(argc, argv, flags)) {
    std::fputs("usage: echo [--connections=200] [--processors=2] [--seconds=2] [--repetitions=5] [--csv=FILE]\n",
               stderr);
    return 2;
  }
  try {
    return preempt::bench::run(flags);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "echo: %s\n", error.what());
    return 1;
  }
}
