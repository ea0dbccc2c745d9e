# Where every library that the test needs exists as an archive, and none is made for a sanitizer. Debian's package of
# Abseil shows its shared libraries to CMake and the archives to pkg-config, so the program is put together by hand.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PREEMPT_STATIC_ABSEIL QUIET absl_status absl_statusor absl_strings)
endif()
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES GTest::gtest GTest::gtest_main ${PREEMPT_STATIC_ABSEIL_STATIC_LDFLAGS} -static)
check_cxx_source_compiles("
  #include <absl/status/status.h>
  #include <gtest/gtest.h>
  TEST(A, B) { EXPECT_TRUE(absl::InternalError(\"\").ToString().empty()); }" PREEMPT_LINKS_STATIC_PROGRAMS)
unset(CMAKE_REQUIRED_LIBRARIES)
if(PREEMPT_LINKS_STATIC_PROGRAMS AND CMAKE_BUILD_TYPE STREQUAL "Release"
   AND NOT PREEMPT_SANITIZER AND NOT PREEMPT_EAGER AND NOT BUILD_SHARED_LIBS)
  set_property(TARGET ${target} PROPERTY LINK_LIBRARIES "")
  set_property(TARGET ${target} PROPERTY DISABLE_PRECOMPILE_HEADERS ON)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_definitions(${target} PRIVATE PREEMPT_TEST_STATIC $<$<BOOL:${PREEMPT_EAGER}>:PREEMPT_EAGER>)
  target_include_directories(${target} PRIVATE
    "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
  target_link_options(${target} PRIVATE -static
    $<TARGET_PROPERTY:preempt_blocking_hooks_wrapped,INTERFACE_LINK_OPTIONS>)
  target_link_libraries(${target} PRIVATE
    GTest::gtest GTest::gtest_main
    $<TARGET_FILE:preempt_blocking_hooks_wrapped> $<TARGET_FILE:preempt>
    ${PREEMPT_STATIC_ABSEIL_STATIC_LDFLAGS})
  add_dependencies(${target} preempt_blocking_hooks_wrapped preempt)
endif()
