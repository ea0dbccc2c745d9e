# For those who work on preempt itself; a project that adds this tree gets none of it.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(PREEMPT_WERROR "Treat warnings as errors" ON)
set(PREEMPT_SANITIZER "" CACHE STRING "Sanitizer for everything: address (with undefined), thread, or empty")
set_property(CACHE PREEMPT_SANITIZER PROPERTY STRINGS "" address thread)

add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wall> $<$<COMPILE_LANGUAGE:CXX>:-Wextra>)
if(PREEMPT_WERROR)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()

if(PREEMPT_SANITIZER STREQUAL "address")
  set(sanitizer_flags -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(PREEMPT_SANITIZER STREQUAL "thread")
  set(sanitizer_flags -fsanitize=thread)
elseif(NOT PREEMPT_SANITIZER STREQUAL "")
  message(FATAL_ERROR "PREEMPT_SANITIZER is '${PREEMPT_SANITIZER}'; it must be address, thread or empty.")
endif()
if(PREEMPT_SANITIZER)
  # After the build type's own flags, so in their place: at -O2 -g these builds take three times as long.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${sanitizer_flags};-fno-omit-frame-pointer;-O1;-g1>")
  add_link_options(${sanitizer_flags})
  if(PREEMPT_SANITIZER STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # TSan does not see fences. Ours order two atomics against each other and publish no data.
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-tsan>)
  endif()
endif()
