set(tail "${PROJECT_SOURCE_DIR}/bench/tail")
set(bench_sources "${tail}/mixtures.cpp" "${tail}/report.cpp" "${PROJECT_SOURCE_DIR}/bench/model/machine.cpp")
target_sources(${target} PRIVATE ${bench_sources})
target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/bench")
target_link_libraries(${target} PRIVATE absl::strings absl::time)
preempt_tests_of_one_thread(bench/distribution_test.cpp bench/highest_load_test.cpp bench/mixtures_test.cpp
  bench/model_test.cpp bench/plan_test.cpp bench/report_test.cpp bench/simulate_test.cpp ${bench_sources})

find_package(Python3 QUIET COMPONENTS Interpreter)
preempt_require(Python3 python3 PREEMPT_BUILD_TESTS)
add_test(NAME bench.compare_runs_of_bench COMMAND Python3::Interpreter -B
  "${CMAKE_CURRENT_SOURCE_DIR}/bench/compare_test.py")
set_tests_properties(bench.compare_runs_of_bench PROPERTIES TIMEOUT 60 LABELS bench)

# The benchmarks still run: short, and for nothing but that. Not with sanitizers: Debian's oneTBB is not instrumented.
if(TARGET tail AND TARGET ratios AND NOT PREEMPT_SANITIZER)
  add_test(NAME bench.tail_runs COMMAND tail --seconds=0.2 --repetitions=1)
  # Every mixture and load, each too short for more than a look whether the program gets through.
  add_test(NAME bench.tail_sweeps COMMAND tail --sweep --seconds=0.05 --load=0.3,0.5 --only=preempt)
  add_test(NAME bench.ratios_run COMMAND ratios --repetitions=1 --benchmark_min_time=0.001)
  set_tests_properties(bench.tail_runs bench.tail_sweeps bench.ratios_run PROPERTIES TIMEOUT 120 LABELS bench)
  # A row without a figure: its benchmark failed or has another name.
  set_tests_properties(bench.ratios_run PROPERTIES FAIL_REGULAR_EXPRESSION "Failed to match;\\| *- \\|")
  add_test(NAME bench.blocked_runs COMMAND blocked --tasks=200 --repetitions=1)
  add_test(NAME bench.echo_runs COMMAND echo --connections=20 --seconds=0.2 --repetitions=1)
  set_tests_properties(bench.blocked_runs bench.echo_runs PROPERTIES TIMEOUT 120 LABELS bench)
  # Of ours none may fail; a peer that is not installed is skipped.
  set_tests_properties(bench.blocked_runs PROPERTIES FAIL_REGULAR_EXPRESSION "preempt[^|]*\\|[^|]*skipped")
  if(TARGET rocksdb_tail)
    add_test(NAME bench.rocksdb_runs COMMAND rocksdb_tail --seconds=0.1 --load=0.3)
    set_tests_properties(bench.rocksdb_runs PROPERTIES TIMEOUT 120 LABELS bench)
  endif()
  add_test(NAME bench.model_runs COMMAND model --quick)
  add_test(NAME bench.cost_runs COMMAND cost --quick --only=memory --repetitions=1)
  # An instruction more is seen on any machine. The goal is 1; the limit is what there was when it was written.
  add_test(NAME bench.instructions_of_a_task COMMAND cost --quick --only=instructions --instructions_limit=2.2)
  set_tests_properties(bench.model_runs bench.cost_runs bench.instructions_of_a_task
    PROPERTIES TIMEOUT 120 LABELS bench)
  set_tests_properties(bench.cost_runs PROPERTIES FAIL_REGULAR_EXPRESSION "failed")
  set_tests_properties(bench.instructions_of_a_task PROPERTIES SKIP_REGULAR_EXPRESSION "skipped: valgrind")
  if(TARGET compare_tbb)
    add_test(NAME bench.compare_tbb_runs COMMAND compare_tbb --fib=15 --repetitions=1 --tail_seconds=0.2)
    set_tests_properties(bench.compare_tbb_runs PROPERTIES TIMEOUT 120 LABELS bench FAIL_REGULAR_EXPRESSION "failed")
  endif()
endif()
