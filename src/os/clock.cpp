#include "os/clock.h"

#include <cerrno>
#include <ctime>

namespace preempt::os {

Nanos now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

void sleep_until(Nanos deadline) {
  const timespec time = {.tv_sec = deadline / kSecond, .tv_nsec = deadline % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

}  // namespace preempt::os
