# Sets what tests need under a sanitizer: `timeout_factor` and `sanitizer_environment`.
set(timeout_factor 1)
set(sanitizer_environment "")
if(PREEMPT_SANITIZER)
  set(timeout_factor 4)
endif()

if(PREEMPT_SANITIZER STREQUAL "address")
  # Workers have alternate stacks of their own, which the runtime would replace at a thread's start and end.
  set(sanitizer_environment "ASAN_OPTIONS=use_sigaltstack=0" "UBSAN_OPTIONS=print_stacktrace=1")
endif()

if(PREEMPT_SANITIZER STREQUAL "thread")
  set(sanitizer_environment "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan_suppressions.txt")
  # The runtimes of GCC 12 and Clang 14 refuse to start where mappings are spread over more than 28 bits.
  file(STRINGS /proc/sys/vm/mmap_rnd_bits mmap_random_bits)
  find_program(PREEMPT_SETARCH setarch)
  if(mmap_random_bits GREATER 28 AND PREEMPT_SETARCH)
    set(CMAKE_CROSSCOMPILING_EMULATOR "${PREEMPT_SETARCH};-R")
  endif()
endif()
