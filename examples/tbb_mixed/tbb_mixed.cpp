// Short bodies beside long ones in oneTBB arenas of two slots: how long do the short ones wait? Linked twice, with
// oneTBB and with preempt in its place.
//
//   tbb_mixed_onetbb
//   tbb_mixed_preempt --with=PATH/tbb_mixed_onetbb     # both tables and the ratio
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "other_program.h"
#include "plan.h"
#include "report.h"
#include "run.h"
#include "support/compute.h"

ABSL_FLAG(double, seconds, 5, "how long bodies arrive");
ABSL_FLAG(double, short_rate, 400, "short bodies a second, in each arena");
ABSL_FLAG(double, long_rate, 20, "long bodies a second, in each arena");
ABSL_FLAG(double, short_us, 100, "microseconds of computing in a short body");
ABSL_FLAG(double, long_ms, 20, "milliseconds of computing in a long body");
ABSL_FLAG(std::uint64_t, seed, 1, "of the arrivals");
ABSL_FLAG(std::string, with, "", "path of the other program, which runs first, with the same flags");

namespace {

using tbb_mixed::Lengths;
using tbb_mixed::Load;

// The name is all that tells which runtime this is.
std::string own_name() { return std::filesystem::read_symlink("/proc/self/exe").filename().string(); }

Load read_load() {
  return {.seconds = absl::GetFlag(FLAGS_seconds),
          .short_rate = absl::GetFlag(FLAGS_short_rate),
          .long_rate = absl::GetFlag(FLAGS_long_rate),
          .seed = absl::GetFlag(FLAGS_seed)};
}

Lengths read_lengths() {
  const double rounds_per_us = examples::measure_rounds_per_us();
  return {.short_body = static_cast<std::uint64_t>(absl::GetFlag(FLAGS_short_us) * rounds_per_us),
          .long_body = static_cast<std::uint64_t>(absl::GetFlag(FLAGS_long_ms) * 1e3 * rounds_per_us)};
}

// All flags but --with.
std::vector<std::string> flags_for_other() {
  return {"--seconds=" + std::to_string(absl::GetFlag(FLAGS_seconds)),
          "--short_rate=" + std::to_string(absl::GetFlag(FLAGS_short_rate)),
          "--long_rate=" + std::to_string(absl::GetFlag(FLAGS_long_rate)),
          "--short_us=" + std::to_string(absl::GetFlag(FLAGS_short_us)),
          "--long_ms=" + std::to_string(absl::GetFlag(FLAGS_long_ms)),
          "--seed=" + std::to_string(absl::GetFlag(FLAGS_seed))};
}

// Runs and prints; returns the p99 of the short bodies in milliseconds.
double measure() {
  const auto plan = tbb_mixed::plan_arrivals(read_load());
  const auto latencies = tbb_mixed::run(plan, read_lengths());
  const tbb_mixed::Result result{plan, latencies};
  const double p99 = tbb_mixed::short_p99_ms(result);
  std::printf("%s: %d arenas of %d slots, %g s\n\n", own_name().c_str(), tbb_mixed::kArenas, tbb_mixed::kSlots,
              absl::GetFlag(FLAGS_seconds));
  tbb_mixed::print_table(stdout, result);
  std::printf("\nShort ones of both arenas: p99 %.2f ms\n", p99);
  return p99;
}

void measure_both(const std::string& other) {
  const double theirs = tbb_mixed::run_other(other, flags_for_other());
  std::puts("");
  const double ours = measure();
  std::printf("\np99 of the short ones: %s %.2f ms / %s %.2f ms = %.1f\n",
              std::filesystem::path(other).filename().c_str(), theirs, own_name().c_str(), ours, theirs / ours);
}

bool flags_are_right() {
  return absl::GetFlag(FLAGS_seconds) > 0 && absl::GetFlag(FLAGS_short_rate) > 0 &&
         absl::GetFlag(FLAGS_long_rate) >= 0 && absl::GetFlag(FLAGS_short_us) > 0 && absl::GetFlag(FLAGS_long_ms) > 0;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Short bodies beside long ones in oneTBB arenas of two slots");
  absl::ParseCommandLine(argc, argv);
  if (!flags_are_right()) {
    std::fputs("tbb_mixed: times and rates must be above 0; --long_rate may be 0\n", stderr);
    return 2;
  }
  try {
    if (const std::string other = absl::GetFlag(FLAGS_with); !other.empty()) {
      measure_both(other);
    } else {
      measure();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tbb_mixed: %s\n", error.what());
    return 1;
  }
  return 0;
}
