if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT PREEMPT_SANITIZER AND NOT PREEMPT_EAGER)
  target_compile_definitions(${target} PRIVATE PREEMPT_TEST_WRAPPED)
  preempt_wrap_blocking_calls(${target})
endif()
