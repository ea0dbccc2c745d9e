// Sends planned requests and notes when each was answered.
#ifndef PREEMPT_EXAMPLES_HTTP_SERVICE_LOAD_H_
#define PREEMPT_EXAMPLES_HTTP_SERVICE_LOAD_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arrivals.h"
#include "connection.h"

namespace http_service {

enum class Mode {
  kPerRequest,  // a connection for each request
  kKeepAlive    // a fixed number of connections, made before the first request
};

struct LoadOptions {
  std::uint16_t port = 0;
  Mode mode = Mode::kPerRequest;
  int connections = 32;          // most at a time; a request that finds all of them busy waits
  Window recorded = {};          // the run ends when the arrivals in it are answered; later ones keep the load up
  std::int64_t deadline = 0;     // nanoseconds; end of the run, whatever is unanswered then
  PerKind<std::string> targets;  // as in the request line
};

enum class Result : std::uint8_t { kUnanswered, kAnswered, kFailed };

// What became of an arrival.
struct Outcome {
  Result result = Result::kUnanswered;
  std::int64_t latency = 0;  // nanoseconds from the planned arrival to the answer, or to the end of the run
  std::int64_t lag = 0;      // nanoseconds from the planned arrival until this generator took notice of it
};

struct LoadResult {
  std::vector<Outcome> outcomes;        // one for each arrival
  std::int64_t last_answer = 0;         // to a recorded arrival; nanoseconds since the start of the run
  int repeated = 0;                     // requests sent again since the server closed an idle connection
  std::map<std::string, int> failures;  // by reason
  PerKind<std::string> bodies;          // all answers of a kind were equal to this one
};

// An open loop: a request is sent when it is due, however long the earlier ones take. One thread, one run.
class Load {
 public:
  // Throws std::system_error when the system refuses epoll or a timer.
  Load(const LoadOptions& options, const std::vector<Arrival>& arrivals);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  LoadResult run();

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct Slot {
    std::unique_ptr<Connection> connection;
    std::size_t arrival = kNone;  // the one whose request is on the connection
  };

  void issue_due(std::int64_t now);
  void arm_timer();
  void start_waiting();
  void start(Slot& slot);
  void handle(std::uint64_t key);
  void advance(Slot& slot, Connection::Progress progress);
  void finish_answered(Slot& slot);
  void finish_lost(Slot& slot);
  void fail(Slot& slot, const std::string& reason);
  void complete(Slot& slot, Result result);
  void close_books();
  std::int64_t now() const;

  const LoadOptions options_;
  const std::vector<Arrival>& arrivals_;
  const PerKind<std::string> requests_;
  int epoll_ = -1;
  int timer_ = -1;
  std::int64_t start_ = 0;  // CLOCK_MONOTONIC
  std::int64_t armed_ = 0;  // what the timer is set to
  std::vector<Slot> slots_;
  std::deque<Slot*> idle_;           // the longest idle first: they stand for as many clients, not for one
  std::deque<std::size_t> waiting_;  // arrivals that found no idle connection
  std::size_t next_ = 0;             // first arrival that is not due yet
  std::size_t unfinished_ = 0;       // of the recorded ones
  LoadResult result_;
};

}  // namespace http_service

#endif  // PREEMPT_EXAMPLES_HTTP_SERVICE_LOAD_H_
