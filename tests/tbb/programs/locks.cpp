#include <oneapi/tbb/detail/_rtm_mutex.h>
#include <oneapi/tbb/detail/_rtm_rw_mutex.h>
#include <oneapi/tbb/mutex.h>
#include <oneapi/tbb/rw_mutex.h>
#include <tbb/null_mutex.h>
#include <tbb/null_rw_mutex.h>
#include <tbb/parallel_for.h>
#include <tbb/queuing_mutex.h>
#include <tbb/queuing_rw_mutex.h>
#include <tbb/spin_mutex.h>
#include <tbb/spin_rw_mutex.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

// Runs `body` a number of times, in tasks and in threads from outside at once.
template <typename Body>
void in_tasks_and_threads(Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) body(j);
    });
  }
  tbb::parallel_for(0, 400, body);
  for (std::thread& thread : threads) thread.join();
}

template <typename Mutex>
void exclude(const char* name) {
  Mutex mutex;
  // Not atomic: the lock has to keep them together.
  int count = 0;
  int twice = 0;
  bool torn = false;
  in_tasks_and_threads([&](int) {
    typename Mutex::scoped_lock lock(mutex);
    if (twice != 2 * count) torn = true;
    ++count;
    twice += 2;
  });
  std::printf("%s: count %d, torn %d\n", name, count, torn);
}

// A second thread tries: the state of a lock as others see it.
template <typename Try>
bool from_other_thread(Try attempt) {
  bool taken = false;
  std::thread([&] { taken = attempt(); }).join();
  return taken;
}

template <typename Mutex>
void try_exclusive(const char* name) {
  Mutex mutex;
  const auto attempt = [&] {
    return from_other_thread([&] {
      typename Mutex::scoped_lock lock;
      const bool taken = lock.try_acquire(mutex);
      if (taken) lock.release();
      return taken;
    });
  };
  typename Mutex::scoped_lock lock(mutex);
  const bool held = attempt();
  lock.release();
  const bool released = attempt();
  lock.acquire(mutex);
  const bool again = attempt();
  std::printf("%s: held %d, released %d, held again %d\n", name, held, released, again);
}

template <typename Mutex>
void readers_and_writers(const char* name) {
  Mutex mutex;
  int count = 0;
  int twice = 0;
  std::atomic<bool> torn = false;
  std::atomic<int> writes = 0;
  in_tasks_and_threads([&](int i) {
    const bool write = i % 4 == 0;
    typename Mutex::scoped_lock lock(mutex, write);
    if (twice != 2 * count) torn = true;
    if (write) {
      ++writes;
      ++count;
      twice += 2;
    }
  });
  std::printf("%s: count %d, writes %d, torn %d\n", name, count, writes.load(), torn.load());
}

template <typename Mutex>
void upgrades(const char* name) {
  Mutex mutex;
  int count = 0;
  std::atomic<int> done = 0;
  in_tasks_and_threads([&](int i) {
    typename Mutex::scoped_lock lock(mutex, false);
    const int before = count;
    // When true, no other writer was here in between.
    if (lock.upgrade_to_writer() && before != count) std::printf("%s: another writer came first\n", name);
    ++count;
    const int own = count;
    if (i % 2 == 0 && lock.downgrade_to_reader() && own != count) std::printf("%s: a writer came in\n", name);
    ++done;
  });
  std::printf("%s: count %d, done %d\n", name, count, done.load());
}

template <typename Mutex>
void try_shared(const char* name) {
  Mutex mutex;
  const auto attempt = [&](bool write) {
    return from_other_thread([&] {
      typename Mutex::scoped_lock lock;
      const bool taken = lock.try_acquire(mutex, write);
      if (taken) lock.release();
      return taken;
    });
  };
  typename Mutex::scoped_lock lock(mutex, false);
  std::printf("%s: read %d%d", name, lock.is_writer(), attempt(true));
  // That of queuing_rw_mutex is only ever true for a lock that nobody holds.
  if (!std::is_same_v<Mutex, tbb::queuing_rw_mutex>) std::printf(", beside it %d", attempt(false));
  const bool upgraded = lock.upgrade_to_writer();
  std::printf(", upgraded %d%d%d%d", upgraded, lock.is_writer(), attempt(false), attempt(true));
  const bool downgraded = lock.downgrade_to_reader();
  std::printf(", downgraded %d%d%d", downgraded, lock.is_writer(), attempt(true));
  lock.release();
  std::printf(", released %d%d\n", attempt(false), attempt(true));
}

PROGRAM(locks_exclude) {
  exclude<tbb::spin_mutex>("spin_mutex");
  exclude<tbb::mutex>("mutex");
  exclude<tbb::queuing_mutex>("queuing_mutex");
  exclude<tbb::spin_rw_mutex>("spin_rw_mutex");
  exclude<tbb::rw_mutex>("rw_mutex");
  exclude<tbb::queuing_rw_mutex>("queuing_rw_mutex");
  exclude<tbb::speculative_spin_mutex>("speculative_spin_mutex");
  exclude<tbb::speculative_spin_rw_mutex>("speculative_spin_rw_mutex");
}

