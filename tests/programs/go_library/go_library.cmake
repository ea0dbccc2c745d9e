# Builds the Go library where there is a go command, and tells `target` its path. Without it the test skips itself.
find_program(PREEMPT_GO_COMMAND go DOC "Go command, for the tests with a Go library")
mark_as_advanced(PREEMPT_GO_COMMAND)
if(NOT PREEMPT_GO_COMMAND)
  message(STATUS "preempt: no go command, so ${test} will skip itself")
  return()
endif()

set(go_library "${CMAKE_CURRENT_BINARY_DIR}/libpreempt_test_go.so")
if(NOT TARGET preempt_test_go_library)
  set(go_environment CGO_ENABLED=1 GO111MODULE=off GOFLAGS= --unset=CC)
  if(NOT DEFINED ENV{HOME} AND NOT DEFINED ENV{GOCACHE})
    list(APPEND go_environment "GOCACHE=${CMAKE_CURRENT_BINARY_DIR}/go_cache")
  endif()
  add_custom_command(
    OUTPUT "${go_library}"
    COMMAND "${CMAKE_COMMAND}" -E env ${go_environment}
            "${PREEMPT_GO_COMMAND}" build -buildmode=c-shared -o "${go_library}" compute.go
    DEPENDS "${CMAKE_CURRENT_LIST_DIR}/compute.go"
    WORKING_DIRECTORY "${CMAKE_CURRENT_LIST_DIR}"
    COMMENT "Building the Go library of the tests"
    VERBATIM)
  add_custom_target(preempt_test_go_library DEPENDS "${go_library}")
endif()
add_dependencies(${target} preempt_test_go_library)
target_compile_definitions(${target} PRIVATE "PREEMPT_TEST_GO_LIBRARY=\"${go_library}\"")
