# The loop that nothing marks, as programs are compiled. (With sanitizers GCC 12 ends in an internal error then.)
if(NOT PREEMPT_SANITIZER)
  target_compile_options(${target} PRIVATE -O2)
  set_property(TARGET ${target} PROPERTY DISABLE_PRECOMPILE_HEADERS ON)  # made without optimisation in Debug
endif()
