target_link_libraries(${target} PRIVATE preempt::blocking_hooks)
