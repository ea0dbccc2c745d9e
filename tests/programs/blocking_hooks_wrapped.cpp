// The same with the calls wrapped by the linker; libstdc++ is a shared library here, whose calls stay as they are.
#define PREEMPT_TEST_WRAPS_PROGRAM_ONLY
#include "blocking_hooks.cpp"
