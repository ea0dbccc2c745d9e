preempt_wrap_blocking_calls(${target})
