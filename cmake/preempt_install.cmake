# `cmake --install`, and what find_package(preempt) reads afterwards.
include(CMakePackageConfigHelpers)

# An Abseil in the tree of the surrounding project has no package that an installed preempt could find again.
get_target_property(abseil_is_imported absl::status IMPORTED)
if(NOT abseil_is_imported)
  return()
endif()

set(preempt_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/preempt")

install(TARGETS preempt preempt_checkpoints preempt_signal_safe_range preempt_blocking_hooks preempt_blocking_hooks_wrapped
  preempt_promise_checks EXPORT preempt_targets)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/preempt" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h")
install(EXPORT preempt_targets NAMESPACE preempt:: DESTINATION "${preempt_package_dir}" FILE preempt_targets.cmake)

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/preempt-config.cmake.in" "${PROJECT_BINARY_DIR}/preempt-config.cmake"
  INSTALL_DESTINATION "${preempt_package_dir}")
# Before 1.0 a minor version may break its users.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/preempt-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/preempt-config.cmake" "${PROJECT_BINARY_DIR}/preempt-config-version.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/preempt_add_checkpoints.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/preempt_compile.cmake" "${PROJECT_SOURCE_DIR}/cmake/preempt_signal_safe.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/preempt_wrap_blocking_calls.cmake"
  DESTINATION "${preempt_package_dir}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/cmake/compiling" DESTINATION "${preempt_package_dir}")
