# Runs one program with oneTBB and with preempt::tbb, and fails unless both print the same:
#   cmake -DREFERENCE=<executable> -DOURS=<executable> -DPROGRAM=<name> -DSUPPRESSIONS=leaks.supp -P compare.cmake
# Ours runs twice; the second time slices are so short that most bodies are preempted.
set(failed FALSE)

# Sets `result_<who>` and `output_<who>`.
function(run_program who executable)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env ${ARGN} "${executable}" "${PROGRAM}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors TIMEOUT 60)
  if(NOT "${result}" STREQUAL "0")
    message("${PROGRAM} with ${who} ended with: ${result}\n${errors}")
    set(failed TRUE PARENT_SCOPE)
  endif()
  set(output_${who} "${output}" PARENT_SCOPE)
endfunction()

# Prints both outputs, and then the lines in which they differ where `diff` is there to find them.
function(show_difference who)
  message("--- oneTBB printed:\n${output_reference}--- ${who} printed:\n${output_${who}}---")
  find_program(PREEMPT_DIFF diff)
  if(NOT PREEMPT_DIFF)
    return()
  endif()
  string(RANDOM LENGTH 12 unique)
  set(prefix "${CMAKE_CURRENT_BINARY_DIR}/${PROGRAM}.${unique}")
  file(WRITE "${prefix}.reference" "${output_reference}")
  file(WRITE "${prefix}.${who}" "${output_${who}}")
  execute_process(COMMAND "${PREEMPT_DIFF}" -u "${prefix}.reference" "${prefix}.${who}" OUTPUT_VARIABLE difference)
  file(REMOVE "${prefix}.reference" "${prefix}.${who}")
  message("${difference}")
endfunction()

set(ENV{LSAN_OPTIONS} "suppressions=${SUPPRESSIONS}:print_suppressions=0")
# What oneTBB leaks is its own affair.
run_program(reference "${REFERENCE}" "ASAN_OPTIONS=$ENV{ASAN_OPTIONS}:detect_leaks=0")
run_program(preempt "${OURS}")
run_program(preempt_short_slices "${OURS}" PREEMPT_TIME_SLICE=100us)

foreach(who IN ITEMS preempt preempt_short_slices)
  if(NOT "${output_${who}}" STREQUAL "${output_reference}")
    message("The output of ${PROGRAM} with ${who} is not oneTBB's.")
    show_difference(${who})
    set(failed TRUE)
  endif()
endforeach()
if(failed)
  message(FATAL_ERROR "${PROGRAM} failed")
endif()
