# The loop that nothing marks, as programs are compiled. (With sanitizers GCC 12 ends in an internal error then.)
if(NOT PREEMPT_SANITIZER)
  target_compile_options(${target} PRIVATE -O2)
endif()
