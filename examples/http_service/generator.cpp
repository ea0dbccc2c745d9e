// Open-loop load for the example's server, on 127.0.0.1 only: Poisson arrivals from a seed, latency from the planned
// arrival, so that a server that falls behind does not slow the load down (no coordinated omission).
//
//   generator --port=41234 --mode=keep_alive --output=run1
//
// Prints a summary; --output also writes the latencies, see results.h.
#include <sys/resource.h>

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "arrivals.h"
#include "load.h"
#include "results.h"

ABSL_FLAG(std::string, address, "127.0.0.1", "the only address that is allowed");
ABSL_FLAG(int, port, 0, "port of the server");
ABSL_FLAG(std::string, mode, "per_request", "per_request: a connection for each request; keep_alive: a fixed number");
ABSL_FLAG(int, connections, 32, "number of connections with --mode=keep_alive");
ABSL_FLAG(int, max_open, 900, "most open connections with --mode=per_request; further requests wait");
ABSL_FLAG(std::uint64_t, seed, 1, "the same seed gives the same arrivals");
ABSL_FLAG(double, rate, 2000, "requests a second");
ABSL_FLAG(double, seconds, 5, "time in which recorded requests are due");
ABSL_FLAG(double, warm_up, 0.5, "seconds before that, not recorded");
ABSL_FLAG(double, patience, 3,
          "seconds after the last recorded arrival until the run ends, whatever is unanswered; load goes on meanwhile");
ABSL_FLAG(double, slow_share, 0.01, "share of /slow");
ABSL_FLAG(int, slow_ms, 20, "computing of one /slow, in milliseconds");
ABSL_FLAG(double, report_share, 0.02, "share of /report");
ABSL_FLAG(std::string, output, "", "prefix of the latency files");

namespace {

using http_service::Load;
using http_service::LoadOptions;
using http_service::Mode;

// What is wrong with the flags, or nothing.
std::string find_wrong_flag() {
  if (absl::GetFlag(FLAGS_address) != "127.0.0.1") return "--address: this load generator talks to 127.0.0.1 only";
  const std::string mode = absl::GetFlag(FLAGS_mode);
  if (mode != "per_request" && mode != "keep_alive") return "--mode must be per_request or keep_alive";
  if (absl::GetFlag(FLAGS_port) < 1 || absl::GetFlag(FLAGS_port) > 65'535) return "--port must be in 1 .. 65535";
  if (absl::GetFlag(FLAGS_connections) < 1 || absl::GetFlag(FLAGS_connections) > 10'000) {
    return "--connections must be in 1 .. 10000";
  }
  if (absl::GetFlag(FLAGS_max_open) < 1 || absl::GetFlag(FLAGS_max_open) > 10'000) {
    return "--max_open must be in 1 .. 10000";
  }
  if (!(absl::GetFlag(FLAGS_rate) > 0 && absl::GetFlag(FLAGS_rate) <= 1e6)) return "--rate must be in (0, 1e6]";
  if (!(absl::GetFlag(FLAGS_seconds) > 0 && absl::GetFlag(FLAGS_seconds) <= 3600)) {
    return "--seconds must be in (0, 3600]";
  }
  if (!(absl::GetFlag(FLAGS_warm_up) >= 0 && absl::GetFlag(FLAGS_warm_up) <= 3600)) {
    return "--warm_up must be in [0, 3600]";
  }
  if (!(absl::GetFlag(FLAGS_patience) >= 0 && absl::GetFlag(FLAGS_patience) <= 3600)) {
    return "--patience must be in [0, 3600]";
  }
  const double slow = absl::GetFlag(FLAGS_slow_share);
  const double report = absl::GetFlag(FLAGS_report_share);
  if (!(slow >= 0 && report >= 0 && slow + report <= 1)) return "--slow_share and --report_share must be shares of 1";
  return {};
}

std::int64_t to_ns(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

LoadOptions read_options() {
  LoadOptions options;
  options.port = static_cast<std::uint16_t>(absl::GetFlag(FLAGS_port));
  options.mode = absl::GetFlag(FLAGS_mode) == "keep_alive" ? Mode::kKeepAlive : Mode::kPerRequest;
  options.connections = absl::GetFlag(options.mode == Mode::kKeepAlive ? FLAGS_connections : FLAGS_max_open);
  options.recorded = {to_ns(absl::GetFlag(FLAGS_warm_up)),
                      to_ns(absl::GetFlag(FLAGS_warm_up) + absl::GetFlag(FLAGS_seconds))};
  options.deadline = options.recorded.end + to_ns(absl::GetFlag(FLAGS_patience));
  options.targets = {"/fast", "/slow?ms=" + std::to_string(absl::GetFlag(FLAGS_slow_ms)), "/report"};
  return options;
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void generate() {
  const LoadOptions options = read_options();
  const std::vector<http_service::Arrival> arrivals = http_service::plan_arrivals(
      absl::GetFlag(FLAGS_seed), absl::GetFlag(FLAGS_rate), static_cast<double>(options.deadline) / 1e9,
      {.slow_share = absl::GetFlag(FLAGS_slow_share), .report_share = absl::GetFlag(FLAGS_report_share)});
  Load load(options, arrivals);
  const http_service::LoadResult result = load.run();
  const http_service::Run run{arrivals, result, options.recorded};
  if (const std::string output = absl::GetFlag(FLAGS_output); !output.empty()) write_latencies(output, run);
  write_summary(std::cout, run);
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("open-loop load for the example's server on 127.0.0.1");
  absl::ParseCommandLine(argc, argv);
  if (const std::string wrong = find_wrong_flag(); !wrong.empty()) {
    std::cerr << wrong << '\n';
    return 2;
  }
  try {
    raise_descriptor_limit();
    generate();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
