target_link_libraries(${target} PRIVATE absl::stacktrace absl::symbolize)
