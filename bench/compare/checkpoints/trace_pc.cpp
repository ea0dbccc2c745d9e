// What -fsanitize-coverage=trace-pc calls in each basic block.
#include "preempt/checkpoint.h"

extern "C" void __sanitizer_cov_trace_pc() { PREEMPT_CHECKPOINT(); }
