// oneTBB's headers, seen from the other side: what they declare is what this library exports.
#ifndef PREEMPT_ADAPTERS_TBB_HEADERS_H_
#define PREEMPT_ADAPTERS_TBB_HEADERS_H_

#define TBB_PREVIEW_WAITING_FOR_WORKERS 1
#define __TBB_EXTRA_DEBUG 1  // declares debug_wait_until_empty, whose r1::wait a program's debug build may call

#pragma GCC visibility push(default)
#include <oneapi/tbb/cache_aligned_allocator.h>
#include <oneapi/tbb/collaborative_call_once.h>
#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/mutex.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/profiling.h>
#include <oneapi/tbb/queuing_rw_mutex.h>
#include <oneapi/tbb/spin_mutex.h>
#include <oneapi/tbb/spin_rw_mutex.h>
#include <oneapi/tbb/task.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/task_scheduler_observer.h>
#include <oneapi/tbb/tbb_allocator.h>
#include <oneapi/tbb/version.h>
#pragma GCC visibility pop

#endif  // PREEMPT_ADAPTERS_TBB_HEADERS_H_
