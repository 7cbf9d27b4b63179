#!/bin/bash
# tools/test_neon.sh: cross-compiles the kernel tests for AArch64 and runs
# them under emulation, as root or with sudo on Debian 12 (x86-64).
#
# Opt-in: speed says nothing there, but every NEON instruction computes what it
# computes on a real machine. Builds only what the kernels need, and GoogleTest
# from its sources, because an AArch64 root file system would be a far larger
# download. Everything lands in build/neon.

set -euo pipefail
cd "$(dirname "$0")/.."
source tools/packages.sh

install_packages "${NEON_PACKAGES[@]}" googletest

out=$PWD/build/neon
googletest=/usr/src/googletest/googletest
mkdir -p "$out"
compile() {
  aarch64-linux-gnu-g++ -std=c++20 -O2 -D_GLIBCXX_ASSERTIONS "${@:2}" \
    -I. -I"$googletest/include" -I"$googletest" -c "$1" \
    -o "$out/$(basename "$1" .cc).o"
}
echo "Building the kernel tests for aarch64"
# g++ 12 warns about correct uses of these in its own headers.
warnings=(-Wall -Wextra -Wpedantic -Werror -Wno-restrict
          -Wno-maybe-uninitialized)
for source in codec/result.cc codec/base/stream_copy.cc \
    codec/entropy/tiered/tier_code.cc \
    codec/entropy/huffman/huffman_code.cc codec/entropy/rans/rans_code.cc \
    codec/entropy/rans/context_rans.cc \
    codec/method/kernels.cc codec/method/kernels_scalar.cc \
    codec/method/kernels_scalar_joined.cc codec/method/kernels_neon.cc \
    tests/codec/kernels_test.cc tests/codec/joined_kernels_test.cc \
    tests/codec/delta_kernels_test.cc; do
  compile "$source" "${warnings[@]}"
done
for source in gtest-all gtest_main; do
  if [ ! -f "$out/$source.o" ]; then compile "$googletest/src/$source.cc"; fi
done
aarch64-linux-gnu-g++ "$out"/*.o -o "$out/kernels_test" -pthread

echo "Testing under qemu-aarch64"
qemu-aarch64 -L /usr/aarch64-linux-gnu "$out/kernels_test" --gtest_brief=1
