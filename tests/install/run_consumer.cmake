# Builds and runs ./consumer with an installed preempt: that of the build folder BUILT; or, when that is empty, a shared one
# that the consumer itself has built, with the source tree as a subdirectory, and was run with before.
# -DSOURCE_DIR=the tree -DWORK_DIR=scratch -DGENERATOR= -DCXX_COMPILER= -DBUILD_TYPE= -DBUILT= -DEAGER=ON|OFF
# -DHTTPLIB=0|1 -DTBB=0|1
cmake_minimum_required(VERSION 3.22)

set(prefix "${WORK_DIR}/prefix")
file(REMOVE_RECURSE "${WORK_DIR}")
file(COPY "${CMAKE_CURRENT_LIST_DIR}/consumer" DESTINATION "${WORK_DIR}")

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Configures, builds and runs the consumer in its own folder NAME; the rest goes to cmake.
function(run_consumer name)
  run("${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${WORK_DIR}/consumer" -B "${WORK_DIR}/${name}"
    "-DCMAKE_CXX_COMPILER=${CXX_COMPILER}" "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}" ${ARGN})
  run("${CMAKE_COMMAND}" --build "${WORK_DIR}/${name}" --parallel 2)
  foreach(program consumer consumer_hooks consumer_wrapped consumer_checkpoints consumer_tbb)
    if(EXISTS "${WORK_DIR}/${name}/${program}")
      run("${WORK_DIR}/${name}/${program}")
    endif()
  endforeach()
endfunction()

function(output_of variable)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${output}" PARENT_SCOPE)
endfunction()

# Stops unless the dynamic section of FILE matches each regular expression.
function(check_dynamic_section file)
  output_of(dynamic readelf -dW "${file}")
  foreach(wanted IN LISTS ARGN)
    if(NOT dynamic MATCHES "${wanted}")
      message(FATAL_ERROR "${file}: its dynamic section lacks ${wanted}:\n${dynamic}")
    endif()
  endforeach()
endfunction()

# The shared library stays loaded, binds nothing late, and shows no symbol of its own layers.
function(check_shared_library)
  file(GLOB_RECURSE library "${prefix}/*/libpreempt.so")
  check_dynamic_section("${library}" NODELETE NOW "SONAME.*libpreempt\\.so\\.[0-9]+\\.[0-9]+")
  output_of(symbols nm -DC --defined-only "${library}")
  if(NOT symbols MATCHES "preempt::Executor::drain")
    message(FATAL_ERROR "${library}: the interface is not exported:\n${symbols}")
  endif()
  if(symbols MATCHES "[^\n]*[0-9a-f]+ . preempt::(assembly|base|core|fiber|os|signal)::[^\n]*")
    message(FATAL_ERROR "${library}: an internal symbol is exported: ${CMAKE_MATCH_0}")
  endif()
endfunction()

if(BUILT)
  run("${CMAKE_COMMAND}" --install "${BUILT}" --prefix "${prefix}")
  run_consumer(by_find_package "-DCMAKE_PREFIX_PATH=${prefix}" "-DHTTPLIB=${HTTPLIB}" "-DTBB=${TBB}")
  check_dynamic_section("${WORK_DIR}/by_find_package/consumer" NOW)
else()
  run_consumer(by_add_subdirectory
    "-DPREEMPT_SOURCE_DIR=${SOURCE_DIR}" "-DBUILD_SHARED_LIBS=ON" "-DPREEMPT_EAGER=${EAGER}"
    -DCMAKE_CXX_FLAGS_RELEASE=-O1)  # it is to be linked, not to be fast
  run("${CMAKE_COMMAND}" --install "${WORK_DIR}/by_add_subdirectory" --prefix "${prefix}")
  run_consumer(by_find_package "-DCMAKE_PREFIX_PATH=${prefix}" "-DHTTPLIB=${HTTPLIB}")
  check_shared_library()
endif()

# Who asks for the hooks has them, and first among the libraries; who does not, not.
output_of(needed readelf -dW "${WORK_DIR}/by_find_package/consumer_hooks")
string(REGEX MATCH "\\(NEEDED\\)[^\n]*" first_needed "${needed}")
if(NOT first_needed MATCHES "libpreempt_blocking_hooks")
  message(FATAL_ERROR "consumer_hooks: the hooks are not its first library:\n${needed}")
endif()
foreach(program consumer consumer_wrapped)
  output_of(needed readelf -dW "${WORK_DIR}/by_find_package/${program}")
  if(needed MATCHES "libpreempt_blocking_hooks")
    message(FATAL_ERROR "${program}: is linked to the hooks:\n${needed}")
  endif()
endforeach()
output_of(symbols nm "${WORK_DIR}/by_find_package/consumer_wrapped")
if(NOT symbols MATCHES "__wrap_read")
  message(FATAL_ERROR "consumer_wrapped: its calls are not wrapped:\n${symbols}")
endif()
