# A hundred small lambdas: optimised, they take a minute to compile.
target_compile_options(${target} PRIVATE -O1)
target_link_libraries(${target} PRIVATE preempt::blocking_hooks)
