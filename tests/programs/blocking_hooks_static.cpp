// The same in a static program, where there is no loader to interpose anything. Elsewhere a program of one line.
#ifdef PREEMPT_TEST_STATIC
#include "blocking_hooks.cpp"
#else
int main() { return 77; }
#endif
