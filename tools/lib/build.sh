# Sourced: configures, builds and tests one preset, and remembers what came out.
# shellcheck shell=bash

totals=()   # a line for each part, printed at the end
failed=0    # parts that failed
failures=() # folders whose tests failed

# Runs a command; without a terminal, its output is shown only when it fails.
quietly() {
  if [ -t 1 ]; then
    "$@"
    return
  fi
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  [ $status -eq 0 ] || cat "$log"
  rm -f "$log"
  return $status
}

# build PRESET FOLDER [cmake argument]...
build() {
  local preset=$1 folder=$2
  shift 2
  quietly cmake --preset "$preset" -B "$folder" "$@" && quietly cmake --build "$folder" -j "$(nproc)"
}

# run_tests FOLDER [ctest argument]...
run_tests() {
  local folder=$1
  shift
  # Not one for each cpu: many tests look at what happens when every processor is busy.
  ctest --test-dir "$folder" --output-on-failure --no-tests=error -j 2 "$@" | tee "$folder/tests.log"
  return "${PIPESTATUS[0]}"
}

# timed NAME COMMAND...   Runs one part and notes how it ended and how long it took.
timed() {
  local name=$1 start=$SECONDS result=ok
  shift
  echo "=== $name"
  "$@" || result=FAILED
  totals+=("$(printf '%-24s %-6s %5d s' "$name" "$result" $((SECONDS - start)))")
  [ "$result" = ok ] || { failed=$((failed + 1)); return 1; }
}

# Adds what ctest counted in FOLDER to the newest total.
add_test_counts() {
  local counts
  counts=$(grep -h 'tests passed,' "$1/tests.log" 2>/dev/null | tail -n 1) || return 0
  totals[-1]+="  $counts"
}

# timed_tests NAME FOLDER [ctest argument]...
timed_tests() {
  local name=$1 folder=$2
  shift 2
  timed "$name" run_tests "$folder" "$@" || failures+=("$folder")
  add_test_counts "$folder"
}

# show_failures FOLDER   What the failed tests of FOLDER printed, the newest lines of each.
show_failures() {
  [ -e "$1/tests.log" ] || return 0
  awk '
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: |% tests passed,/ {
      if (keeps) show()
      keeps = /\*\*\*/ && !/\*\*\*Skipped/
      count = 0
    }
    keeps { lines[count++] = $0 }
    END { if (keeps) show() }
    function show(  i) {
      print lines[0]
      for (i = (count > 40 ? count - 40 : 1); i < count; i++) print "    " lines[i]
    }' "$1/tests.log"
}

# Prints the failed tests again, then all totals; fails when a part failed.
finish() {
  local folder
  for folder in "${failures[@]}"; do
    echo "=== failed in $folder"
    show_failures "$folder"
  done
  echo "=== totals"
  printf '%s\n' "${totals[@]}"
  [ "$failed" -eq 0 ]
}
