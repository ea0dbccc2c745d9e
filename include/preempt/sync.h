// Waiting for other tasks without keeping a processor.
//
//   preempt::Mutex mutex;                       // std::unique_lock<preempt::Mutex>, std::scoped_lock ...
//   preempt::Channel<Order> orders(100);
//   preempt::Future<int> sum = executor.async([] { return add_up(); });
//   executor.execute([&] { use(sum.get()); });
//
// A migratable task that waits is set aside: it costs its stack, and no thread. A pinned task parks its thread, and
// hands its processor on at once. Any other thread, of another executor or none, sleeps. All of them may be used
// together, by tasks of several executors too. Nothing here is async-signal-safe. In the child of a fork(2) they work
// among the child's threads only if nobody used them at the fork. Members have the names, errors and effects of their
// models in std, unless it says otherwise.
#ifndef PREEMPT_SYNC_H_
#define PREEMPT_SYNC_H_

#include "preempt/checkpoint.h"
#include "preempt/sync/channel.h"
#include "preempt/sync/condition_variable.h"
#include "preempt/sync/future.h"
#include "preempt/sync/latch.h"
#include "preempt/sync/mutex.h"
#include "preempt/sync/semaphore.h"

#endif  // PREEMPT_SYNC_H_
