// Compiled again and again with other flags, as the function VARIANT. It uses no other library than the compiler's.
#include "checkpoints/corpus.h"

#include <immintrin.h>

#include <cstdarg>
#include <cstdint>
#include <cstring>
#include <initializer_list>

extern "C" Corpus VARIANT();

#if defined(__GNUC__) && !defined(__clang__)
extern "C" bool nested_function_holds(void (*ask)());
#endif

namespace {

#define CALLED __attribute__((noinline))

// What the compiler cannot know beforehand.
template <class T>
CALLED T opaque(T value) {
  __asm__ volatile("" ::"r"(&value) : "memory");
  return value;
}

CALLED std::int64_t leaf(std::int64_t a) {
  volatile char room[200];
  room[a & 127] = 1;
  return a + room[a & 127];
}

CALLED std::int64_t six_integers(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d, std::int64_t e,
                                 std::int64_t f) {
  return leaf(a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f);
}

bool integers_hold(void (*ask)()) {
  ask();
  return six_integers(1, 2, 3, 4, 5, 6) == 654322;
}

CALLED double eight_doubles(double a, double b, double c, double d, double e, double f, double g, double h) {
  return a + 2 * b + 4 * c + 8 * d + 16 * e + 32 * f + 64 * g + 128 * h + static_cast<double>(leaf(0));
}

bool doubles_hold(void (*ask)()) {
  ask();
  return eight_doubles(1, 2, 3, 4, 5, 6, 7, 8) == 1 + 4 + 12 + 32 + 80 + 192 + 448 + 1024 + 1;
}

CALLED double on_the_stack(int a, int b, int c, int d, int e, int f, double g, double h, double i, double j, double k,
                           double l, double m, double n, long double o, int p, double q) {
  return a + b + c + d + e + f + g + h + i + j + k + l + m + n + static_cast<double>(o) + 2 * p + 3 * q +
         static_cast<double>(leaf(0));
}

bool arguments_on_the_stack_hold(void (*ask)()) {
  ask();
  return on_the_stack(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15.0L, 16, 17) == 120 + 32 + 51 + 1;
}

struct Large {
  std::int64_t values[9];
};

CALLED Large large_result(std::int64_t from, double step) {
  Large result;
  for (int i = 0; i < 9; ++i) result.values[i] = from + static_cast<std::int64_t>(i * step) + leaf(i) - i - 1;
  return result;
}

bool a_large_result_holds(void (*ask)()) {
  ask();
  const Large large = large_result(5, 2.0);
  bool all = true;
  for (int i = 0; i < 9; ++i) all = all && large.values[i] == 5 + 2 * i;
  return all;
}

struct Pair {
  std::int64_t number;
  double real;
};

CALLED Pair pair_result(Pair a, Pair b) { return {a.number + b.number + leaf(0), a.real * b.real}; }

bool a_pair_holds(void (*ask)()) {
  ask();
  const Pair pair = pair_result({3, 1.5}, {4, 4.0});
  return pair.number == 8 && pair.real == 6.0;
}

CALLED std::int64_t large_frame(std::int64_t seed) {
  volatile unsigned char bytes[30000];
  for (int i = 0; i < 30000; i += 97) bytes[i] = static_cast<unsigned char>(seed + i);
  std::int64_t sum = leaf(0) - 1;
  for (int i = 0; i < 30000; i += 97) sum += bytes[i] == static_cast<unsigned char>(seed + i);
  return sum;
}

bool a_large_frame_holds(void (*ask)()) {
  ask();
  return large_frame(7) == (30000 + 96) / 97;
}

// The guard word is set anew behind the prologue, so that the space itself is had the slow way.
CALLED bool allocates(int size, void (*ask)(), const char* kept) {
  char before[32];
  std::memcpy(before, kept, sizeof before);
  ask();
  auto* space = static_cast<unsigned char*>(__builtin_alloca(static_cast<std::size_t>(size)));
  std::memset(space, 0xa5, static_cast<std::size_t>(size));
  ask();
  auto* more = static_cast<unsigned char*>(__builtin_alloca(static_cast<std::size_t>(size)));
  std::memset(more, 0x5a, static_cast<std::size_t>(size));
  bool right = std::memcmp(before, kept, sizeof before) == 0 && reinterpret_cast<std::uintptr_t>(space) % 16 == 0 &&
               reinterpret_cast<std::uintptr_t>(more) % 16 == 0;
  // A call with arguments on the stack must not write into the space.
  right = right && on_the_stack(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15.0L, 16, 17) == 204;
  for (int i = 0; i < size; ++i) right = right && space[i] == 0xa5 && more[i] == 0x5a;
  return right;
}

bool alloca_holds(void (*ask)()) {
  static const char kept[33] = "kept while the stack grows below";
  bool all = true;
  for (const int size : {1, 15, 16, 17, 1000, 20000}) {
    ask();
    all = all && allocates(size, ask, kept);
  }
  return all;
}

CALLED std::int64_t array_of(int size, void (*ask)()) {
  std::int64_t sum = 0;
  for (int round = 0; round < 200; ++round) {  // freed at the end of each round, or the stack would overflow
    ask();
    int values[size];  // NOLINT
    values[0] = round;
    values[size - 1] = size;
    sum += opaque(values[0]) + opaque(values[size - 1]);
  }
  return sum;
}

bool a_variable_length_array_holds(void (*ask)()) {
  ask();
  // Also on a worker's alternate stack: 64 KiB and, which are larger on some cpus than on others, two signal frames.
  constexpr int kSize = 10000;
  return array_of(kSize, ask) == 199 * 200 / 2 + 200 * kSize;
}

CALLED int thrower(int depth, const char* what) {
  if (depth == 0) throw what;
  return thrower(depth - 1, what) + 1;
}

bool exceptions_hold(void (*ask)()) {
  static const char what[] = "thrown through functions with checkpoints";
  try {
    ask();
    return thrower(opaque(5), what) == -1;
  } catch (const char* caught) {
    return caught == what;
  }
}

CALLED __attribute__((target("avx"))) bool eight_ymm(__m256d a, __m256d b, __m256d c, __m256d d, __m256d e, __m256d f,
                                                     __m256d g, __m256d h) {
  const __m256d all[] = {a, b, c, d, e, f, g, h};
  double values[4];
  bool right = leaf(0) == 1;
  for (int i = 0; i < 8; ++i) {
    _mm256_storeu_pd(values, all[i]);
    for (int j = 0; j < 4; ++j) right = right && values[j] == i * 4 + j;
  }
  return right;
}

__attribute__((target("avx"))) bool ymm_hold_here(void (*ask)()) {
  ask();
  __m256d v[8];
  for (int i = 0; i < 8; ++i) v[i] = _mm256_set_pd(i * 4 + 3, i * 4 + 2, i * 4 + 1, i * 4);
  return eight_ymm(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
}
bool ymm_hold(void (*ask)()) { return !__builtin_cpu_supports("avx") || ymm_hold_here(ask); }

CALLED __attribute__((target("avx512f"))) bool eight_zmm(__m512d a, __m512d b, __m512d c, __m512d d, __m512d e,
                                                         __m512d f, __m512d g, __m512d h) {
  const __m512d all[] = {a, b, c, d, e, f, g, h};
  double values[8];
  bool right = leaf(0) == 1;
  for (int i = 0; i < 8; ++i) {
    _mm512_storeu_pd(values, all[i]);
    for (int j = 0; j < 8; ++j) right = right && values[j] == i * 8 + j;
  }
  return right;
}

__attribute__((target("avx512f"))) bool zmm_hold_here(void (*ask)()) {
  __m512d v[8];
  for (int i = 0; i < 8; ++i) {
    double values[8];
    for (int j = 0; j < 8; ++j) values[j] = i * 8 + j;
    v[i] = _mm512_loadu_pd(values);
  }
  ask();
  return eight_zmm(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
}
bool zmm_hold(void (*ask)()) { return !__builtin_cpu_supports("avx512f") || zmm_hold_here(ask); }

// Back-edges: in a function that calls nothing, with what a loop keeps in registers.
CALLED std::uint64_t collatz(std::uint64_t value, double* real) {
  std::uint64_t steps = 0;
  double sum = 0;
  while (value != 1) {
    value = (value & 1) != 0 ? 3 * value + 1 : value / 2;
    sum += 0.5;
    ++steps;
  }
  *real = sum;
  return steps;
}

bool loops_hold(void (*ask)()) {
  double sum = 0;
  ask();
  const std::uint64_t steps = collatz(opaque(std::uint64_t{837799}), &sum);
  return steps == 524 && sum == 262.0;
}

CALLED std::uint32_t sum_of_squares(const std::uint32_t* values, int count) {
  std::uint32_t sum = 0;
  for (int i = 0; i < count; ++i) sum += values[i] * values[i];
  return sum;
}

bool vector_loops_hold(void (*ask)()) {
  std::uint32_t values[1000];
  for (std::uint32_t i = 0; i < 1000; ++i) values[i] = i;
  ask();
  return sum_of_squares(opaque(&values[0]), 1000) == 332833500;
}

#if defined(__GNUC__) && !defined(__clang__)
CALLED double variadic(const char* kinds, ...) {
  va_list arguments;
  va_start(arguments, kinds);
  double sum = static_cast<double>(leaf(0)) - 1;
  for (; *kinds != 0; ++kinds) sum = 2 * sum + (*kinds == 'd' ? va_arg(arguments, double) : va_arg(arguments, int));
  va_end(arguments);
  return sum;
}

bool variadic_calls_hold(void (*ask)()) {
  bool right = true;
  ask();
  right = right && variadic("") == 0;
  ask();
  right = right && variadic("iiiiiiii", 1, 1, 1, 1, 1, 1, 1, 1) == 255;
  ask();
  right = right && variadic("dddddddddd", 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.) == 1023;
  ask();
  right = right && variadic("idididididid", 1, 1., 1, 1., 1, 1., 1, 1., 1, 1., 1, 1.) == 4095;
  return right;
}
#endif

constexpr Case kCases[] = {
    {"integers", integers_hold},
    {"doubles", doubles_hold},
    {"arguments on the stack", arguments_on_the_stack_hold},
    {"a large result", a_large_result_holds},
    {"a pair", a_pair_holds},
    {"a large frame", a_large_frame_holds},
    {"alloca", alloca_holds},
    {"a variable-length array", a_variable_length_array_holds},
    {"exceptions", exceptions_hold},
    {"ymm", ymm_hold},
    {"zmm", zmm_hold},
    {"loops", loops_hold},
    {"vector loops", vector_loops_hold},
#if defined(__GNUC__) && !defined(__clang__)
    {"variadic calls", variadic_calls_hold},  // Clang refuses to define such a function with checkpoints
    {"nested functions", nested_function_holds},
#endif
    {nullptr, nullptr},
};

}  // namespace

#define TEXT_OF(x) #x
#define NAME_OF(x) TEXT_OF(x)

Corpus VARIANT() { return {NAME_OF(VARIANT), kCases}; }
