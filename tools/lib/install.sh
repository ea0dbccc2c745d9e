# Sourced: install_missing PACKAGE... gets Debian packages that are not there yet.
# shellcheck shell=bash disable=SC2034

# What each part needs on a bare Debian 12.
packages_to_build=(build-essential cmake ninja-build pkg-config libabsl-dev)
packages_for_demo=(libcpp-httplib-dev gnuplot-nox)
packages_for_tests=(libgtest-dev libbenchmark-dev libtbb-dev libasio-dev nlohmann-json3-dev gcc-12-plugin-dev lld
  gdb python3 flexbar)
# The peers of the benchmarks, and what counts and plots.
packages_for_bench=(libbenchmark-dev libtbb-dev libasio-dev libboost-fiber-dev libboost-context-dev libthread-pool-dev
  librocksdb-dev nlohmann-json3-dev golang-go gnuplot-nox valgrind python3)
packages_for_compilers=(clang clang-tidy libclang-rt-14-dev llvm-14-dev)
# Other runtimes that tests load or run under; those tests are skipped without.
packages_for_guests=(golang-go default-jdk-headless valgrind)

is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Lists what a person has to install, and stops.
stop_with_packages() {
  printf '%s\n  apt-get install %s\n' "$1" "$2" >&2
  exit 1
}

install_missing() {
  local missing=() as_root=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  if ! command -v apt-get >/dev/null; then
    stop_with_packages "This is no Debian system. Install the counterparts of these packages, then use --no-install:" \
      "${missing[*]}"
  fi
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || stop_with_packages "Neither root nor sudo. Install first:" "${missing[*]}"
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}")
  "${as_root[@]}" apt-get update && "${as_root[@]}" "${install[@]}" ||
    stop_with_packages "Installation failed. Install first:" "${missing[*]}"
}
