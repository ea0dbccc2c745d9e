// Calls what the hooks cover, off a worker and on one.
#include <preempt/executor.h>
#include <unistd.h>

#include <cstdio>

namespace {

bool passes_a_byte() {
  int ends[2];
  char byte = 0;
  if (pipe(ends) != 0) return false;
  const bool passed = write(ends[1], "x", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'x';
  return close(ends[0]) == 0 && close(ends[1]) == 0 && passed;
}

}  // namespace

int main() {
  if (!passes_a_byte()) return 1;
  preempt::Executor executor({.processors = 1});
  if (!executor.submit(passes_a_byte).get()) return 2;
  std::puts("hooked calls answer");
  return 0;
}
