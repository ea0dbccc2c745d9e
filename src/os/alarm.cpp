#include "os/alarm.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>

#include "os/saved_errno.h"

namespace preempt::os {
namespace {

bool set(int timer, Nanos when) noexcept {
  itimerspec time = {};  // kNever: none
  if (when != kNever) time.it_value = {.tv_sec = when / kSecond, .tv_nsec = when % kSecond};
  return timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, nullptr) == 0;
}

}  // namespace

bool Alarm::open() noexcept {
  const SavedErrno saved;
  timer_.store(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), std::memory_order_release);
  return timer_.load(std::memory_order_relaxed) >= 0;
}

void Alarm::close() noexcept {
  const SavedErrno saved;
  const int timer = timer_.exchange(-1, std::memory_order_relaxed);
  // If it is ours still: a descriptor that was closed under us may be somebody's file by now.
  if (timer >= 0 && set(timer, kNever)) ::close(timer);
}

bool Alarm::arm() noexcept {
  const SavedErrno saved;
  for (Nanos when = at_.load(std::memory_order_seq_cst); when != kAwake;) {
    const bool is_set = set(timer_.load(std::memory_order_acquire), when);
    const Nanos wanted = at_.load(std::memory_order_seq_cst);
    if (wanted == when) {
      if (is_set) armed_for_.store(when, std::memory_order_seq_cst);
      return is_set;
    }
    when = wanted;
  }
  return true;
}

void Alarm::set_for(Nanos when) noexcept {
  armed_for_.store(kAwake, std::memory_order_seq_cst);
  at_.store(std::max(when, kAtOnce), std::memory_order_seq_cst);
  if (arm()) return;
  if (open() && !arm()) close();
}

void Alarm::bring_forward(Nanos when) noexcept {
  when = std::max(when, kAtOnce);  // also what is before the clock's beginning
  Nanos at = at_.load(std::memory_order_seq_cst);
  while (at > when && !at_.compare_exchange_weak(at, when, std::memory_order_seq_cst)) {
  }
  // Who set the word to an earlier time may have been stopped before it set the timer.
  if (at > when || at != armed_for_.load(std::memory_order_seq_cst)) arm();
}

bool Alarm::postpone(Nanos from, Nanos to) noexcept {
  if (from == kAwake || !at_.compare_exchange_strong(from, std::max(to, kAtOnce), std::memory_order_seq_cst)) {
    return false;
  }
  arm();
  return true;
}

void Alarm::wait() noexcept {
  // Without end only nearly: who closes descriptors that are not its own, as some do with all above 2, must not make
  // the sleeper sleep for good.
  constexpr int kLongestMilliseconds = 60'000;
  const SavedErrno saved;
  pollfd timer = {.fd = timer_.load(std::memory_order_relaxed), .events = POLLIN, .revents = 0};
  // Not by poll(3), which others may have put a function of theirs in front of.
  if (timer.fd < 0 || syscall(SYS_poll, &timer, 1, kLongestMilliseconds) < 0) sleep_until(now() + kMillisecond);
  stay_awake();
}

}  // namespace preempt::os
