preempt_tests_of_one_thread(bench/plan_test.cpp bench/simulate_test.cpp)

# The benchmarks still run: short, and for nothing but that. Not with sanitizers: Debian's oneTBB is not instrumented.
if(TARGET tail AND TARGET ratios AND NOT PREEMPT_SANITIZER)
  add_test(NAME bench.tail_runs COMMAND tail --seconds=0.2 --repetitions=1)
  add_test(NAME bench.ratios_run COMMAND ratios --repetitions=1 --benchmark_min_time=0.001)
  set_tests_properties(bench.tail_runs bench.ratios_run PROPERTIES TIMEOUT 120 LABELS bench)
  # A row without a figure: its benchmark failed or has another name.
  set_tests_properties(bench.ratios_run PROPERTIES FAIL_REGULAR_EXPRESSION "Failed to match;\\| *- \\|")
  add_test(NAME bench.blocked_runs COMMAND blocked --tasks=200 --repetitions=1)
  add_test(NAME bench.echo_runs COMMAND echo --connections=20 --seconds=0.2 --repetitions=1)
  set_tests_properties(bench.blocked_runs bench.echo_runs PROPERTIES TIMEOUT 120 LABELS bench)
  # Of ours none may fail; a peer that is not installed is skipped.
  set_tests_properties(bench.blocked_runs PROPERTIES FAIL_REGULAR_EXPRESSION "preempt[^|]*\\|[^|]*skipped")
  if(TARGET compare_tbb)
    add_test(NAME bench.compare_tbb_runs COMMAND compare_tbb --fib=15 --repetitions=1 --tail_seconds=0.2)
    set_tests_properties(bench.compare_tbb_runs PROPERTIES TIMEOUT 120 LABELS bench FAIL_REGULAR_EXPRESSION "failed")
  endif()
endif()
