# Sourced by the scripts beside it: what Debian 12 needs to build Ingot.

BUILD_PACKAGES=(cmake ninja-build g++ libzstd-dev liblzma-dev libxxhash-dev
                libssl-dev nlohmann-json3-dev libcli11-dev librocksdb-dev
                libboost1.81-dev libboost-url1.81-dev libspdlog-dev
                prometheus-cpp-dev libcurl4-openssl-dev libyaml-cpp-dev)
TEST_PACKAGES=(libgtest-dev git git-lfs openssl curl rsync)
LOAD_PACKAGES=(slowhttptest)
CLIENT_PACKAGES=(nodejs npm)
FUZZ_PACKAGES=(clang libclang-rt-dev)
NEON_PACKAGES=(g++-aarch64-linux-gnu qemu-user)
PEER_PACKAGES=(libblosc-dev liblz4-dev)

# Installs those of its arguments that are missing; touches neither apt nor
# the network where none is.
install_packages() {
  local missing=() package sudo=()
  for package in "$@"; do
    if ! dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
        grep -qx installed; then
      missing+=("$package")
    fi
  done
  if [ "${#missing[@]}" -eq 0 ]; then return 0; fi
  echo "Installing ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then sudo=(sudo); fi
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build_preset PRESET [TARGET [OPTION...]]: configures a preset, with further
# options, and builds a target of it.
build_preset() {
  local preset=$1 target=${2-all}
  echo "Building $preset"
  cmake --preset "$preset" "${@:3}" >/dev/null
  cmake --build --preset "$preset" --target "$target" -- --quiet
}
