include("${CMAKE_CURRENT_LIST_DIR}/go_library/go_library.cmake")
