# Whole targets of signal-safe code.
include("${CMAKE_CURRENT_LIST_DIR}/preempt_compile.cmake")

# As if each function of TARGET were marked PREEMPT_SIGNAL_SAFE (<preempt/signal_safe.h>), inline functions and templates
# included: a migratable task may be set aside at any instruction of the target's own code. For C and C++ sources of
# executables and of libraries of every kind but INTERFACE, by GCC and Clang.
function(preempt_signal_safe target)
  _preempt_check_compiled(preempt_signal_safe "${target}")
  _preempt_set_launcher("${target}" signal_safe)
  _preempt_link_for_compiled("${target}")
  target_link_libraries("${target}" PRIVATE preempt::signal_safe_range)
endfunction()
