// The speculative mutexes, without speculation: they are the spin mutexes that they derive from. A transaction would be
// aborted by any preemption inside of it.
#include "headers.h"

namespace tbb::detail::r1 {

struct rtm_mutex_impl {
  using lock_state = d1::rtm_mutex::rtm_state;

  static void acquire(d1::rtm_mutex& mutex, d1::rtm_mutex::scoped_lock& lock) {
    mutex.lock();
    hold(mutex, lock);
  }
  static bool try_acquire(d1::rtm_mutex& mutex, d1::rtm_mutex::scoped_lock& lock) {
    if (!mutex.try_lock()) return false;
    hold(mutex, lock);
    return true;
  }
  static void release(d1::rtm_mutex::scoped_lock& lock) {
    lock.m_mutex->unlock();
    lock.m_mutex = nullptr;
    lock.m_transaction_state = lock_state::rtm_none;
  }

 private:
  static void hold(d1::rtm_mutex& mutex, d1::rtm_mutex::scoped_lock& lock) {
    lock.m_mutex = &mutex;
    lock.m_transaction_state = lock_state::rtm_real;
  }
};

struct rtm_rw_mutex_impl {
  using lock_state = d1::rtm_rw_mutex::rtm_type;
  using scoped_lock = d1::rtm_rw_mutex::scoped_lock;

  static void hold(d1::rtm_rw_mutex& mutex, scoped_lock& lock, bool writes) {
    lock.m_mutex = &mutex;
    lock.m_transaction_state = writes ? lock_state::rtm_real_writer : lock_state::rtm_real_reader;
  }
  static void acquire(d1::rtm_rw_mutex& mutex, scoped_lock& lock, bool writes) {
    writes ? mutex.lock() : mutex.lock_shared();
    hold(mutex, lock, writes);
  }
  static bool try_acquire(d1::rtm_rw_mutex& mutex, scoped_lock& lock, bool writes) {
    if (!(writes ? mutex.try_lock() : mutex.try_lock_shared())) return false;
    hold(mutex, lock, writes);
    return true;
  }
  static void release(scoped_lock& lock) {
    is_writer(lock) ? lock.m_mutex->unlock() : lock.m_mutex->unlock_shared();
    lock.m_mutex = nullptr;
    lock.m_transaction_state = lock_state::rtm_not_in_mutex;
  }
  static bool upgrade(scoped_lock& lock) {
    const bool without_release = lock.m_mutex->upgrade();
    lock.m_transaction_state = lock_state::rtm_real_writer;
    return without_release;
  }
  static bool downgrade(scoped_lock& lock) {
    lock.m_mutex->downgrade();
    lock.m_transaction_state = lock_state::rtm_real_reader;
    return true;
  }

 private:
  static bool is_writer(const scoped_lock& lock) { return lock.m_transaction_state == lock_state::rtm_real_writer; }
};

void acquire(d1::rtm_mutex& mutex, d1::rtm_mutex::scoped_lock& lock, bool) { rtm_mutex_impl::acquire(mutex, lock); }
bool try_acquire(d1::rtm_mutex& mutex, d1::rtm_mutex::scoped_lock& lock) {
  return rtm_mutex_impl::try_acquire(mutex, lock);
}
void release(d1::rtm_mutex::scoped_lock& lock) { rtm_mutex_impl::release(lock); }

void acquire_writer(d1::rtm_rw_mutex& mutex, d1::rtm_rw_mutex::scoped_lock& lock, bool) {
  rtm_rw_mutex_impl::acquire(mutex, lock, true);
}
void acquire_reader(d1::rtm_rw_mutex& mutex, d1::rtm_rw_mutex::scoped_lock& lock, bool) {
  rtm_rw_mutex_impl::acquire(mutex, lock, false);
}
bool try_acquire_writer(d1::rtm_rw_mutex& mutex, d1::rtm_rw_mutex::scoped_lock& lock) {
  return rtm_rw_mutex_impl::try_acquire(mutex, lock, true);
}
bool try_acquire_reader(d1::rtm_rw_mutex& mutex, d1::rtm_rw_mutex::scoped_lock& lock) {
  return rtm_rw_mutex_impl::try_acquire(mutex, lock, false);
}
void release(d1::rtm_rw_mutex::scoped_lock& lock) { rtm_rw_mutex_impl::release(lock); }
bool upgrade(d1::rtm_rw_mutex::scoped_lock& lock) { return rtm_rw_mutex_impl::upgrade(lock); }
bool downgrade(d1::rtm_rw_mutex::scoped_lock& lock) { return rtm_rw_mutex_impl::downgrade(lock); }

}  // namespace tbb::detail::r1
