// A bounded queue between tasks.
#ifndef PREEMPT_SYNC_CHANNEL_H_
#define PREEMPT_SYNC_CHANNEL_H_

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "preempt/sync/condition_variable.h"
#include "preempt/sync/mutex.h"

namespace preempt {

// First in, first out, for any number of senders and receivers. Model: Go's buffered channels, but sending to a closed
// one is no panic.
template <class T>
class Channel {
 public:
  // std::invalid_argument when `capacity` is 0.
  explicit Channel(std::size_t capacity) : capacity_(capacity) {
    if (capacity == 0) throw std::invalid_argument("preempt: Channel(): capacity is 0, must be 1 or more");
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Waits while the channel is full. False when it is or becomes closed: `value` is as it was.
  bool send(T&& value) {
    std::unique_lock lock(mutex_);
    while (!closed_ && values_.size() == capacity_) not_full_.wait(lock);
    return push(lock, std::move(value));
  }
  bool send(const T& value) { return send(T(value)); }
  // False, too, when it is full.
  bool try_send(T&& value) {
    std::unique_lock lock(mutex_);
    return values_.size() < capacity_ && push(lock, std::move(value));
  }
  bool try_send(const T& value) { return try_send(T(value)); }

  // Waits while the channel is empty and open. Nothing when it is empty and closed.
  std::optional<T> receive() {
    std::unique_lock lock(mutex_);
    while (!closed_ && values_.empty()) not_empty_.wait(lock);
    return pop(lock);
  }
  // Nothing, too, when it is empty.
  std::optional<T> try_receive() {
    std::unique_lock lock(mutex_);
    return pop(lock);
  }

  // What was sent can still be received. Idempotent.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    not_empty_.notify_all();
    not_full_.notify_all();
  }

 private:
  // A notification under the lock: who receives the last value may destroy the channel.
  bool push(std::unique_lock<Mutex>&, T&& value) {
    if (closed_) return false;
    values_.push_back(std::move(value));
    not_empty_.notify_one();
    return true;
  }
  std::optional<T> pop(std::unique_lock<Mutex>&) {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    not_full_.notify_one();
    return value;
  }

  const std::size_t capacity_;
  Mutex mutex_;
  ConditionVariable not_empty_, not_full_;
  std::deque<T> values_;
  bool closed_ = false;
};

}  // namespace preempt

#endif  // PREEMPT_SYNC_CHANNEL_H_
