// A function whose only checkpoint is the compiler's.
#ifndef PREEMPT_BENCH_COMPARE_CHECKPOINTS_CALLED_H_
#define PREEMPT_BENCH_COMPARE_CHECKPOINTS_CALLED_H_

int called(int value);

#endif  // PREEMPT_BENCH_COMPARE_CHECKPOINTS_CALLED_H_
