#include "mixtures.h"

#include <cmath>
#include <stdexcept>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "distribution.h"

namespace preempt::bench {
namespace {

constexpr double kMean = 1e6;  // of the continuous ones, in nanoseconds
constexpr double kSigma = 2;   // the longest hundredth of the requests is more than a third of the work

std::vector<RequestClass> by_length() { return {{"shortest 50%", 0.5}, {"middle 49%", 0.49}, {"longest 1%", 0.01}}; }

RequestClass parse_class(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  RequestClass parsed;
  absl::Duration service;
  if (parts.size() == 2 && absl::SimpleAtod(parts[0], &parsed.share) && absl::ParseDuration(parts[1], &service)) {
    parsed.name = parts[1];
    parsed.service = absl::ToInt64Nanoseconds(service);
  }
  if (!(parsed.share > 0 && parsed.service > 0)) {
    throw std::invalid_argument("'" + text + "' is not SHARE:WORK, such as 0.99:50us");
  }
  return parsed;
}

}  // namespace

std::vector<std::string> mixture_names() { return {"bimodal", "bimodal2", "half", "exponential", "lognormal"}; }

std::optional<Mixture> mixture_named(const std::string& name) {
  if (name == "bimodal") {
    return Mixture("bimodal 99.5:100us 0.5:50ms", {{"100us", 0.995, 100'000}, {"50ms", 0.005, 50'000'000}});
  }
  if (name == "bimodal2") {
    return Mixture("bimodal2 99:50us 1:20ms", {{"50us", 0.99, 50'000}, {"20ms", 0.01, 20'000'000}});
  }
  if (name == "half") return Mixture("half 50:0.5ms 50:50ms", {{"0.5ms", 0.5, 500'000}, {"50ms", 0.5, 50'000'000}});
  if (name == "exponential") {
    return Mixture(
        "exponential, mean 1ms", by_length(), [](double u) { return exponential_quantile(u, kMean); }, kMean);
  }
  if (name == "lognormal") {
    return Mixture(
        "lognormal, mean 1ms, sigma 2", by_length(), [](double u) { return lognormal_quantile(u, kMean, kSigma); },
        kMean);
  }
  return std::nullopt;
}

Mixture mixture_of(const std::vector<std::string>& classes) {
  std::vector<RequestClass> parsed;
  double shares = 0;
  for (const std::string& each : classes) {
    parsed.push_back(parse_class(each));
    shares += parsed.back().share;
  }
  if (!(std::abs(shares - 1) <= 1e-6)) {
    throw std::invalid_argument("the shares add up to " + std::to_string(shares) + ", not to 1");
  }
  return Mixture(absl::StrJoin(classes, " "), std::move(parsed));
}

}  // namespace preempt::bench
