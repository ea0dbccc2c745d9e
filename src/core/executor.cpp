// The public face: checks what comes in, and leaves the rest to the Runtime.
#include "preempt/executor.h"

#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/levels.h"
#include "core/options_check.h"
#include "core/runtime.h"

namespace preempt {
namespace {

void throw_if_invalid(const absl::Status& status) {
  if (!status.ok()) throw std::invalid_argument("preempt: " + std::string(status.message()));
}

Options checked(Options options) {
  absl::StatusOr<Options> with_environment = Options::from_env(std::move(options));
  throw_if_invalid(with_environment.status());
  throw_if_invalid(with_environment->validate());
  return *std::move(with_environment);
}

void throw_shut_down(bool child_of_fork) {
  throw std::runtime_error(child_of_fork
                               ? "preempt: execute() in the child of a fork(): the executor has no threads here"
                               : "preempt: execute() after shutdown()");
}

char* copy_of(std::string_view name) {
  char* copy = new char[name.size() + 1];
  std::memcpy(copy, name.data(), name.size());
  copy[name.size()] = '\0';
  return copy;
}

// What few tasks have. Out of the way of the others.
__attribute__((noinline)) void describe(detail::Task& task, const TaskOptions& options) {
  if (options.time_slice.count() != 0) {
    throw_if_invalid(core::validate_time_slice(options.time_slice, "TaskOptions::time_slice"));
    task.base_slice_us = static_cast<std::uint32_t>(options.time_slice / std::chrono::microseconds(1));
  }
  if (!options.name.empty()) task.name = copy_of(options.name.substr(0, fiber::Fiber::kMostNameBytes));
}

}  // namespace

Executor::Executor(Options options) : runtime_(new detail::Runtime(checked(std::move(options)))) {}

Executor::~Executor() {
  if (runtime_->is_child_of_fork()) return;  // its threads' memory lives on in the child, and nobody may free it
  runtime_->shutdown();
  if (!runtime_->on_own_worker()) {
    delete runtime_;
    return;
  }
  // In a task of this executor (exit() with a static one): somebody else must wait for the task's thread.
  std::thread([runtime = runtime_] {
    runtime->shutdown();
    delete runtime;
  }).detach();
}

bool Executor::post(OwnedTask task, const TaskOptions& options, WhenFull when_full) {
  if (options.time_slice.count() != 0 || !options.name.empty()) describe(*task, options);
  task->level = static_cast<std::uint8_t>(core::first_level(options.priority));
  task->migratable = options.migratable || runtime_->options().migratable;
  const bool may_wait = when_full == WhenFull::kWait;
  switch (runtime_->post(*task, may_wait)) {
    case detail::Runtime::Posted::kYes:
      static_cast<void>(task.release());
      return true;
    case detail::Runtime::Posted::kFull:
      return false;
    case detail::Runtime::Posted::kShutDown:
      if (may_wait) throw_shut_down(false);
      return false;
    case detail::Runtime::Posted::kChildOfFork:
      if (may_wait) throw_shut_down(true);
      return false;
  }
  return false;
}

void Executor::drain() {
  if (!runtime_->is_child_of_fork()) runtime_->drain();
}

void Executor::shutdown() {
  if (!runtime_->is_child_of_fork()) runtime_->shutdown();
}

void Executor::set_time_slice(std::chrono::nanoseconds time_slice) {
  throw_if_invalid(core::validate_time_slice(time_slice, "set_time_slice(): time_slice"));
  runtime_->slices().set_base(time_slice.count());
}

Stats Executor::stats() const { return runtime_->stats(); }

}  // namespace preempt
