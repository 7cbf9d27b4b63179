#!/bin/bash
# tools/test.sh [--all]: everything from apt to the tests' summary, on a
# fresh Debian 12 machine, as root or with sudo.
#
# The fast tier: every test but those labelled "slow", once: those of parsers
# and decoders ("hostile") under address and undefined-behaviour sanitizers,
# the others in the release build. --all runs all tests in both builds, what
# uses threads under the thread sanitizer, fuzzing (INGOT_FUZZ_SECONDS for each
# target, 60 unless set), the Hub's clients for JavaScript, the daemon under load,
# and the NEON kernels under emulation. INGOT_CORPUS, where set, is a folder of
# real files that the round-trip tests read.

set -euo pipefail
cd "$(dirname "$0")/.."
source tools/packages.sh

all=0
case "${1-}" in
  "") ;;
  --all) all=1 ;;
  *)
    echo "usage: tools/test.sh [--all]" >&2
    exit 2
    ;;
esac

packages=("${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}")
if [ "$all" -eq 1 ]; then
  packages+=("${FUZZ_PACKAGES[@]}" "${LOAD_PACKAGES[@]}")
  # Whichever version is there will do.
  if ! command -v npm >/dev/null; then packages+=("${CLIENT_PACKAGES[@]}"); fi
fi
install_packages "${packages[@]}"

run_tests() {
  local preset=$1
  shift
  echo "Testing $preset $*"
  ctest --preset "$preset" -j "$(nproc)" "$@"
}

# The release preset alone builds what users need.
build_preset release
if [ "$all" -eq 0 ]; then
  build_preset release plain_tests -DINGOT_BUILD_TESTS=ON
  run_tests release -LE "hostile|slow"
  build_preset asan-ubsan hostile_tests
  run_tests asan-ubsan -L hostile -LE slow
  exit
fi

build_preset release all -DINGOT_BUILD_TESTS=ON
build_preset asan-ubsan
build_preset tsan threads_tests
build_preset fuzz
run_tests asan-ubsan
run_tests tsan -L threads
run_tests fuzz -L fuzz
if [ -x tools/test_neon.sh ]; then
  install_packages "${NEON_PACKAGES[@]}"
  tools/test_neon.sh
fi
run_tests release
