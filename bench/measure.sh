#!/bin/bash
# INGOT_CORPUS=FOLDER bench/measure.sh [OPTION...]: measures Ingot beside its
# peers and rewrites what the project says about it: bench/results.csv and
# bench/deltas.csv, the plots in bench/, the tables in README.md and
# bench/README.md.
#
# As root or with sudo, on a Debian 12 machine with nothing else to do; about
# half an hour for a corpus of 150 MB. Options go to ingot_peers. Everything
# measured stays in build/peers.json, from which `ingot_peers --from` draws
# plots and tables again.

set -euo pipefail
if [ -z "${INGOT_CORPUS-}" ]; then
  echo "usage: INGOT_CORPUS=FOLDER bench/measure.sh [OPTION...]" >&2
  exit 2
fi
INGOT_CORPUS=$(realpath -e -- "$INGOT_CORPUS")
cd "$(dirname "$0")/.."
source tools/packages.sh

install_packages "${BUILD_PACKAGES[@]}" "${PEER_PACKAGES[@]}"
build_preset release all -DINGOT_BUILD_PEERS=ON
build/release/bin/ingot_peers --corpus "$INGOT_CORPUS" "$@" \
  --json build/peers.json --csv bench/results.csv --plots bench \
  --update README.md --update bench/README.md >build/peers.md

cmake --build build/release --target ingot_deltas -- --quiet
build/release/bin/ingot_deltas --corpus "$INGOT_CORPUS" \
  --csv bench/deltas.csv --plots bench \
  --update README.md --update bench/README.md >build/deltas.md
