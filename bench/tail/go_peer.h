// The same plan in Go, as a program of its own.
#ifndef PREEMPT_BENCH_TAIL_GO_PEER_H_
#define PREEMPT_BENCH_TAIL_GO_PEER_H_

#include "pools.h"
#include "support/go_program.h"

namespace preempt::bench {

inline constexpr const char* kGoName = "Go, a goroutine for each task";

// `program`, which outlives the result, is that of tail.go. It does the plan's work itself, in a loop that it has
// calibrated: what the other pools are given to do is left out.
PoolUnderTest go_peer(const GoProgram& program);

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_GO_PEER_H_
