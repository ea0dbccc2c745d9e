// A value that comes later.
#ifndef PREEMPT_SYNC_FUTURE_H_
#define PREEMPT_SYNC_FUTURE_H_

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "preempt/sync/latch.h"

namespace preempt {

template <class T>
class Future;

namespace detail {

// What a Promise and its Future share.
template <class T>
struct FutureState {
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate,
                                   std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>>;
  std::atomic<bool> has_future = false;
  std::atomic<bool> is_taken = false;  // a result was given, or is being given
  std::variant<std::monostate, Value, std::exception_ptr> result;  // the first: none yet. Written before `ready` is 0
  Latch ready{1};
};

[[noreturn]] inline void throw_future_error(std::future_errc error) { throw std::future_error(error); }

}  // namespace detail

// As std::promise, without set_value_at_thread_exit(). Errors are std::future_error, as there.
template <class T>
class Promise {
 public:
  Promise() : state_(std::make_shared<State>()) {}
  Promise(Promise&&) noexcept = default;
  Promise& operator=(Promise&& other) noexcept {
    Promise(std::move(other)).swap(*this);
    return *this;
  }
  // A promise that is given up answers with std::future_errc::broken_promise.
  ~Promise() {
    if (state_ == nullptr || state_->is_taken.exchange(true, std::memory_order_relaxed)) return;
    finish<2>(std::make_exception_ptr(std::future_error(std::future_errc::broken_promise)));
  }
  void swap(Promise& other) noexcept { state_.swap(other.state_); }

  // Once.
  Future<T> get_future();

  // For T void: set_value(). For T a reference: the object, which must outlive its use.
  template <class... V>
  void set_value(V&&... value) {
    take();
    if constexpr (std::is_reference_v<T>) {
      finish<1>(std::addressof(value)...);
    } else {
      try {
        finish<1>(std::forward<V>(value)...);
      } catch (...) {  // by the value's constructor; nothing was set
        state_->result.template emplace<0>();
        state_->is_taken.store(false, std::memory_order_relaxed);
        throw;
      }
    }
  }
  void set_exception(std::exception_ptr exception) {
    take();
    finish<2>(std::move(exception));
  }

 private:
  using State = detail::FutureState<T>;

  void take() {
    if (state_ == nullptr) detail::throw_future_error(std::future_errc::no_state);
    if (state_->is_taken.exchange(true, std::memory_order_relaxed)) {
      detail::throw_future_error(std::future_errc::promise_already_satisfied);
    }
  }
  template <std::size_t kIndex, class... V>
  void finish(V&&... value) {
    state_->result.template emplace<kIndex>(std::forward<V>(value)...);
    state_->ready.count_down();
  }

  std::shared_ptr<State> state_;
};

// As std::future: a migratable task that waits keeps no thread, every other one no processor.
template <class T>
class [[nodiscard]] Future {
 public:
  Future() noexcept = default;
  Future(Future&&) noexcept = default;
  Future& operator=(Future&&) noexcept = default;

  bool valid() const noexcept { return state_ != nullptr; }

  // Waits; the value, or throws what was set in its place. Once: valid() is false afterwards.
  T get() {
    const std::shared_ptr<State> state = std::exchange(state_, nullptr);
    state_or_throw(state).ready.wait();
    if (auto* exception = std::get_if<2>(&state->result)) std::rethrow_exception(*exception);
    if constexpr (std::is_reference_v<T>) {
      return *std::get<1>(state->result);
    } else if constexpr (!std::is_void_v<T>) {
      return std::move(std::get<1>(state->result));
    }
  }
  void wait() const { state_or_throw(state_).ready.wait(); }
  template <class Rep, class Period>
  std::future_status wait_for(const std::chrono::duration<Rep, Period>& time) const {
    return state_or_throw(state_).ready.wait_for(time) ? std::future_status::ready : std::future_status::timeout;
  }
  template <class Clock, class Duration>
  std::future_status wait_until(const std::chrono::time_point<Clock, Duration>& time) const {
    return state_or_throw(state_).ready.wait_until(time) ? std::future_status::ready : std::future_status::timeout;
  }

 private:
  friend class Promise<T>;
  using State = detail::FutureState<T>;
  explicit Future(std::shared_ptr<State> state) : state_(std::move(state)) {}

  static State& state_or_throw(const std::shared_ptr<State>& state) {
    if (state == nullptr) detail::throw_future_error(std::future_errc::no_state);
    return *state;
  }

  std::shared_ptr<State> state_;
};

template <class T>
Future<T> Promise<T>::get_future() {
  if (state_ == nullptr) detail::throw_future_error(std::future_errc::no_state);
  if (state_->has_future.exchange(true, std::memory_order_relaxed)) {
    detail::throw_future_error(std::future_errc::future_already_retrieved);
  }
  return Future<T>(state_);
}

}  // namespace preempt

#endif  // PREEMPT_SYNC_FUTURE_H_
