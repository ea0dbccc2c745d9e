// In each executable and shared object that links code of preempt_signal_safe(): the header tells the handler where it is.
#include "preempt/signal_safe.h"

// Who links the archive asks for it.
extern "C" __attribute__((visibility("hidden"))) const char preempt_signal_safe_range_is_linked = 0;
