// preempt::httplib::TaskQueue under a real cpp-httplib server, and by itself.
#include <gtest/gtest.h>

#if __has_include("preempt/adapters/httplib.h")

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "preempt/adapters/httplib.h"
#include "support/scale.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

#if defined(__SANITIZE_THREAD__)
constexpr bool kSignalsReachLoops = false;
#elif defined(__has_feature)
constexpr bool kSignalsReachLoops = !__has_feature(thread_sanitizer);
#else
constexpr bool kSignalsReachLoops = true;
#endif

// 100 times what anything here takes.
constexpr auto kPatience = 30s;

// A server on a free port of 127.0.0.1, listening until the end of the scope.
class RunningServer {
 public:
  explicit RunningServer(std::function<::httplib::TaskQueue*()> new_task_queue) {
    server_.new_task_queue = std::move(new_task_queue);
    server_.set_tcp_nodelay(true);
    server_.set_keep_alive_max_count(1'000'000);
    // An idle connection is kept for longer than the test takes.
    server_.set_keep_alive_timeout(3600);
  }
  ~RunningServer() { stop(); }

  ::httplib::Server& handlers() { return server_; }

  void start() {
    port_ = server_.bind_to_any_port("127.0.0.1");
    ASSERT_GT(port_, 0);
    listener_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(1ms);
  }

  // Returns when listen() has returned, so after TaskQueue::shutdown().
  void stop() {
    if (!listener_.joinable()) return;
    server_.stop();
    listener_.join();
  }

  // A client that keeps its connection open between requests.
  std::unique_ptr<::httplib::Client> connect(bool keep_alive = true) const {
    auto client = std::make_unique<::httplib::Client>("127.0.0.1", port_);
    client->set_keep_alive(keep_alive);
    client->set_tcp_nodelay(true);
    client->set_read_timeout(kPatience);
    return client;
  }

 private:
  ::httplib::Server server_;
  int port_ = 0;
  std::thread listener_;
};

std::string get(::httplib::Client& client, const std::string& target) {
  const auto result = client.Get(target);
  return result ? result->body : "error: " + ::httplib::to_string(result.error());
}

TEST(HttplibAdapter, IsWhatNewTaskQueueWants) {
  static_assert(std::is_base_of_v<::httplib::TaskQueue, httplib::TaskQueue>);
  static_assert(!std::is_copy_constructible_v<httplib::TaskQueue>);
  ::httplib::Server server;
  server.new_task_queue = [] { return new httplib::TaskQueue; };
  const std::unique_ptr<::httplib::TaskQueue> queue(server.new_task_queue());
  queue->on_idle();
  queue->shutdown();
}

