# Stops with one sentence where preempt cannot run. The condition itself stands in the header, once.
include(CheckCXXSourceCompiles)

set(CMAKE_REQUIRED_INCLUDES "${PROJECT_SOURCE_DIR}/include")
check_cxx_source_compiles("#include \"preempt/detail/config.h\"\nint main() {}" PREEMPT_PLATFORM_SUPPORTED)
unset(CMAKE_REQUIRED_INCLUDES)

if(NOT PREEMPT_PLATFORM_SUPPORTED)
  message(FATAL_ERROR "preempt supports x86-64 Linux with glibc only: its guard word is glibc's %fs:0x70.")
endif()
