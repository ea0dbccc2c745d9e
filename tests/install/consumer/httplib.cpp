// The adapter's header with nothing but its target.
#include <preempt/adapters/httplib.h>