TEST(HttplibAdapter, AnswersEachRequestOfManyClients) {
  RunningServer server([] { return new httplib::TaskQueue(Options{.processors = 2}); });
  std::atomic<int> handled = 0;
  server.handlers().Get(R"(/square/(\d+))", [&](const ::httplib::Request& request, ::httplib::Response& response) {
    ++handled;
    const int number = std::stoi(request.matches[1]);
    response.set_content(std::to_string(number * number), "text/plain");
  });
  server.handlers().Get("/throw", [](const auto&, auto&) { throw std::runtime_error("on purpose"); });
  server.start();

  constexpr int kClients = 4;
  const int requests = testing::scaled(200);
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    // Half of them make a connection for each request.
    clients.emplace_back([&, connection = server.connect(client % 2 == 0), client] {
      for (int i = 0; i < requests; ++i) {
        const int number = client * 1000 + i;
        right += get(*connection, "/square/" + std::to_string(number)) == std::to_string(number * number);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, kClients * requests);
  EXPECT_EQ(handled, kClients * requests);
  const auto failed = server.connect(false)->Get("/throw");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->status, 500);
}

// httplib's own pool of one thread would serve the second connection only after the first is closed.
TEST(HttplibAdapter, IdleConnectionsKeepNoProcessor) {
  RunningServer server([] { return new httplib::TaskQueue(Options{.processors = 1}); });
  server.handlers().Get("/", [](const auto&, auto& response) { response.set_content("here", "text/plain"); });
  server.start();
  std::vector<std::unique_ptr<::httplib::Client>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(server.connect());
  for (int round = 0; round < 3; ++round) {
    for (auto& client : clients) ASSERT_EQ(get(*client, "/"), "here") << "in round " << round;
  }
}

// A handler that waits for another request's handler: one processor, both get an answer.
TEST(HttplibAdapter, HandlersMayWaitForEachOther) {
  RunningServer server([] { return new httplib::TaskQueue(Options{.processors = 1}); });
  std::promise<void> told;
  server.handlers().Get("/wait", [&](const auto&, auto& response) {
    const bool in_time = told.get_future().wait_for(kPatience / 2) == std::future_status::ready;
    response.set_content(in_time ? "told" : "not told", "text/plain");
  });
  server.handlers().Get("/tell", [&](const auto&, auto& response) {
    told.set_value();
    response.set_content("ok", "text/plain");
  });
  server.start();
  auto waiting = std::async(std::launch::async, [&] { return get(*server.connect(), "/wait"); });
  EXPECT_EQ(get(*server.connect(), "/tell"), "ok");
  EXPECT_EQ(waiting.get(), "told");
}

// One processor: the first handler computes until the second was called. httplib's pool of one would never call it.
TEST(HttplibAdapterAsync, ComputingHandlerDoesNotBlockOthers) {
  if (!kSignalsReachLoops) GTEST_SKIP() << "TSan delivers no signal into a loop";
  Executor executor(Options{.processors = 1});
  RunningServer server([&] { return new httplib::TaskQueue(executor); });
  std::atomic<bool> computing = false;
  std::atomic<bool> called = false;
  server.handlers().Get("/compute", [&](const auto&, auto& response) {
    computing = true;
    const auto end = Clock::now() + kPatience / 2;
    while (!called.load(std::memory_order_relaxed) && Clock::now() < end) {
    }
    response.set_content(called ? "interrupted" : "alone", "text/plain");
  });
  server.handlers().Get("/call", [&](const auto&, auto& response) {
    called = true;
    response.set_content("ok", "text/plain");
  });
  server.start();
  auto hog = std::async(std::launch::async, [&] { return get(*server.connect(), "/compute"); });
  while (!computing) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(get(*server.connect(), "/call"), "ok");
  EXPECT_EQ(hog.get(), "interrupted");
  EXPECT_GT(executor.stats().thread_preemptions, 0u);
}

TEST(HttplibAdapter, ShutdownRunsWhatIsQueued) {
  const int count = testing::scaled(2000);
  std::atomic<int> ran = 0;
  httplib::TaskQueue queue(Options{.processors = 2});
  for (int i = 0; i < count; ++i) queue.enqueue([&] { ++ran; });
  queue.shutdown();
  EXPECT_EQ(ran, count);
  EXPECT_EQ(queue.stats().tasks_completed, static_cast<std::uint64_t>(count));
  queue.shutdown();
  EXPECT_THROW(queue.enqueue([] {}), std::runtime_error);
}

TEST(HttplibAdapter, ShutdownOfSharedExecutorWaitsForOwnTasksOnly) {
  Executor executor(Options{.processors = 2});
  std::promise<void> release;
  executor.execute([future = release.get_future()] { future.wait(); });
  const int count = testing::scaled(2000);
  std::atomic<int> ran = 0;
  {
    httplib::TaskQueue first(executor), second(executor);
    for (int i = 0; i < count; ++i) (i % 2 ? first : second).enqueue([&] { ++ran; });
    first.shutdown();
    EXPECT_GE(ran, count / 2);
    second.enqueue([&] { ++ran; });
  }
  // The destructor of `second` waited as well, and the other task is still there.
  EXPECT_EQ(ran, count + 1);
  release.set_value();
  EXPECT_TRUE(executor.try_execute([] {}));
}

// What the callable owns is gone when shutdown() returns: httplib's refer to the server.
TEST(HttplibAdapter, ShutdownReturnsAfterCallablesAreDestroyed) {
  Executor executor(Options{.processors = 2});
  for (int i = 0; i < testing::scaled(500); ++i) {
    httplib::TaskQueue queue(executor);
    auto owned = std::make_shared<int>(i);
    const std::weak_ptr<int> watch = owned;
    queue.enqueue([owned = std::move(owned)] { EXPECT_GE(*owned, 0); });
    queue.shutdown();
    ASSERT_TRUE(watch.expired()) << "in round " << i;
  }
}

TEST(HttplibAdapter, ExceptionOfConnectionGoesToOnException) {
  std::promise<std::exception_ptr> caught;
  Executor executor(
      Options{.processors = 1, .on_exception = [&](std::exception_ptr exception) { caught.set_value(exception); }});
  httplib::TaskQueue queue(executor);
  queue.enqueue([] { throw std::runtime_error("on purpose"); });
  queue.shutdown();
  auto future = caught.get_future();
  ASSERT_EQ(future.wait_for(kPatience), std::future_status::ready);
  EXPECT_THROW(std::rethrow_exception(future.get()), std::runtime_error);
}

TEST(HttplibAdapter, SharedExecutorThatIsShutDownIsReported) {
  Executor executor(Options{.processors = 1});
  httplib::TaskQueue queue(executor);
  executor.shutdown();
  EXPECT_THROW(queue.enqueue([] {}), std::runtime_error);
  // The refused connection is not waited for.
  queue.shutdown();
}

TEST(HttplibAdapter, WrongOptionsAreReported) {
  EXPECT_THROW(httplib::TaskQueue(Options{.processors = -1}), std::invalid_argument);
}

// A second server on the same executor goes on when the first one stops.
TEST(HttplibAdapter, ServersShareAnExecutor) {
  Executor executor(Options{.processors = 1});
  const auto new_task_queue = [&] { return new httplib::TaskQueue(executor, {.name = "connection"}); };
  RunningServer first(new_task_queue), second(new_task_queue);
  for (RunningServer* server : {&first, &second}) {
    server->handlers().Get("/", [](const auto&, auto& response) { response.set_content("here", "text/plain"); });
    server->start();
  }
  const auto client = second.connect();
  EXPECT_EQ(get(*client, "/"), "here");
  EXPECT_EQ(get(*first.connect(), "/"), "here");
  first.stop();
  EXPECT_EQ(get(*client, "/"), "here");
}

}  // namespace
}  // namespace preempt

#else

TEST(HttplibAdapter, IsBuilt) { GTEST_SKIP() << "cpp-httplib was not found"; }

#endif
