# A hundred small lambdas: optimised, they take a minute to compile.
target_compile_options(${target} PRIVATE -O1)
preempt_wrap_blocking_calls(${target})
