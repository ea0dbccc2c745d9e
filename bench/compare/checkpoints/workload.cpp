// PROGRAM: prints the milliseconds that two workloads take on this thread, the best of a few runs of each: `fib`, which
// does nothing but call, and parsing and dumping JSON. Compiled with and without checkpoints.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace {

[[gnu::noinline]] unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

std::string document() {
  nlohmann::json root;
  for (int i = 0; i < 2000; ++i) {
    root["key " + std::to_string(i % 500)].push_back({{"id", i},
                                                      {"name", "user " + std::to_string(i)},
                                                      {"ratio", i * 0.37},
                                                      {"tags", {"a", "b"}},
                                                      {"odd", i % 2 == 1}});
  }
  return root.dump();
}

template <class Work>
double best_milliseconds(Work work) {
  using Clock = std::chrono::steady_clock;
  double best = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 4; ++run) {
    const auto start = Clock::now();
    work();
    best = std::min(best, std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  return best;
}

}  // namespace

int main() {
  volatile unsigned number = 30;
  volatile std::size_t result = 0;
  const std::string text = document();
  const double calls = best_milliseconds([&] { result = fib(number); });
  const double json = best_milliseconds([&] { result = nlohmann::json::parse(text).dump().size(); });
  std::printf("%f %f\n", calls, json);
  return 0;
}
