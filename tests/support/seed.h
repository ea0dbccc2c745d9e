// Random choices of stress tests that can be repeated.
#ifndef PREEMPT_TESTS_SUPPORT_SEED_H_
#define PREEMPT_TESTS_SUPPORT_SEED_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace preempt::testing {

// `text` if there is one, else PREEMPT_TEST_SEED of the environment, else a random seed. Prints it.
inline std::uint64_t choose_seed(const char* text = nullptr) {
  if (text == nullptr) text = std::getenv("PREEMPT_TEST_SEED");
  const std::uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
  std::printf("seed %llu (repeat with PREEMPT_TEST_SEED=%llu)\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

// splitmix64 (Steele, Lea, Flood, 2014): any seed is a good one, and a task can carry its own.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // 0 .. bound - 1.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  // True once in `n` times.
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_SEED_H_
