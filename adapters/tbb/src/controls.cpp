#include "controls.h"

#include <pthread.h>

#include <algorithm>
#include <thread>

#include "runtime.h"
#include "thread_data.h"

namespace tbb::detail::r1 {
namespace {

std::size_t cpus() { return static_cast<std::size_t>(runtime::default_concurrency()); }

// As a pthread's default (ulimit -s).
std::size_t default_stack_size() {
  pthread_attr_t attributes;
  std::size_t size = 0;
  if (pthread_attr_init(&attributes) != 0) return std::size_t{8} << 20;
  pthread_attr_getstacksize(&attributes, &size);
  pthread_attr_destroy(&attributes);
  return size;
}

}  // namespace

controls& controls::get() {
  static auto* const it = new controls;
  return *it;
}

controls::controls() {
  for (int i = 0; i < d1::global_control::parameter_max; ++i) {
    const auto parameter = static_cast<d1::global_control::parameter>(i);
    active_[parameter].store(chosen(parameter), std::memory_order_relaxed);
  }
}

// The strictest wish, or the default.
std::size_t controls::chosen(d1::global_control::parameter parameter) const {
  const std::multiset<std::size_t>& wanted = wanted_[parameter];
  switch (parameter) {
    case d1::global_control::max_allowed_parallelism:
      return wanted.empty() ? cpus() : *wanted.begin();
    case d1::global_control::thread_stack_size:
      return wanted.empty() ? default_stack_size() : *wanted.rbegin();
    case d1::global_control::terminate_on_exception:
      return wanted.empty() ? 0 : *wanted.rbegin();
    default:
      return wanted.size();
  }
}

void controls::add(d1::global_control::parameter parameter, std::size_t value) {
  const std::lock_guard lock(mutex_);
  wanted_[parameter].insert(value);
  active_[parameter].store(chosen(parameter), std::memory_order_relaxed);
}

void controls::remove(d1::global_control::parameter parameter, std::size_t value) {
  const std::lock_guard lock(mutex_);
  const auto found = wanted_[parameter].find(value);
  if (found != wanted_[parameter].end()) wanted_[parameter].erase(found);
  active_[parameter].store(chosen(parameter), std::memory_order_relaxed);
}

struct global_control_impl {
  static d1::global_control::parameter parameter(const d1::global_control& control) { return control.my_param; }
  static std::size_t value(const d1::global_control& control) { return control.my_value; }
};

void create(d1::global_control& control) {
  controls::get().add(global_control_impl::parameter(control), global_control_impl::value(control));
  runtime::get().limits_changed();
}

void destroy(d1::global_control& control) {
  controls::get().remove(global_control_impl::parameter(control), global_control_impl::value(control));
  runtime::get().limits_changed();
}

std::size_t global_control_active_value(int parameter) {
  return controls::get().value(static_cast<d1::global_control::parameter>(parameter));
}

void get(d1::task_scheduler_handle& handle) {
  runtime::get().add_user();
  handle.m_ctl = new d1::global_control(d1::global_control::scheduler_handle, 0);
}

void release_impl(d1::task_scheduler_handle& handle) {
  delete handle.m_ctl;
  handle.m_ctl = nullptr;
  runtime::get().remove_user();
}

// All workers have ended when it returns true. Not in a body, nor while arenas are in use elsewhere.
bool finalize_impl(d1::task_scheduler_handle& handle) {
  release_impl(handle);
  thread_data* const self = thread_data::get_if_any();
  if (self != nullptr && self->now.in != nullptr) {
    if (self->now.depth != 0 || self->now.is_worker) return false;
    self->detach();
  }
  return runtime::get().finish();
}

bool finalize(d1::task_scheduler_handle& handle, std::intptr_t mode) {
  if (mode == d1::release_nothrowing) {
    release_impl(handle);
    return true;
  }
  const bool finished = finalize_impl(handle);
  if (mode == d1::finalize_throwing && !finished) throw_exception(exception_id::unsafe_wait);
  return finished;
}

}  // namespace tbb::detail::r1
