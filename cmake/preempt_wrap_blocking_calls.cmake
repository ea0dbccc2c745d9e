# For programs that preempt::blocking_hooks cannot serve, since nothing interposes in a static one.

# Makes the linker send the blocking calls of TARGET, an executable or a shared library, through a Blocking scope: those
# in its own code and in the archives that it links. TARGET gets preempt::preempt too.
function(preempt_wrap_blocking_calls target)
  if(NOT TARGET "${target}")
    message(FATAL_ERROR "preempt_wrap_blocking_calls: there is no target '${target}'.")
  endif()
  get_target_property(type "${target}" TYPE)
  if(NOT type MATCHES "^(EXECUTABLE|SHARED_LIBRARY|MODULE_LIBRARY)$")
    message(FATAL_ERROR "preempt_wrap_blocking_calls: '${target}' is of type ${type}, but the calls are wrapped where a "
      "program is linked: name the executable or the shared library.")
  endif()
  target_link_libraries("${target}" PRIVATE preempt::blocking_hooks_wrapped)
endfunction()