PROGRAM(locks_try_acquire) {
  try_exclusive<tbb::spin_mutex>("spin_mutex");
  try_exclusive<tbb::mutex>("mutex");
  try_exclusive<tbb::queuing_mutex>("queuing_mutex");
  try_exclusive<tbb::spin_rw_mutex>("spin_rw_mutex");
  try_exclusive<tbb::rw_mutex>("rw_mutex");
  try_exclusive<tbb::queuing_rw_mutex>("queuing_rw_mutex");
  // The speculative ones may fail while free, and are not held at all in a transaction.
  tbb::speculative_spin_mutex mutex;
  tbb::speculative_spin_mutex::scoped_lock lock;
  std::printf("speculative_spin_mutex %d\n", eventually([&] { return lock.try_acquire(mutex); }));
  lock.release();
  tbb::speculative_spin_rw_mutex rw_mutex;
  for (const bool write : {false, true}) {
    tbb::speculative_spin_rw_mutex::scoped_lock rw_lock;
    std::printf("speculative_spin_rw_mutex %d\n", eventually([&] { return rw_lock.try_acquire(rw_mutex, write); }));
  }
}

PROGRAM(locks_readers_and_writers) {
  readers_and_writers<tbb::spin_rw_mutex>("spin_rw_mutex");
  readers_and_writers<tbb::rw_mutex>("rw_mutex");
  readers_and_writers<tbb::queuing_rw_mutex>("queuing_rw_mutex");
  readers_and_writers<tbb::speculative_spin_rw_mutex>("speculative_spin_rw_mutex");
}

PROGRAM(locks_upgrades) {
  upgrades<tbb::spin_rw_mutex>("spin_rw_mutex");
  upgrades<tbb::rw_mutex>("rw_mutex");
  upgrades<tbb::queuing_rw_mutex>("queuing_rw_mutex");
  upgrades<tbb::speculative_spin_rw_mutex>("speculative_spin_rw_mutex");
}

PROGRAM(locks_as_others_see_them) {
  try_shared<tbb::spin_rw_mutex>("spin_rw_mutex");
  try_shared<tbb::rw_mutex>("rw_mutex");
  try_shared<tbb::queuing_rw_mutex>("queuing_rw_mutex");
}

PROGRAM(locks_of_the_standard_library) {
  // mutex, spin_mutex and the readers' ones have the members that the standard's guards call.
  const auto check = [](const char* name, auto& mutex) {
    int count = 0;
    in_tasks_and_threads([&](int) {
      const std::lock_guard lock(mutex);
      ++count;
    });
    const bool first = mutex.try_lock();
    const bool second = from_other_thread([&] { return mutex.try_lock(); });
    mutex.unlock();
    std::printf("%s: count %d, try_lock %d %d\n", name, count, first, second);
  };
  tbb::spin_mutex spin;
  check("spin_mutex", spin);
  tbb::mutex mutex;
  check("mutex", mutex);
  tbb::spin_rw_mutex spin_rw;
  check("spin_rw_mutex", spin_rw);
  tbb::rw_mutex rw;
  check("rw_mutex", rw);
  const std::shared_lock shared(rw);
  std::printf("shared %d %d\n", from_other_thread([&] {
                const bool taken = rw.try_lock_shared();
                if (taken) rw.unlock_shared();
                return taken;
              }),
              from_other_thread([&] { return rw.try_lock(); }));
}

PROGRAM(locks_that_speculate) {
  // The types that the speculative names stand for where the compiler may emit transactions (-mrtm).
  using Mutex = tbb::detail::d1::rtm_mutex;
  using RwMutex = tbb::detail::d1::rtm_rw_mutex;
  exclude<Mutex>("mutex");
  exclude<RwMutex>("rw_mutex");
  readers_and_writers<RwMutex>("rw_mutex");
  upgrades<RwMutex>("rw_mutex");
  Mutex mutex;
  Mutex::scoped_lock lock;
  std::printf("mutex %d\n", eventually([&] { return lock.try_acquire(mutex); }));
  lock.release();
  RwMutex rw_mutex;
  for (const bool write : {false, true}) {
    RwMutex::scoped_lock rw_lock;
    std::printf("rw_mutex %d\n", eventually([&] { return rw_lock.try_acquire(rw_mutex, write); }));
  }
}

PROGRAM(locks_that_block) {
  // The holder sleeps, so that the others have to wait for real.
  tbb::mutex mutex;
  tbb::rw_mutex rw_mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 3; ++j) {
        const tbb::mutex::scoped_lock lock(mutex);
        std::this_thread::sleep_for(std::chrono::microseconds(300));
        ++count;
      }
      for (int j = 0; j < 3; ++j) {
        const tbb::rw_mutex::scoped_lock lock(rw_mutex, j == 1);
        std::this_thread::sleep_for(std::chrono::microseconds(300));
        if (j == 1) ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("count %d\n", count);
}

PROGRAM(locks_that_do_nothing) {
  tbb::null_mutex none;
  tbb::null_mutex::scoped_lock first(none);
  tbb::null_mutex::scoped_lock second;
  std::printf("null_mutex %d\n", second.try_acquire(none));
  tbb::null_rw_mutex none_rw;
  tbb::null_rw_mutex::scoped_lock writer(none_rw, true);
  tbb::null_rw_mutex::scoped_lock other(none_rw, true);
  std::printf("null_rw_mutex %d %d\n", other.downgrade_to_reader(), other.upgrade_to_writer());
}

}  // namespace
}  // namespace tbb_programs
