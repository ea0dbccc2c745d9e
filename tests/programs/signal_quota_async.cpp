// Regression: with the user's RLIMIT_SIGPENDING used up the kernel delivers our signal without its particulars. It
// passed for the program's own: preemption died silently, or the default action of SIGUSR1 ended the process.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>

#include "preempt/executor.h"
#include "support/hogs.h"

namespace preempt {
namespace {

class SignalQuotaAsync : public ::testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Signals, SignalQuotaAsync, ::testing::Values(SIGURG, SIGUSR1));

TEST_P(SignalQuotaAsync, PreemptsWithoutAnyQuota) {
  const rlimit none = {0, 0};
  ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &none), 0);
  Executor executor({.processors = 1, .signal = GetParam()});
  const testing::Hogs hogs(executor, 3);
  EXPECT_TRUE(testing::more_thread_preemptions(executor, 5));
}

}  // namespace
}  // namespace preempt
