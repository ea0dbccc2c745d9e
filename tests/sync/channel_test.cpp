#include "preempt/sync/channel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>

#include "preempt/sync/latch.h"
#include "support/scale.h"
#include "support/waiting_kinds.h"

namespace preempt {
namespace {

using testing::Runner;

class ChannelTest : public testing::ForEachKind {};
PREEMPT_FOR_EACH_KIND(ChannelTest);

TEST_P(ChannelTest, EverythingSentIsReceivedOnce) {
  Channel<int> channel(4);
  std::atomic<long> sum = 0;
  const int each = testing::scaled(2000);
  Runner receivers(GetParam(), 1);
  for (int i = 0; i < 4; ++i) {
    receivers.run([&] {
      while (const std::optional<int> value = channel.receive()) sum += *value;
    });
  }
  std::atomic<int> refused = 0;
  {
    Runner senders(GetParam(), 1);
    for (int i = 0; i < 4; ++i) {
      senders.run([&] {
        for (int k = 1; k <= each; ++k) refused += channel.send(k) ? 0 : 1;
      });
    }
  }
  channel.close();
  receivers.join();
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(sum, 4L * each * (each + 1) / 2);
}

TEST_P(ChannelTest, CloseEndsWaits) {
  Channel<int> full(1), empty(1);
  ASSERT_TRUE(full.send(1));
  std::atomic<int> ended = 0;
  Runner runner(GetParam());
  runner.run([&] { ended += full.send(2) ? 0 : 1; });
  runner.run([&] { ended += empty.receive() ? 0 : 1; });
  full.close();
  empty.close();
  runner.join();
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(full.receive(), 1) << "what was sent before the end is kept";
  EXPECT_EQ(full.receive(), std::nullopt);
}

TEST(Channel, TriesDoNotWaitAndKeepWhatTheyCouldNotSend) {
  Channel<std::unique_ptr<int>> channel(1);
  EXPECT_EQ(channel.try_receive(), std::nullopt);
  EXPECT_TRUE(channel.try_send(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(channel.try_send(std::move(second)));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(**channel.try_receive(), 1);
  channel.close();
  EXPECT_FALSE(channel.send(std::move(second)));
  EXPECT_NE(second, nullptr);
}

TEST(Channel, BadCapacity) { EXPECT_THROW(Channel<int>(0), std::invalid_argument); }

}  // namespace
}  // namespace preempt
