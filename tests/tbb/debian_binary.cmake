# Runs Debian's flexbar, which is linked with libtbb.so.12, on oneTBB and on the library in DIRECTORY, and compares the
# reads that it writes:
#   cmake -DFLEXBAR=<program> -DPYTHON=<program> -DDIRECTORY=<folder of our libtbb.so.12> -P debian_binary.cmake
set(scratch "${CMAKE_CURRENT_BINARY_DIR}/debian_binary")
file(REMOVE_RECURSE "${scratch}")
file(MAKE_DIRECTORY "${scratch}")

function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY "${scratch}" OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY TIMEOUT 60)
endfunction()

run("${PYTHON}" "${CMAKE_CURRENT_LIST_DIR}/reads.py")
foreach(who reference ours)
  if(who STREQUAL "ours")
    set(ENV{LD_LIBRARY_PATH} "${DIRECTORY}")
    set(ENV{PREEMPT_TIME_SLICE} 100us)
  endif()
  run("${FLEXBAR}" -n 4 -r reads.fastq -a adapter.fasta -t ${who})
  file(SHA256 "${scratch}/${who}.fastq" ${who})
endforeach()
if(NOT reference STREQUAL ours)
  message(FATAL_ERROR "flexbar writes other reads with ${DIRECTORY}: see ${scratch}")
endif()

# That it was ours.
execute_process(COMMAND ldd "${FLEXBAR}" OUTPUT_VARIABLE libraries COMMAND_ERROR_IS_FATAL ANY)
if(NOT libraries MATCHES "libtbb.so.12 => ${DIRECTORY}")
  message(FATAL_ERROR "flexbar was run with another library:\n${libraries}")
endif()
