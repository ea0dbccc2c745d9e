// An echo server with a task for each connection, on plain blocking sockets: two hundred connections on two processors
// all get their echoes, and none of them many times as many as another. Also built with preempt::blocking_hooks.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>

#include "../../bench/compare/echo/clients.h"
#include "../../bench/compare/echo/server.h"
#include "preempt/executor.h"

namespace preempt {
namespace {

constexpr int kConnections = 200;
// Not scaled down: a few echoes are over before the last of two hundred threads has been made.
constexpr std::uint64_t kEchoes = 50;

class EchoServer : public ::testing::TestWithParam<Preemption> {};

TEST_P(EchoServer, ServesEveryConnection) {
  const bench::Listener listener;
  Executor executor({.processors = 2, .preemption = GetParam()});
  // Who accepts is a task like the others.
  executor.execute([&] {
    for (int i = 0; i < kConnections; ++i) {
      executor.execute([connection = listener.accept_one()] { bench::echo(connection); });
    }
  });
  std::uint64_t fewest = 0, most = 0;
  {
    bench::Clients clients(listener.port(), kConnections);
    EXPECT_TRUE(clients.run([&] { return clients.fewest_echoes() >= kEchoes; }, std::chrono::seconds(40)));
    fewest = clients.fewest_echoes();
    most = clients.most_echoes();
  }
  executor.drain();
  const Stats stats = executor.stats();
  std::printf("%llu .. %llu echoes for a connection, %llu hand-offs, %d threads at most\n",
              static_cast<unsigned long long>(fewest), static_cast<unsigned long long>(most),
              static_cast<unsigned long long>(stats.handoffs), stats.workers_peak);
  EXPECT_GE(fewest, kEchoes);
  EXPECT_LT(most, 100 * fewest);
  EXPECT_GT(stats.handoffs, 0u);
}

INSTANTIATE_TEST_SUITE_P(EachPreemption, EchoServer,
                         ::testing::Values(Preemption::kNone, Preemption::kCheckpoints, Preemption::kEverywhere));

}  // namespace
}  // namespace preempt
