#include "load.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace http_service {
namespace {

constexpr std::uint64_t kTimerKey = static_cast<std::uint64_t>(-1);
constexpr std::int64_t kSecond = 1'000'000'000;

// Time for the connections to be made before the first arrival.
constexpr std::int64_t kLead = kSecond / 5;

std::int64_t monotonic() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

int check(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
  return descriptor;
}

PerKind<std::string> write_requests(const LoadOptions& options) {
  PerKind<std::string> requests;
  for (Kind kind : kKinds) {
    requests[index(kind)] = "GET " + options.targets[index(kind)] + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
                            (options.mode == Mode::kPerRequest ? "Connection: close\r\n" : "") + "\r\n";
  }
  return requests;
}

}  // namespace

Load::Load(const LoadOptions& options, const std::vector<Arrival>& arrivals)
    : options_(options),
      arrivals_(arrivals),
      requests_(write_requests(options)),
      epoll_(check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      timer_(check(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")),
      slots_(static_cast<std::size_t>(options.connections)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kTimerKey;
  check(epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event), "epoll_ctl");
  result_.outcomes.resize(arrivals.size());
  for (const Arrival& arrival : arrivals) unfinished_ += options.recorded.contains(arrival);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].connection = std::make_unique<Connection>(epoll_, static_cast<std::uint32_t>(i), options.port);
    idle_.push_back(&slots_[i]);
  }
}

Load::~Load() {
  slots_.clear();
  ::close(timer_);
  ::close(epoll_);
}

LoadResult Load::run() {
  start_ = monotonic() + kLead;
  if (options_.mode == Mode::kKeepAlive) {
    for (Slot& slot : slots_) slot.connection->open();
  }
  std::array<epoll_event, 64> events;
  while (unfinished_ > 0 && now() < options_.deadline) {
    issue_due(now());
    arm_timer();
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)].data.u64);
    start_waiting();
  }
  close_books();
  return std::move(result_);
}

std::int64_t Load::now() const { return monotonic() - start_; }

void Load::issue_due(std::int64_t now) {
  for (; next_ < arrivals_.size() && arrivals_[next_].planned <= now; ++next_) {
    result_.outcomes[next_].lag = now - arrivals_[next_].planned;
    waiting_.push_back(next_);
  }
  start_waiting();
}

void Load::start_waiting() {
  while (!waiting_.empty() && !idle_.empty()) {
    Slot& slot = *idle_.front();
    idle_.pop_front();
    slot.arrival = waiting_.front();
    waiting_.pop_front();
    start(slot);
  }
}

// Rings at the next arrival, or at the deadline.
void Load::arm_timer() {
  const std::int64_t at =
      start_ + (next_ < arrivals_.size() ? std::min(arrivals_[next_].planned, options_.deadline) : options_.deadline);
  if (at == armed_) return;
  armed_ = at;
  itimerspec alarm{};
  alarm.it_value.tv_sec = at / kSecond;
  alarm.it_value.tv_nsec = at % kSecond;
  check(timerfd_settime(timer_, TFD_TIMER_ABSTIME, &alarm, nullptr), "timerfd_settime");
}

void Load::start(Slot& slot) {
  Connection& connection = *slot.connection;
  if (connection.is_open() && connection.is_ending()) connection.close();
  if (!connection.is_open() && !connection.open()) return fail(slot, std::strerror(errno));
  advance(slot, connection.send(requests_[index(arrivals_[slot.arrival].kind)]));
}

void Load::handle(std::uint64_t key) {
  if (key == kTimerKey) {
    std::uint64_t expirations;
    static_cast<void>(!read(timer_, &expirations, sizeof(expirations)));
    return;
  }
  Slot& slot = slots_[Connection::index_of(key)];
  if (slot.connection->is_open() && slot.connection->key() == key) advance(slot, slot.connection->on_event());
}

void Load::advance(Slot& slot, Connection::Progress progress) {
  if (progress == Connection::Progress::kPending) return;
  if (slot.arrival == kNone) return slot.connection->close();  // an idle connection that the server closed
  switch (progress) {
    case Connection::Progress::kAnswered:
      return finish_answered(slot);
    case Connection::Progress::kLost:
      return finish_lost(slot);
    default:
      return fail(slot, "malformed response");
  }
}

void Load::finish_answered(Slot& slot) {
  const ResponseReader& response = slot.connection->reader();
  if (response.status() != 200) return fail(slot, "status " + std::to_string(response.status()));
  std::string& expected = result_.bodies[index(arrivals_[slot.arrival].kind)];
  if (expected.empty()) expected = response.body();
  if (expected != response.body()) return fail(slot, "wrong answer");
  if (options_.mode == Mode::kPerRequest || slot.connection->is_ending()) slot.connection->close();
  complete(slot, Result::kAnswered);
}

void Load::finish_lost(Slot& slot) {
  if (slot.connection->may_repeat()) {
    ++result_.repeated;
    slot.connection->close();
    return start(slot);
  }
  const int error = slot.connection->errno_of_loss();
  fail(slot, error == 0 ? "closed without an answer" : std::strerror(error));
}

void Load::fail(Slot& slot, const std::string& reason) {
  ++result_.failures[reason];
  slot.connection->close();
  complete(slot, Result::kFailed);
}

void Load::complete(Slot& slot, Result result) {
  const Arrival& arrival = arrivals_[slot.arrival];
  const std::int64_t at = now();
  result_.outcomes[slot.arrival] = {
      .result = result, .latency = at - arrival.planned, .lag = result_.outcomes[slot.arrival].lag};
  if (options_.recorded.contains(arrival)) {
    --unfinished_;
    if (result == Result::kAnswered) result_.last_answer = at;
  }
  slot.arrival = kNone;
  idle_.push_back(&slot);
}

// Who has no answer by now has waited at least so long.
void Load::close_books() {
  const std::int64_t end = now();
  for (std::size_t i = 0; i < arrivals_.size(); ++i) {
    Outcome& outcome = result_.outcomes[i];
    if (outcome.result == Result::kUnanswered) {
      outcome.latency = std::max<std::int64_t>(0, end - arrivals_[i].planned);
    }
  }
}

}  // namespace http_service
