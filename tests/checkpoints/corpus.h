// Functions of every calling convention, compiled with checkpoints by both compilers with many flags.
#ifndef PREEMPT_TESTS_CHECKPOINTS_CORPUS_H_
#define PREEMPT_TESTS_CHECKPOINTS_CORPUS_H_

// True when a call of its kind, made right after `ask`, did what it does without. `ask` sets the guard word, so that
// the call's first checkpoint takes the slow path.
struct Case {
  const char* name;
  bool (*holds)(void (*ask)());
};

struct Corpus {
  const char* name;   // compiler, flags and linker
  const Case* cases;  // ended by one without a name
};

#endif  // PREEMPT_TESTS_CHECKPOINTS_CORPUS_H_
