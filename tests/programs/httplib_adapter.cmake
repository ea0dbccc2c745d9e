if(TARGET preempt::httplib)
  target_link_libraries(${target} PRIVATE preempt::httplib)
endif()
