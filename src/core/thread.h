// A thread of the library's own that runs no tasks.
#ifndef PREEMPT_CORE_THREAD_H_
#define PREEMPT_CORE_THREAD_H_

#include <pthread.h>
#include <signal.h>

#include <functional>
#include <string>
#include <system_error>

#include "os/thread.h"

namespace preempt::core {

// As std::thread, with every signal blocked from its first instruction: the program's handlers run on its own threads.
class HelperThread {
 public:
  HelperThread() = default;
  ~HelperThread() { join(); }
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;

  // Throws std::system_error.
  void start(std::string name, std::function<void()> body) {
    name_ = std::move(name);
    body_ = std::move(body);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    sigset_t all;
    sigfillset(&all);
    pthread_attr_setsigmask_np(&attributes, &all);
    const int error = pthread_create(&thread_, &attributes, &HelperThread::main, this);
    pthread_attr_destroy(&attributes);
    if (error != 0) throw std::system_error(error, std::generic_category(), "preempt: thread " + name_);
    started_ = true;
  }

  void join() {
    if (started_) pthread_join(thread_, nullptr);
    started_ = false;
  }
  bool started() const { return started_; }

 private:
  static void* main(void* self) {
    auto& thread = *static_cast<HelperThread*>(self);
    os::set_thread_name(thread.name_.c_str());
    thread.body_();
    return nullptr;
  }

  std::string name_;
  std::function<void()> body_;
  pthread_t thread_ = {};
  bool started_ = false;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_THREAD_H_
