// How threads wait here: for a word in the user's memory to change, by its address.
//
// A thread waits pinned, whatever task it runs: oneTBB's headers use thread-local state around every wait. A worker of
// an executor hands its processor on.
#ifndef PREEMPT_ADAPTERS_TBB_PARKING_H_
#define PREEMPT_ADAPTERS_TBB_PARKING_H_

#include <cstddef>
#include <cstdint>
#include <functional>

namespace tbb::detail::r1 {

// Sleeps until somebody wakes `address`, unless `must_wait` says no after this thread can be seen waiting. Returns
// without a reason, too. What `must_wait` throws comes out; nobody waits then.
//
//   waiter: 1. joins the list of the address   2. must_wait()?   3. sleeps
//   waker:  1. changes the word                2. anybody listed? then takes him off and wakes him
//
// Both have a full barrier between their steps 1 and 2, so that one of them sees the other.
void wait_on(const void* address, std::uintptr_t tag, const std::function<bool()>& must_wait);

// Wakes those who wait on `address`: all, or one, or those whose tag fulfils the condition.
void wake_all(const void* address);
// The caller's change of the word was a full barrier.
void wake_all_after_barrier(const void* address);
void wake_one(const void* address);
void wake_if(const void* address, const std::function<bool(std::uintptr_t tag)>& condition);

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_PARKING_H_
