# GCC 12 takes std::regex for uninitialised when it is built with a sanitizer (gcc.gnu.org/PR105616).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND PREEMPT_SANITIZER)
  target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
endif()
