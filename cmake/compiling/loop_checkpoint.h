// What both compilers put at a back-edge.
#ifndef PREEMPT_LOOP_CHECKPOINT_H_
#define PREEMPT_LOOP_CHECKPOINT_H_

// The compare of PREEMPT_CHECKPOINT(), and out of the loop's way, but in its function's section, a call below the red
// zone. Behind that call stands how far it is to where the loop goes on: preempt_loop_checkpoint makes that the return
// address, so that unwinders see the loop's own frame. What follows is for threads with a shadow stack, where that may
// not be. Every register is kept but the flags. `P` is how the compiler writes a percent sign.
#define PREEMPT_LOOP_CHECKPOINT(P)       \
  "cmpq " P "fs:0x70, " P "rsp\n\t"      \
  "jb 2f\n"                              \
  "1:\n\t"                               \
  ".subsection 1\n"                      \
  "2:\n\t"                               \
  "leaq -128(" P "rsp), " P "rsp\n\t"    \
  "call preempt_loop_checkpoint\n\t"    \
  ".long 1b - .\n\t"                     \
  "leaq 128(" P "rsp), " P "rsp\n\t"     \
  "jmp 1b\n\t"                           \
  ".previous"

#endif  // PREEMPT_LOOP_CHECKPOINT_H_
