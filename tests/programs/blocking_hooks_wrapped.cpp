// The same with the calls wrapped by the linker; libstdc++ is a shared library here, whose calls stay as they are. Once
// for each compiler is enough: what the linker does is the same in every build.
#ifdef PREEMPT_TEST_WRAPPED
#define PREEMPT_TEST_WRAPS_PROGRAM_ONLY
#include "blocking_hooks.cpp"
#else
int main() { return 77; }
#endif
