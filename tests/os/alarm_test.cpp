// An alarm that other threads put forward and back: what is asked for last counts, whoever was slow to set the timer.
#include "os/alarm.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace preempt::os {
namespace {

constexpr Nanos kLong = 20 * kSecond;  // a test that waits for it fails

// The descriptor that open() made.
int descriptor_of_timer() {
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    if (std::filesystem::read_symlink(each.path(), ignored).string().find("[timerfd]") != std::string::npos) {
      return std::stoi(each.path().filename());
    }
  }
  return -1;
}

TEST(AlarmTest, RingsAtItsTimeNotBefore) {
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  const Nanos when = now() + 5 * kMillisecond;
  alarm.set_for(when);
  alarm.wait();
  EXPECT_GE(now(), when);
  EXPECT_EQ(alarm.at(), Alarm::kAwake);
}

TEST(AlarmTest, RingsAtOnceForATimeThatIsOver) {
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  alarm.set_for(Alarm::kAtOnce);
  alarm.wait();
}

// Of a task that slept until time_point::min(), the watchdog never woke up again.
TEST(AlarmTest, RingsAtOnceForATimeBeforeTheClocksBeginning) {
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  alarm.set_for(std::numeric_limits<Nanos>::min());
  alarm.wait();
  const Nanos begin = now();
  alarm.set_for(kNever);
  alarm.bring_forward(-1);
  alarm.wait();
  EXPECT_LT(now() - begin, kLong);
}

TEST(AlarmTest, IsBroughtForwardByAnother) {
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  const Nanos begin = now();
  alarm.set_for(kNever);
  std::thread other([&] { alarm.bring_forward(now() + kMillisecond); });
  alarm.wait();
  EXPECT_LT(now() - begin, kLong);
  other.join();
}

TEST(AlarmTest, IsNotBroughtForwardToALaterTime) {
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  const Nanos when = now() + kMillisecond;
  alarm.set_for(when);
  alarm.bring_forward(when + kLong);
  EXPECT_EQ(alarm.at(), when);
  alarm.wait();
  EXPECT_LT(now(), when + kLong);
}

TEST(AlarmTest, IsPostponed) {
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  const Nanos first = now() + kMillisecond, then = first + 10 * kMillisecond;
  alarm.set_for(first);
  EXPECT_FALSE(alarm.postpone(first - 1, then)) << "it is set for another time";
  EXPECT_TRUE(alarm.postpone(first, then));
  alarm.wait();
  EXPECT_GE(now(), then);
}

TEST(AlarmTest, NobodyChangesItWhileTheSleeperIsAwake) {
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  alarm.bring_forward(Alarm::kAtOnce);
  EXPECT_FALSE(alarm.postpone(Alarm::kAwake, now()));
  EXPECT_EQ(alarm.at(), Alarm::kAwake);
}

TEST(AlarmTest, KeepsErrno) {
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  errno = EXDEV;
  alarm.set_for(kNever);
  alarm.bring_forward(Alarm::kAtOnce);
  alarm.wait();
  EXPECT_EQ(errno, EXDEV);
}

// Programs close what they did not open.
TEST(AlarmTest, OutlivesTheLossOfItsDescriptor) {
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  close(descriptor_of_timer());
  const Nanos when = now() + 2 * kMillisecond;
  alarm.set_for(when);
  alarm.wait();
  EXPECT_GE(now(), when);
}

TEST(AlarmTest, NapsWhereNoDescriptorCanBeHad) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Alarm alarm;
  EXPECT_FALSE(alarm.open());
  const Nanos begin = now();
  alarm.set_for(kNever);
  alarm.wait();
  EXPECT_LT(now() - begin, kLong);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  const Nanos when = now() + 20 * kMillisecond;
  alarm.set_for(when);
  alarm.wait();
  EXPECT_GE(now(), when) << "there is one again";
}

TEST(AlarmTest, LeavesTheFileAloneThatTookItsDescriptor) {
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  const int taken = descriptor_of_timer();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  ASSERT_EQ(dup2(ends[0], taken), taken);
  for (int i = 0; i < 3; ++i) {
    alarm.set_for(now() + kMillisecond);
    alarm.wait();
  }
  char read_back = 0;
  EXPECT_EQ(read(taken, &read_back, 1), 1);
  EXPECT_EQ(read_back, 'x');
  for (const int each : {ends[0], ends[1], taken}) close(each);
}

// With a timer that is set twice at the same time in the wrong order, the sleeper would sleep for good.
TEST(AlarmTest, WhatIsBroughtForwardIsNotLostAmongThoseWhoPostpone) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Alarm alarm;
  ASSERT_TRUE(alarm.open());
  std::atomic<bool> ends = false;
  std::vector<std::thread> postponers;
  for (int i = 0; i < 2; ++i) {
    postponers.emplace_back([&] {
      while (!ends) {
        const Nanos at = alarm.at();
        if (at > Alarm::kAtOnce) alarm.postpone(at, now() + kLong);
      }
    });
  }
  std::thread ringer([&] {
    std::minstd_rand random(seed);
    while (!ends) {
      for (unsigned i = random() % 2000; i > 0; --i) __builtin_ia32_pause();
      alarm.bring_forward(Alarm::kAtOnce);
    }
  });
  Nanos longest = 0;
  for (int i = 0; i < 500; ++i) {
    const Nanos begin = now();
    alarm.set_for(begin + kLong);
    alarm.wait();
    longest = std::max(longest, now() - begin);
  }
  ends = true;
  ringer.join();
  for (std::thread& each : postponers) each.join();
  EXPECT_LT(longest, kLong / 2);
}

}  // namespace
}  // namespace preempt::os
