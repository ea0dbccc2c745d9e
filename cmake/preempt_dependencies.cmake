# What the library itself needs, and how a missing package is reported.
include(CheckIncludeFileCXX)

# Stops, saying what to install and, when it serves only a part of the tree, which OPTION leaves that part out.
function(preempt_missing package debian_package option)
  set(way_out "")
  if(option)
    set(way_out ", or configure with -D${option}=OFF")
  endif()
  message(FATAL_ERROR "preempt: ${package} was not found. Install it (Debian: ${debian_package})${way_out}.")
endfunction()

# The same unless find_package(PACKAGE) was successful.
function(preempt_require package debian_package option)
  if(NOT ${package}_FOUND)
    preempt_missing(${package} ${debian_package} "${option}")
  endif()
endfunction()

find_package(Threads REQUIRED)

# A project that already has Abseil in its tree keeps it.
if(NOT TARGET absl::statusor)
  find_package(absl CONFIG QUIET)
  preempt_require(absl libabsl-dev "")
endif()

check_include_file_cxx(valgrind/valgrind.h PREEMPT_VALGRIND_HEADER)
