# The corpus in C++ as users compile theirs.
if(NOT PREEMPT_SANITIZER)
  set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS -O2 SKIP_PRECOMPILE_HEADERS ON)
endif()
