// For C and C++.
#ifndef PREEMPT_NO_CHECKPOINTS_H_
#define PREEMPT_NO_CHECKPOINTS_H_

// On a declaration of its own before the function's definition: no checkpoints in it, in a target of
// preempt_add_checkpoints() (CMake). For signal handlers that run on the task's stack, for functions whose callers hold
// a lock that migratable tasks share, and for variadic ones, which Clang cannot compile otherwise. Implies noinline: in
// its caller the function would have the caller's checkpoints.
#define PREEMPT_NO_CHECKPOINTS __attribute__((no_split_stack, noinline))

#endif  // PREEMPT_NO_CHECKPOINTS_H_
