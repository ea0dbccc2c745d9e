#include "flags.h"

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"

namespace preempt::bench {

std::vector<double> loads_from(const std::vector<std::string>& texts) {
  std::vector<double> loads;
  for (const std::string& text : texts) {
    double load = 0;
    if (!absl::SimpleAtod(text, &load) || !(load > 0 && load < 1)) {
      throw std::invalid_argument("--load: '" + text + "' is not a number above 0 and below 1");
    }
    loads.push_back(load);
  }
  return loads;
}

std::vector<std::chrono::nanoseconds> slices_from(const std::vector<std::string>& texts) {
  std::vector<std::chrono::nanoseconds> slices;
  for (const std::string& text : texts) {
    absl::Duration slice;
    if (!absl::ParseDuration(text, &slice) || slice <= absl::ZeroDuration()) {
      throw std::invalid_argument("--slice: '" + text + "' is not a duration, such as 1ms");
    }
    slices.push_back(absl::ToChronoNanoseconds(slice));
  }
  return slices;
}

void validate(const Setting& setting) {
  if (setting.plan.processors < 1) throw std::invalid_argument("--processors must be at least 1");
  if (!(setting.plan.seconds > 0)) throw std::invalid_argument("--seconds must be above 0");
  if (setting.repetitions < 1) throw std::invalid_argument("--repetitions must be at least 1");
}

void keep_only(std::vector<PoolUnderTest>& pools, const std::string& part) {
  std::erase_if(pools, [&part](const PoolUnderTest& pool) { return pool.name.find(part) == std::string::npos; });
}

Site choose_site(int processors) {
  Site site{.cpus = split_cpus(processors), .processors = processors};
  if (site.cpus.feeder.empty()) {
    std::fputs("no cpu is left for the generator; it will disturb what it measures\n", stderr);
  }
  return site;
}

int run_with_flags(int argc, char** argv, const char* usage, int (*run)()) {
  absl::SetProgramUsageMessage(usage);
  absl::ParseCommandLine(argc, argv);
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 2;
  }
}

}  // namespace preempt::bench
